"""Two answers word by word, with what differs marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from .text import shortened

_MOST = 250_000
"""Products of the numbers of words beyond which comparing takes too long on every page of 400 cases."""

_COMMON = 0.15
"""Share of common words below which marks would be all there is to see."""

_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether the other answer lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Pieces:
    """The answer as it is shown, and how many characters more there are."""

    shown: tuple[Piece, ...]
    more: int


def compared(before: str, after: str, limit: int) -> tuple[Pieces, Pieces] | None:
    """Both answers, cut at `limit` characters; None where nothing differs, nearly all does, or they are too long."""
    # Keys are taken out first: of a text in pieces no pattern would find them.
    (left, more_left), (right, more_right) = shortened(before, limit), shortened(after, limit)
    words = _WORD.findall(left), _WORD.findall(right)
    if left == right or not all(words) or len(words[0]) * len(words[1]) > _MOST:
        return None
    keys = [[word.strip() for word in side] for side in words]
    blocks = SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_matching_blocks()
    if sum(block.size for block in blocks) < _COMMON * max(len(words[0]), len(words[1])):
        return None
    ones = [(block.a, block.size) for block in blocks]
    others = [(block.b, block.size) for block in blocks]
    return Pieces(tuple(_pieces(words[0], ones)), more_left), Pieces(tuple(_pieces(words[1], others)), more_right)


def _pieces(words: Sequence[str], same: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    at = 0
    for start, size in same:
        if start > at:
            yield Piece("".join(words[at:start]), differs=True)
        if size:
            yield Piece("".join(words[start : start + size]), differs=False)
        at = start + size
