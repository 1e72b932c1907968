"""A metric over the runs of a suite, as a drawing: a point and an interval for each run, in their order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evalplat.records import HistoryMetric, PastMetric, PastRun

from .numbers import percent, span, value
from .text import one_line

HEIGHT = 210.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 14.0, 44.0
_STEP = 15.0
_LEAST = 720.0
_DATES = 9


@dataclass(frozen=True, slots=True)
class Mark:
    """A run in the drawing, in SVG units. `shape` is the verdict, `partly` a run that a gate ended early."""

    number: int
    x: float
    y: float
    top: float
    bottom: float
    shape: str
    partly: bool
    spoken: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything to draw. `lines` connect runs of one suite; `breaks` are where it changed."""

    width: float
    height: float
    floor: float
    marks: tuple[Mark, ...]
    lines: tuple[tuple[float, float, float, float], ...]
    breaks: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str, str], ...]
    """x, the text, and where the text is anchored."""
    names: tuple[tuple[float, str, str], ...]
    spoken: str


def timeline(metric: HistoryMetric, runs: Sequence[PastRun]) -> Timeline | None:
    """The drawing of one metric; None where no run has a mean of it."""
    found = [
        (at, run, one) for at, run in enumerate(runs) if (one := run.metric(metric.metric)) and one.mean is not None
    ]
    if not found:
        return None
    show = percent if metric.share else value
    ends = [end for _, _, one in found for end in (one.mean, one.ci_low, one.ci_high) if end is not None]
    low, high = _limits(ends, share=metric.share)
    width = max(_LEAST, _LEFT + _RIGHT + _STEP * len(runs))
    floor = HEIGHT - _BOTTOM

    def across(at: int) -> float:
        return round(_LEFT + (width - _LEFT - _RIGHT) * (at + 0.5) / len(runs), 2)

    def up(number: float) -> float:
        return round(floor - (floor - _TOP) * (number - low) / (high - low), 2)

    marks = tuple(_mark(at, run, one, across(at), up, show) for at, run, one in found)
    lines = [
        (one.x, one.y, other.x, other.y)
        for one, other in pairwise(marks)
        if runs[one.number].suite_fingerprint == runs[other.number].suite_fingerprint
    ]
    half = (width - _LEFT - _RIGHT) / len(runs) / 2
    return Timeline(
        width=width,
        height=HEIGHT,
        floor=floor,
        marks=marks,
        lines=tuple(lines),
        breaks=tuple(round(across(at) - half, 2) for at, run in enumerate(runs) if run.suite_changed),
        ticks=tuple((up(tick), show(tick)) for tick in _ticks(low, high)),
        dates=tuple(_dates(runs, across, width)),
        names=tuple((across(at), one_line(run.aliases[0], 14), _anchor(across(at), width))
                    for at, run in enumerate(runs) if run.aliases),
        spoken=f"{one_line(metric.metric, 80)} of {len(found)} runs, from {show(found[0][2].mean)} "
        f"to {show(found[-1][2].mean)}",
    )  # fmt: skip


def _mark(
    at: int,
    run: PastRun,
    one: PastMetric,
    x: float,
    up: Callable[[float], float],
    show: Callable[[float | None], str],
) -> Mark:
    mean = one.mean or 0.0
    low, high = (mean if one.ci_low is None else one.ci_low), (mean if one.ci_high is None else one.ci_high)
    said = (
        f"{run.created_at:%Y-%m-%d} {one_line(run.target, 60)}: {show(one.mean)}, {span(one.ci_low, one.ci_high, show)}"
    )
    gated = f", gate: {run.verdict}" if run.verdict else ""
    return Mark(at, x, up(mean), up(high), up(low), run.verdict or "none", not run.whole, said + gated)


def _limits(ends: Sequence[float], *, share: bool) -> tuple[float, float]:
    """The range of the axis: a little more than what is drawn, and no share beyond 0 and 1."""
    low, high = min(ends), max(ends)
    pad = 0.08 * (high - low) or 0.05 * abs(high) or 0.5
    low, high = low - pad, high + pad
    return (max(0.0, low), min(1.0, high)) if share and max(0.0, low) < min(1.0, high) else (low, high)


def _ticks(low: float, high: float) -> tuple[float, ...]:
    """Round numbers within the range: the roughest that are three at least."""
    unit = 10.0 ** math.floor(math.log10((high - low) / 3))
    within = [_multiples(unit * factor, low, high) for factor in (0.5, 1, 2, 5)]
    return next((ticks for ticks in reversed(within) if len(ticks) >= 3), within[0])


def _multiples(step: float, low: float, high: float) -> tuple[float, ...]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(at * step for at in range(first, last + 1))


def _dates(runs: Sequence[PastRun], across: Callable[[int], float], width: float) -> Iterator[tuple[float, str, str]]:
    """The day of some runs, or where all are of one day the hour."""
    one_day = runs[0].created_at.date() == runs[-1].created_at.date()
    for at in range(0, len(runs), math.ceil(len(runs) / _DATES)):
        made = runs[at].created_at
        text = f"{made:%H:%M}" if one_day else f"{made:%d %b %Y}" if at == 0 else f"{made:%d %b}"
        yield across(at), text, _anchor(across(at), width)


def _anchor(x: float, width: float) -> str:
    return "start" if x < _LEFT + 30 else "end" if x > width - 46 else "middle"
