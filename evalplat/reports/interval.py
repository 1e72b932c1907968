"""What a metric's interval is held against, and its picture. Always turned so that better lies right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from evalplat.records import MetricComparison, SystemSummary

from .numbers import change, level, percent, span

WIDTH = 240.0
_PAD = 10.0
_CHAR = 6.1  # width of a character of a label, on the generous side
_GAP = 8.0
_NO_CHANGE = "no change"


@dataclass(frozen=True, slots=True)
class Scale:
    """Point and ends of the interval, and what they are held against, in the metric's own unit."""

    point: float | None
    low: float | None
    high: float | None
    null: float | None
    threshold: float | None
    better: int
    """1 where larger is better, else -1."""
    what: str
    """What the interval is of."""
    show: Callable[[float | None], str]

    @property
    def text(self) -> str:
        """The interval in words. One without width shows no certainty: nothing varied that it could be had from."""
        if self.low is not None and self.low == self.high:
            return "nothing varies"
        return span(self.low, self.high, self.show)


@dataclass(frozen=True, slots=True)
class Label:
    """A text under the axis, from `x` on. `kind` is null or threshold."""

    kind: str
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Positions in SVG units from 0 to WIDTH; None is not drawn. `beyond` is where what cannot pass ends."""

    low: float
    high: float
    point: float | None
    null: float | None
    threshold: float | None
    beyond: float | None
    labels: tuple[Label, ...]
    open_left: bool
    open_right: bool
    spoken: str


def scale(found: MetricComparison) -> Scale:
    """Where no change and the threshold of the rule lie for this metric."""
    if found.rule in ("at_least", "at_most"):
        better = 1 if found.rule == "at_least" else -1
        return Scale(found.candidate, found.ci_low, found.ci_high, None, found.bound, better, "candidate",
                     lambda number: level(number, found))  # fmt: skip
    if found.rule == "zero":
        rate_low = None if found.rate_upper is None else 0.0
        return Scale(None, rate_low, found.rate_upper, None, found.max_rate, -1, "failure rate", percent)
    better = 1 if found.direction == "higher" or found.statistic.startswith("pass^") else -1
    null = 1.0 if found.statistic == "ratio" else 0.0
    allowed = found.effect if found.rule == "no_significant_drop" else found.margin
    threshold = null - better * allowed if allowed else None
    return Scale(found.difference, found.ci_low, found.ci_high, null, threshold, better, "difference",
                 lambda number: change(number, found))  # fmt: skip


def draw(found: MetricComparison) -> Drawing | None:
    """The drawing, or None where there is no interval to draw."""
    held = scale(found)
    beyond = held.threshold
    if beyond is None and (found.rule == "superiority" or found.margin == 0):
        beyond = held.null
    if found.rule == "no_significant_drop":
        beyond = None
    return _draw(held, beyond)


def draw_share(row: SystemSummary) -> Drawing | None:
    """A share's interval between 0 and 100 %; None for what is no share."""
    if row.pass_hat is None or row.mean is None:
        return None
    held = Scale(row.mean, row.ci_low, row.ci_high, 0.0, 1.0, 1, "mean", percent)
    drawn = _draw(held, None)
    if drawn is None:
        return None
    labels = (_label("null", 0.0, "0 %"), _label("null", WIDTH, "100 %"))
    spoken = f"mean {percent(row.mean)}, interval {held.text}"
    return Drawing(drawn.low, drawn.high, drawn.point, drawn.null, None, None, labels, drawn.open_left,
                   drawn.open_right, spoken)  # fmt: skip


def _draw(held: Scale, beyond: float | None) -> Drawing | None:
    ends = (held.low, held.high) if held.better > 0 else (held.high, held.low)
    if held.low is None and held.high is None:
        return None
    marks = [mark for mark in (*ends, held.point, held.null, held.threshold) if mark is not None]
    lowest, highest = min(held.better * mark for mark in marks), max(held.better * mark for mark in marks)
    spread = highest - lowest
    if not math.isfinite(spread):
        return None
    spread = spread or abs(highest) or 1.0

    def place(mark: float | None) -> float | None:
        if mark is None:
            return None
        return round(_PAD + (WIDTH - 2 * _PAD) * (held.better * mark - lowest) / spread, 2)

    low, high = place(ends[0]), place(ends[1])
    null, threshold = place(held.null), place(held.threshold)
    return Drawing(
        low=0.0 if low is None else low,
        high=WIDTH if high is None else high,
        point=place(held.point),
        null=null,
        threshold=threshold,
        beyond=place(beyond),
        labels=_labels(null, threshold, held.show(held.threshold)),
        open_left=low is None,
        open_right=high is None,
        spoken=_spoken(held),
    )


def _labels(null: float | None, threshold: float | None, at: str) -> tuple[Label, ...]:
    """Texts under their lines, inside the drawing and off each other; a threshold lies left of no change."""
    if null is None:
        return () if threshold is None else (_label("threshold", threshold - _width(at) / 2, at),)
    right = _label("null", null - 2, _NO_CHANGE)
    if threshold is None:
        return (right,)
    left = _label("threshold", min(threshold + 2, right.x - _GAP) - _width(at), at)
    # The left text may have been pushed in from the edge.
    return left, _label("null", max(right.x, left.x + _width(at) + _GAP), _NO_CHANGE)


def _label(kind: str, x: float, text: str) -> Label:
    return Label(kind, round(max(0.0, min(x, WIDTH - _width(text))), 2), text)


def _width(text: str) -> float:
    return _CHAR * len(text)


def _spoken(held: Scale) -> str:
    point = f" {held.show(held.point)}" if held.point is not None else ""
    text = f"{held.what}{point}, interval {held.text}"
    if held.threshold is not None:
        text += f", {'bound' if held.null is None else 'margin'} at {held.show(held.threshold)}"
    return text
