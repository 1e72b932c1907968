"""Near-duplicates among many texts: MinHash with banding finds who to compare, Jaccard on word shingles decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .shingles import Hashes, Shingles, mixed_with

THRESHOLD = 0.8
"""Jaccard similarity from which on two texts are near-duplicates."""

_BANDS, _ROWS = 20, 6


@dataclass(frozen=True, slots=True)
class Similar:
    """Groups of texts that are near-duplicates of each other, directly or through a third one; by position.

    `pairs`, at or above the threshold and with their similarity, are those that made the groups, not all there are.
    `crowded` texts share a band with more than `crowd` others, and were compared with some of them only.
    """

    pairs: tuple[tuple[int, int, float], ...]
    groups: tuple[tuple[int, ...], ...]
    crowded: int


def similar(shingles: Shingles, *, threshold: float = THRESHOLD, crowd: int = 2000) -> Similar:
    """Near-duplicates by MinHash (Broder 1997) in 20 bands of 6 (Leskovec et al. 2020, 3.4).

    A pair with similarity s shares a band with probability 1 - (1 - s^6)^20: .998 at .8, .99999 at .9. Then its Jaccard
    similarity is computed, so what is found is right; just at .8 four pairs in a thousand are not found. Equal sets are
    always found. Raises ValueError for a threshold outside [0.5, 1].
    """
    if not 0.5 <= threshold <= 1:
        raise ValueError(f"threshold: expected 0.5 to 1, found {threshold}")
    signatures = _signatures(shingles)
    pairs: list[tuple[int, int, float]] = []
    distinct = _distinct(shingles, pairs)
    parent = list(range(len(shingles)))
    for one, other, _ in pairs:
        _join(parent, one, other)
    seen: set[tuple[int, int]] = set()
    crowded: set[int] = set()
    for bucket in _buckets(signatures, distinct):
        if len({_root(parent, text) for text in bucket.tolist()}) == 1:
            continue
        for one, other in _candidates(bucket, signatures, threshold, crowd):
            if (one, other) in seen or _root(parent, one) == _root(parent, other):
                continue
            seen.add((one, other))
            value = shingles.jaccard(one, other)
            if value >= threshold:
                pairs.append((one, other, value))
                _join(parent, one, other)
        if len(bucket) > crowd and len({_root(parent, text) for text in bucket.tolist()}) > 1:
            crowded.update(bucket.tolist())
    return Similar(tuple(sorted(pairs)), _groups(parent, pairs), len(crowded))


def _signatures(shingles: Shingles) -> npt.NDArray[np.uint32]:
    """The smallest of each of 120 hashes over the shingles of each text: texts x 120."""
    found = np.empty((len(shingles), _BANDS * _ROWS), dtype=np.uint32)
    if len(shingles):
        for at in range(_BANDS * _ROWS):
            values: Hashes = np.minimum.reduceat(mixed_with(shingles.hashes, at), shingles.starts[:-1])
            found[:, at] = (values >> np.uint64(32)).astype(np.uint32)
    return found


def _distinct(shingles: Shingles, pairs: list[tuple[int, int, float]]) -> npt.NDArray[np.int64]:
    """The first of each set of shingles; the others become pairs with it."""
    first: dict[bytes, int] = {}
    kept = []
    for text in range(len(shingles)):
        same = first.setdefault(shingles.of(text).tobytes(), text)
        if same == text:
            kept.append(text)
        else:
            pairs.append((same, text, 1.0))
    return np.array(kept, dtype=np.int64)


def _buckets(signatures: npt.NDArray[np.uint32], distinct: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Texts that agree on a whole band, two at least, in ascending order."""
    for band in range(_BANDS):
        rows = np.ascontiguousarray(signatures[distinct, band * _ROWS : (band + 1) * _ROWS])
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * _ROWS))).ravel()
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        ends = np.cumsum(counts)
        for key in np.flatnonzero(counts > 1):
            yield distinct[order[ends[key] - counts[key] : ends[key]]]


def _candidates(
    bucket: npt.NDArray[np.int64], signatures: npt.NDArray[np.uint32], threshold: float, crowd: int
) -> Iterator[tuple[int, int]]:
    """Pairs whose whole signatures agree as often as near-duplicates' would, 3 standard errors left."""
    needed = threshold - 3 * (threshold * (1 - threshold) / signatures.shape[1]) ** 0.5
    rows = signatures[bucket]
    reach = len(bucket) if len(bucket) <= crowd else crowd // 10
    for at, one in enumerate(bucket.tolist()):
        others = slice(at + 1, at + 1 + reach)
        agree = (rows[others] == rows[at]).mean(axis=1)
        for other in bucket[others][agree >= needed].tolist():
            yield one, other


def _join(parent: list[int], one: int, other: int) -> None:
    first, second = _root(parent, one), _root(parent, other)
    parent[max(first, second)] = min(first, second)


def _root(parent: list[int], text: int) -> int:
    while parent[text] != text:
        parent[text] = parent[parent[text]]
        text = parent[text]
    return text


def _groups(parent: list[int], pairs: Sequence[tuple[int, int, float]]) -> tuple[tuple[int, ...], ...]:
    found: dict[int, list[int]] = {}
    for text in sorted({text for one, other, _ in pairs for text in (one, other)}):
        found.setdefault(_root(parent, text), []).append(text)
    return tuple(tuple(group) for group in found.values())
