"""Two texts line by line, with what differs marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_MOST_LINES = 400
"""Longer texts are not compared: it would take too long."""

_SHOWN_LINES = 200
_SHOWN_CHARS = 6000


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and whether the other text lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines that are shown, and how many more there are."""

    shown: tuple[Line, ...]
    left: int


def marked(before: str, after: str) -> tuple[Lines, Lines]:
    """Both texts as lines; of very long ones the beginning, and past 400 lines unmarked."""
    left, right = before.splitlines(), after.splitlines()
    same: tuple[set[int], set[int]] = (set(range(len(left))), set(range(len(right))))
    if max(len(left), len(right)) <= _MOST_LINES:
        same = (set(), set())
        for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
            same[0].update(range(block.a, block.a + block.size))
            same[1].update(range(block.b, block.b + block.size))
    return _lines(left, same[0]), _lines(right, same[1])


def _lines(lines: Sequence[str], same: set[int]) -> Lines:
    shown: list[Line] = []
    used = 0
    for place, text in enumerate(lines[:_SHOWN_LINES]):
        if used > _SHOWN_CHARS:
            break
        shown.append(Line(text, place not in same))
        used += len(text)
    return Lines(tuple(shown), len(lines) - len(shown))
