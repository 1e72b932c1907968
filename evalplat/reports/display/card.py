"""Card: what a record shows of itself, before it is HTML or text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below heads; columns from `numbers` on end right. `left` rows are not shown."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 1
    left: int = 0

    @classmethod
    def of(cls, heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 1) -> Table:
        """The first rows, and how many more there are."""
        shown = tuple(tuple(row) for row in rows[:MOST_ROWS])
        return cls(tuple(heads), shown, numbers, len(rows) - len(shown))


@dataclass(frozen=True, slots=True)
class Changed:
    """Two texts, line by line."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A text of somebody else, as it is."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """A part that is closed at first; in text only its title is shown, unless it is `open`."""

    title: str
    card: Card
    open: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A title, lines, and parts below. `tone` is pass, fail, inconclusive or nothing."""

    title: str
    lines: tuple[str, ...] = ()
    parts: tuple[Table | Changed | Quote | Fold, ...] = field(default=())
    tone: str = ""
