"""Failures of a run in groups: by the meaning of what was asked and by what failed, with names from their words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evalplat.errors import InputError

Floats = npt.NDArray[np.float64]

MAX_FAILED = 3000
MAX_GROUPS = 12
_WORDS = 3
_NOT_APART = 0.05
"""Mean silhouette below which groups are none: cases are as close to the next group as to their own."""

METHOD = "average linkage on half cosine distance of wordllama embeddings, half Jaccard distance of what failed"


@dataclass(frozen=True, slots=True)
class Failing:
    """A case that failed: what was asked, and the metrics and kinds of failure."""

    case_id: str
    asked: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Positions of the failures of a group, the one closest to the others, and what sets its words apart."""

    members: tuple[int, ...]
    example: int
    words: tuple[str, ...]
    name: str
    failed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups, the largest first; `silhouette` is the mean over all failures (Rousseeuw 1987), None of one group."""

    groups: tuple[Group, ...]
    silhouette: float | None
    method: str = METHOD


def group_failures(
    failing: Sequence[Failing],
    vectors: Floats,
    others: Sequence[str],
    words_of: Callable[[str], list[str]],
    *,
    n_groups: int | None = None,
) -> Grouping:
    """Group failures; `vectors` are unit vectors of what was asked, (n, dimensions); `others` what passed.

    The number of groups, from 2 to the root of the number of failures and at most 12, is that with the largest mean
    silhouette, one where none is above 0.05: groups that a person can go through. Equal input gives equal groups.
    Raises InputError for none or more than 3,000 failures, and for `n_groups` outside 1 to n.
    """
    n = len(failing)
    if not 1 <= n <= MAX_FAILED:
        raise InputError(f"expected 1 to {MAX_FAILED:,} failed cases, found {n:,}: --metric takes fewer")
    if n_groups is not None and not 1 <= n_groups <= n:
        raise InputError(f"--groups: expected 1 to {n}, the number of failed cases, found {n_groups}")
    apart = _distances(failing, vectors)
    labels, silhouette = _cut(apart, n_groups)
    found = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        inside = apart[np.ix_(members, members)].sum(axis=1)
        words = _apart_words(failing, members, others, words_of)
        failed = Counter(what for at in members.tolist() for what in failing[at].failed)
        ordered = dict(sorted(failed.items(), key=lambda pair: (-pair[1], pair[0])))
        example = int(members[int(np.argmin(inside.round(9)))])
        found.append(Group(tuple(members.tolist()), example, words, _name(ordered, len(members), words), ordered))
    found.sort(key=lambda group: (-len(group.members), group.members))
    return Grouping(tuple(found), silhouette)


def _distances(failing: Sequence[Failing], vectors: Floats) -> Floats:
    """Distances in [0, 1], (n, n)."""
    cosine = np.clip(np.einsum("ij,kj->ik", vectors, vectors, optimize=False), -1.0, 1.0)
    kinds = sorted({what for one in failing for what in one.failed})
    has = np.array([[what in one.failed for what in kinds] for one in failing], dtype=np.float64)
    shared = has @ has.T
    either = has.sum(axis=1)[:, None] + has.sum(axis=1)[None, :] - shared
    jaccard = np.divide(shared, either, out=np.ones_like(shared), where=either > 0)
    apart: Floats = 0.5 * (1.0 - np.maximum(cosine, 0.0)) + 0.5 * (1.0 - jaccard)
    # Rounded: the last digits may differ from machine to machine, and a tie must stay one.
    apart = np.round((apart + apart.T) / 2, 9)
    np.fill_diagonal(apart, 0.0)
    return apart


def _cut(apart: Floats, n_groups: int | None) -> tuple[npt.NDArray[np.int64], float | None]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    n = len(apart)
    alone = np.zeros(n, dtype=np.int64)
    if n_groups == 1 or (n < 3 and n_groups is None):
        return alone, None
    tree = linkage(squareform(apart, checks=False), method="average")
    best, labels = -math.inf, alone
    for k in [n_groups] if n_groups is not None else range(2, max(2, min(MAX_GROUPS, math.isqrt(n))) + 1):
        cut = _exactly(tree, k, fcluster)
        # Of n groups there is no silhouette: each failure is alone.
        score = silhouette(apart, cut) if k < n else 0.0
        if score > best + 1e-9:
            best, labels = score, cut
    if n_groups is None and best < _NOT_APART:
        return alone, None
    return labels, best


def _exactly(tree: Floats, k: int, fcluster: Callable[..., Any]) -> npt.NDArray[np.int64]:
    """The first n - k merges of the tree: k groups, also where several merges are equally far."""
    n = len(tree) + 1
    order = np.array([[*row[:2], at, row[3]] for at, row in enumerate(tree, start=1)])
    return np.asarray(fcluster(order, n - k + 0.5, criterion="distance"), dtype=np.int64) - 1


def silhouette(apart: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Mean silhouette of two groups or more by their distances (n, n), -1 to 1; 0 for who is alone.

    P. J. Rousseeuw, Silhouettes, J. Computational and Applied Mathematics 20 (1987) 53-65.
    """
    groups, codes = np.unique(labels, return_inverse=True)
    member = np.eye(len(groups))[codes]
    sizes = member.sum(axis=0)
    sums = apart @ member
    own = sizes[codes]
    inside = np.divide(sums[np.arange(len(codes)), codes], own - 1, out=np.zeros(len(codes)), where=own > 1)
    nearest = np.where(member > 0, np.inf, sums / sizes).min(axis=1)
    larger = np.maximum(inside, nearest)
    values = np.divide(nearest - inside, larger, out=np.zeros(len(codes)), where=(own > 1) & (larger > 0))
    return float(values.mean())


def _apart_words(
    failing: Sequence[Failing],
    members: npt.NDArray[np.int64],
    others: Sequence[str],
    words_of: Callable[[str], list[str]],
) -> tuple[str, ...]:
    """Words that occur in more questions of the group than of the rest of the run, the most telling first.

    Log odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn, Fightin' Words, Political Analysis 16 (2008)
    372-403), on how many questions have the word; z of 1 or more where there are such.
    """
    inside, outside = set(members.tolist()), Counter[str]()
    mine: Counter[str] = Counter()
    for at, failure in enumerate(failing):
        (mine if at in inside else outside).update(set(words_of(failure.asked)))
    for text in others:
        outside.update(set(words_of(text)))
    n_mine, n_outside = mine.total(), outside.total()
    scored: list[tuple[float, int, str]] = []
    for word, count in mine.items():
        prior = (count + outside[word]) / (n_mine + n_outside) * 10
        rest = 10 - prior
        one = (count + prior) / (n_mine - count + rest)
        other = (outside[word] + prior) / (n_outside - outside[word] + rest)
        if rest <= 0 or one <= 0 or other <= 0:
            continue
        z = (math.log(one) - math.log(other)) / math.sqrt(1 / (count + prior) + 1 / (outside[word] + prior))
        if z > 0 and not word.isdigit():
            scored.append((-round(z, 9), count, word))
    telling = [word for z, count, word in sorted(scored) if z <= -1.0 and (count > 1 or len(members) == 1)]
    # Where no word is shared, the rarest of the run: better a hint than a number.
    return tuple(telling[:_WORDS] or [word for _, _, word in sorted(scored)[:_WORDS]])


def _name(failed: Mapping[str, int], size: int, words: Sequence[str]) -> str:
    """What fails in more than half of the group, and its words."""
    common = [what for what, count in failed.items() if 2 * count > size] or list(failed)[:1]
    return f"{' + '.join(common[:3])}: {', '.join(words)}" if words else " + ".join(common[:3])
