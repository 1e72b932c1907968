"""A card as HTML for a notebook's cell: no script, no style sheet, everything escaped."""

from __future__ import annotations

from markupsafe import Markup

from evalplat.reports.linediff import Lines, marked
from evalplat.reports.markup import inline, shown

from .card import Card, Changed, Fold, Quote, Table

_LINE = {"pass": "#1a7f4b", "fail": "#c0362c", "inconclusive": "#b07d00"}
_TEXT = 4000
_PRE = "white-space:pre-wrap;overflow-wrap:anywhere;margin:.2em 0 .6em;padding:.3em .6em;border-left:2px solid #8888"
# Colours that are legible on a light and on a dark page.
_P = "margin:.25em 0"
_LEFT, _RIGHT = "text-align:left", "text-align:right;white-space:nowrap"
_CELL = "padding:.15em .7em .15em 0;vertical-align:top;"
_GONE, _NEW = "background:#c0362c33", "background:#1a7f4b33"


def card_html(card: Card) -> str:
    """The card, in a box of its own."""
    colour = _LINE.get(card.tone, "#8888")
    open_ = Markup('<div class="evalplat" style="border-left:4px solid {};padding:.1em 0 .1em .8em">').format(colour)
    return str(Markup("").join([open_, _inside(card), Markup("</div>")]))


def _inside(card: Card) -> Markup:
    made = [Markup('<p style="{}"><b>{}</b></p>').format(_P, inline(card.title, 600))] if card.title else []
    made += [Markup('<p style="{}">{}</p>').format(_P, shown(line, 1000)) for line in card.lines]
    made += [_part(part) for part in card.parts]
    return Markup("").join(made)


def _part(part: Table | Changed | Quote | Fold) -> Markup:
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Changed):
        return _changed(part)
    if isinstance(part, Quote):
        name = Markup("<div><small>{}</small></div>").format(inline(part.name)) if part.name else Markup("")
        return name + Markup('<div style="{}">{}</div>').format(_PRE, shown(part.text, _TEXT))
    state = Markup(" open") if part.open else Markup("")
    return Markup('<details{}><summary>{}</summary><div style="margin-left:1em">{}</div></details>').format(
        state, inline(part.title, 300), _inside(part.card)
    )


def _table(table: Table) -> Markup:
    def row(cells: tuple[str, ...], tag: str) -> Markup:
        made = [
            Markup('<{} style="{}{}">{}</{}>').format(
                tag, _CELL, _LEFT if place < table.numbers else _RIGHT, inline(cell, 300), tag
            )
            for place, cell in enumerate(cells)
        ]
        return Markup("<tr>{}</tr>").format(Markup("").join(made))

    head = row(table.heads, "th")
    body = Markup("").join(row(cells, "td") for cells in table.rows)
    left = Markup("<p>… and {} more</p>").format(f"{table.left:,}") if table.left else Markup("")
    return Markup('<div style="overflow-x:auto"><table><thead>{}</thead><tbody>{}</tbody></table></div>{}').format(
        head, body, left
    )


def _changed(part: Changed) -> Markup:
    before, after = marked(part.before, part.after)
    made = [Markup("<div><small>{}</small></div>").format(inline(part.name))]
    for lines, style, sign in ((before, _GONE, "−"), (after, _NEW, "+")):
        made.append(Markup('<div style="{}">{}</div>').format(_PRE, _lines(lines, style, sign)))
    return Markup("").join(made)


def _lines(lines: Lines, style: str, sign: str) -> Markup:
    made = []
    for line in lines.shown:
        text = shown(line.text or " ", _TEXT)
        if line.differs:
            made.append(Markup('<div style="{}">{} {}</div>').format(style, sign, text))
        else:
            made.append(Markup("<div>  {}</div>").format(text))
    if lines.left:
        made.append(Markup("<div>… {} more lines</div>").format(f"{lines.left:,}"))
    return Markup("").join(made)
