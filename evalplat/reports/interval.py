"""An interval against no change and the margin, as geometry for an SVG. Always turned so that better lies right."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalplat.records import MetricComparison

from .numbers import change, level

WIDTH = 300.0
_PAD = 14.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text under the axis. `kind` is null or threshold."""

    kind: str
    x: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Positions in SVG units from 0 to WIDTH; None is not drawn. `low`/`high` run left to right."""

    low: float | None
    high: float | None
    point: float | None
    null: float | None
    threshold: float | None
    labels: tuple[Label, ...]
    open_left: bool
    open_right: bool
    spoken: str


@dataclass(frozen=True, slots=True)
class Scale:
    """What a metric's interval is held against, on the raw scale of `ci_low` and `ci_high`."""

    point: float | None
    null: float | None
    threshold: float | None
    better: int
    """1 where larger raw values are better, else -1."""
    alone: bool
    """The interval is of the candidate's own level, not of a difference."""


def scale(found: MetricComparison) -> Scale:
    """Where no change and the threshold of the rule lie."""
    better = 1 if found.direction == "higher" or found.statistic.startswith("pass^") else -1
    if found.rule in ("at_least", "at_most"):
        return Scale(found.candidate, None, found.bound, 1 if found.rule == "at_least" else -1, True)
    null = 1.0 if found.statistic == "ratio" else 0.0
    threshold = null - better * found.margin if found.margin else None
    return Scale(found.difference, null, threshold, better, False)


def draw(found: MetricComparison) -> Drawing | None:
    """The drawing, or None where there is no interval to draw."""
    held = scale(found)
    ends = [found.ci_low, found.ci_high]
    if all(end is None for end in ends):
        return None
    if held.better < 0:
        ends.reverse()
    marks = [mark for mark in (*ends, held.point, held.null, held.threshold) if mark is not None]
    turned = [held.better * mark for mark in marks]
    lowest, highest = min(turned), max(turned)
    spread = highest - lowest
    if not math.isfinite(spread):
        return None
    spread = spread or abs(highest) or 1.0

    def place(mark: float | None) -> float | None:
        if mark is None:
            return None
        inner = WIDTH - 2 * _PAD
        return round(_PAD + inner * (held.better * mark - lowest) / spread, 2)

    low, high = (place(end) for end in ends)
    show = level if held.alone else change
    return Drawing(
        low=0.0 if low is None else low,
        high=WIDTH if high is None else high,
        point=place(held.point),
        null=place(held.null),
        threshold=place(held.threshold),
        labels=_labels(place(held.null), place(held.threshold), show(held.threshold, found)),
        open_left=low is None,
        open_right=high is None,
        spoken=_spoken(found, held),
    )


def _labels(null: float | None, threshold: float | None, at: str) -> tuple[Label, ...]:
    """Texts that stay inside the drawing and off each other: the threshold lies left of no change, or alone."""
    made = []
    if threshold is not None:
        made.append(Label("threshold", *_anchored(threshold, null is not None), at))
    if null is not None:
        made.append(Label("null", *_anchored(null, False), "no change"))
    return tuple(made)


def _anchored(x: float, leftwards: bool) -> tuple[float, str]:
    if leftwards:
        return (x, "end") if x > 60 else (0.0, "start")
    return (x, "start") if x < WIDTH - 70 else (WIDTH, "end")


def _spoken(found: MetricComparison, held: Scale) -> str:
    show = level if held.alone else change
    what = "candidate" if held.alone else "difference"
    text = (
        f"{what} {show(held.point, found)}, interval from {show(found.ci_low, found)} to {show(found.ci_high, found)}"
    )
    if held.threshold is not None:
        text += f", {'bound' if held.alone else 'margin'} at {show(held.threshold, found)}"
    return text
