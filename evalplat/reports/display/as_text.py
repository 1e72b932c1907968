"""A card as plain text: for a terminal, a log, and what a notebook keeps beside its HTML."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from evalplat.reports.linediff import Lines, marked
from evalplat.reports.text import one_line, shortened, visible

from .card import Card, Changed, Fold, Quote, Table

_CELL = 60
_LAST = 400
_TEXT = 2000


def card_text(card: Card) -> str:
    """The card in lines, without a line end behind the last."""
    return "\n".join(_lines(card))


def _lines(card: Card) -> Iterator[str]:
    if card.title:
        yield one_line(card.title, 600)
    for line in card.lines:
        yield one_line(line, 1000)
    for part in card.parts:
        yield from _part(part)


def _part(part: Table | Changed | Quote | Fold) -> Iterator[str]:
    if isinstance(part, Table):
        yield from _table(part)
    elif isinstance(part, Changed):
        yield f"{one_line(part.name)}:"
        yield from _changed(part)
    elif isinstance(part, Quote):
        raw, more = shortened(part.text, _TEXT)
        if part.name:
            yield f"{one_line(part.name)}:"
        yield indent(visible(raw) + (f" … {more:,} more characters" if more else ""), "    ", lambda _: True)
    elif part.open:
        yield one_line(part.title, 300)
        yield from (indent(line, "  ") for line in _lines(part.card))
    else:
        yield f"  {one_line(part.title, 300)}"


def _table(table: Table) -> Iterator[str]:
    last = len(table.heads) - 1
    limits = [_LAST if place == last else _CELL for place in range(last + 1)]
    whole = (table.heads, *table.rows)
    rows = [[one_line(cell, limit) for cell, limit in zip(row, limits, strict=True)] for row in whole]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.heads))]
    for row in rows:
        cells = [
            cell.ljust(width) if place < table.numbers else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
    if table.left:
        yield f"  … and {table.left:,} more"


def _changed(part: Changed) -> Iterator[str]:
    before, after = marked(part.before, part.after)
    yield from _marked(before, "-")
    yield from _marked(after, "+")


def _marked(lines: Lines, sign: str) -> Iterator[str]:
    for line in lines.shown:
        if line.differs:
            yield f"  {sign} {one_line(line.text, 400)}"
    if lines.left:
        yield f"  {sign} … {lines.left:,} more lines"
