"""Texts as sets of word shingles, hashed: the same in every process, many texts as two arrays."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WORDS = 3
"""Words of a shingle. A text of fewer words is one shingle of all of them."""

_WORD = re.compile(r"\w+")
_PRIME = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Shingles:
    """Distinct shingles of each text: those of text i are `hashes[starts[i]:starts[i + 1]]`, sorted."""

    hashes: Hashes
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, text: int) -> Hashes:
        """The shingles of one text."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]

    def jaccard(self, one: int, other: int) -> float:
        """Shared shingles over all shingles of the two, 0 to 1."""
        first, second = self.of(one), self.of(other)
        shared = len(np.intersect1d(first, second, assume_unique=True))
        return shared / (len(first) + len(second) - shared)

    def contained_in(self, found: Hashes) -> npt.NDArray[np.float64]:
        """Of each text, the share of its shingles that occur among `found`."""
        hits = np.concatenate([[0], np.cumsum(np.isin(self.hashes, found))])
        shares: npt.NDArray[np.float64] = (hits[self.starts[1:]] - hits[self.starts[:-1]]) / np.diff(self.starts)
        return shares


def words_of(text: str) -> list[str]:
    """Words as they are compared: Unicode's compatibility form, without case and punctuation."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _WORD.findall(plain.casefold())


def shingled(texts: Iterable[str], *, words: int = WORDS) -> Shingles:
    """Shingles of each text. A text without any word has one that stands for its characters."""
    known: dict[str, int] = {}
    parts: list[Hashes] = []
    for text in texts:
        ids = np.array([known.get(word) or _learn(known, word) for word in words_of(text) or [text]], dtype=np.uint64)
        count = max(1, len(ids) - words + 1)
        mixed = np.zeros(count, dtype=np.uint64)
        for at in range(min(words, len(ids))):
            mixed = _mix(mixed * _PRIME + ids[at : at + count])
        parts.append(np.unique(mixed))
    starts = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    return Shingles(np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64), starts)


def _learn(known: dict[str, int], word: str) -> int:
    """64 bits of the word; not Python's `hash`, which differs from process to process."""
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    known[word] = int.from_bytes(digest, "big") | 1
    return known[word]


def _mix(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64 (Steele et al. 2014): every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def mixed_with(values: Hashes, seed: int) -> Hashes:
    """Another hash of hashes, one for each seed."""
    return _mix(values ^ _mix(np.array([seed + 1], dtype=np.uint64) * _PRIME))
