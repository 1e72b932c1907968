"""Effect: what a change did to one metric, turned so that larger is better; and how to turn it and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evalplat.records import MetricRule

from .pairing import Floats, Pairs, ends

Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Effect:
    """A turned effect with its interval. `interval` and the p-values are None where they cannot be had."""

    baseline: float
    candidate: float
    difference: float
    estimate: float | None
    se: float | None
    df: float | None
    interval: Callable[[float], Bounds] | None
    raw: Callable[[Bounds], Bounds]
    p_value: float | None
    p_drop: float | None
    p_null: str
    method: str
    tango: bool = False
    pass_bounds: Callable[[float], Bounds] | None = None
    """Where values have a long tail: the wider of two intervals, which a pass has to clear at alpha / 2."""
    unusable: str | None = None


def sign(rule: MetricRule) -> float:
    """1 where higher is better, else -1."""
    return 1.0 if rule.direction == "higher" else -1.0


def levels_of(base: Floats, cand: Floats, weights: Floats | None) -> tuple[float, float, float]:
    """Means of baseline and candidate over the cases that each has, and of the difference over those of both."""
    return _average(base, weights), _average(cand, weights), _average(cand - base, weights)


def _average(values: Floats, weights: Floats | None) -> float:
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    return float(np.average(values[known], weights=None if weights is None else weights[known]))


def without_interval(levels: tuple[float, float, float], rule: MetricRule, why: str) -> Effect:
    """An effect of which nothing but the levels can be said, and why."""
    return Effect(
        *levels,
        estimate=None,
        se=None,
        df=None,
        interval=None,
        raw=unturn(rule),
        p_value=None,
        p_drop=None,
        p_null="difference = 0",
        method="none",
        unusable=why,
    )


def unturn(rule: MetricRule) -> Callable[[Bounds], Bounds]:
    """Turns bounds of a difference back."""
    s = sign(rule)
    return lambda bounds: turn_back(bounds, s, 0.0)


def turn(bounds: Bounds, s: float, origin: float) -> Bounds:
    """Bounds around `origin`, turned by the sign `s`: the lower end stays the lower."""
    low, high = s * (bounds[0] - origin), s * (bounds[1] - origin)
    return (low, high) if s > 0 else (high, low)


def turn_back(bounds: Bounds, s: float, origin: float) -> Bounds:
    """The inverse of `turn`."""
    low, high = origin + s * bounds[0], origin + s * bounds[1]
    return (low, high) if s > 0 else (high, low)


def width(pairs: Pairs, rule: MetricRule) -> float:
    """What one cluster can lose at most, on the scale of the effect: of the range, or the spread of what was seen."""
    if rule.statistic.startswith("pass^"):
        return 1.0
    if pairs.value_range is not None:
        lo, hi = ends(pairs.value_range)
        spread = hi - lo
    else:
        seen = np.concatenate([pairs.baseline[np.isfinite(pairs.baseline)], pairs.candidate])
        # Where all is one value nothing is known of a loss, and one of that size is not ruled out.
        spread = float(seen.max() - seen.min()) or abs(float(seen[0])) or 1.0
    if rule.statistic == "ratio":
        mean = float(np.average(pairs.baseline, weights=pairs.weights))
        return spread / mean if mean > 0 else float("inf")
    return spread
