"""The looks of a gate as a drawing: the difference, and the bounds beyond which it passes or fails. Better is up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalplat.records import LookMetric, MetricComparison

from .interval import scale
from .numbers import change, count, level

WIDTH, HEIGHT = 640.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 78.0, 14.0, 14.0, 34.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A look: where it lies, where its bounds do (None: not tested), and its texts."""

    x: float
    y: float | None
    passes: float | None
    fails: float | None
    under: str
    verdict: str
    spoken: str


@dataclass(frozen=True, slots=True)
class LooksPlot:
    """In SVG units. `lines` are level, text and kind (zero, tick); paths are of SVG."""

    marks: tuple[Mark, ...]
    lines: tuple[tuple[float, str, str], ...]
    path: str
    pass_path: str
    fail_path: str
    spoken: str


def plot(rows: Sequence[tuple[int, LookMetric]], found: MetricComparison) -> LooksPlot | None:
    """Of (cases, metric at the look); None where there is no course to draw: one look, or no numbers."""
    held = scale(found)
    alone = found.rule in ("at_least", "at_most")
    if alone or found.rule == "zero":
        return None  # the looks keep differences, and such a rule is about the candidate's own level
    numbers = [
        number for _, row in rows for number in (row.difference, row.pass_bound, row.fail_bound) if number is not None
    ]
    numbers = [number for number in numbers if math.isfinite(number)]
    if len(rows) < 2 or not numbers or held.null is None:
        return None
    low, high = min(*numbers, held.null), max(*numbers, held.null)
    spread = (high - low) or abs(high) or 1.0
    low, high = low - 0.08 * spread, high + 0.08 * spread

    def up(number: float | None) -> float | None:
        if number is None or not math.isfinite(number):
            return None
        share = (number - low) / (high - low)
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - share if held.better > 0 else share), 1)

    most = max(cases for cases, _ in rows)
    marks = tuple(
        Mark(
            x=round(_LEFT + (WIDTH - _LEFT - _RIGHT - 10) * cases / most, 1),
            y=up(row.difference),
            passes=up(row.pass_bound),
            fails=up(row.fail_bound),
            under=count(cases),
            verdict=row.verdict,
            spoken=_spoken(number, cases, row, found),
        )
        for number, (cases, row) in enumerate(rows, start=1)
    )
    lines = [(up(held.null) or 0.0, "no change", "zero")]
    lines += [(up(end) or 0.0, _tick(end, found), "tick") for end in (min(numbers), max(numbers))]
    return LooksPlot(
        marks=marks,
        lines=tuple(_apart(lines)),
        path=_path([(mark.x, mark.y) for mark in marks]),
        pass_path=_path([(mark.x, mark.passes) for mark in marks]),
        fail_path=_path([(mark.x, mark.fails) for mark in marks]),
        spoken="; ".join(mark.spoken for mark in marks),
    )


def _apart(lines: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Without ticks whose texts would lie on another's."""
    kept: list[tuple[float, str, str]] = []
    for line in lines:
        if all(abs(line[0] - other[0]) >= 13 for other in kept):
            kept.append(line)
    return kept


def _path(points: Sequence[tuple[float, float | None]]) -> str:
    known = [(x, y) for x, y in points if y is not None]
    return " ".join(f"{'M' if place == 0 else 'L'}{x} {y}" for place, (x, y) in enumerate(known))


def _tick(number: float, found: MetricComparison) -> str:
    text = change(number, found)
    return text.removesuffix(" points")


def _spoken(number: int, cases: int, row: LookMetric, found: MetricComparison) -> str:
    show = level if found.rule in ("at_least", "at_most") else change
    bounds = f"passes beyond {show(row.pass_bound, found)}, fails beyond {show(row.fail_bound, found)}"
    tested = bounds if row.pass_bound is not None or row.fail_bound is not None else "not tested yet"
    return f"look {number}, {count(cases)} cases: {show(row.difference, found)}, {tested}"
