"""Futility: whether a metric can still be hoped to pass."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import ndtri

from evalplat.gates.rules import dropped, turned
from evalplat.records import MetricComparison
from evalplat.stats import LEAST_HOPE, conditional_power, futility


class Standing(NamedTuple):
    """Where the test for pass stands, on the normal scale: its z, and the margin in standard errors."""

    z: float
    margin: float


def hopeless(found: MetricComparison, share: float, bound: float) -> bool:
    """Whether a pass is out of reach at `share` of the plan, its last bound being `bound`; `stats.futility` says how.

    Hoped for is that nothing changed; where that would be no pass, that it goes on as it looks, and a bit better.
    """
    at = _standing(found)
    if at is None or share >= 1 or found.rule == "no_significant_drop":
        return False
    hoped = max(at.margin, at.z) if at.margin else max(0.0, at.z) + 1.0
    return futility(at.z, hoped, share, bound).futile


def tolerable_yet(found: MetricComparison, share: float, bound: float) -> bool:
    """Whether what got worse may still pass as tolerable, going on as it looks: then it is too early to fail it."""
    at = _standing(found)
    if at is None or not at.margin or share >= 1 or not dropped(found):
        return False
    return conditional_power(at.z, at.z, share, bound) >= LEAST_HOPE


def _standing(found: MetricComparison) -> Standing | None:
    """From the lower end of the interval: whatever the method, it is as if of a normal estimate at that level."""
    ends = turned(found)
    if found.unusable is not None or ends is None or found.level is None or found.rule == "zero":
        return None
    estimate = _estimate(found)
    spread = math.nan if estimate is None else (estimate - ends.low) / -float(ndtri(found.level))
    if estimate is None or not math.isfinite(spread) or spread <= 0:
        return None
    margin = found.margin or 0.0 if found.rule == "non_inferiority" else 0.0
    return Standing((estimate + margin) / spread, margin / spread)


def _estimate(found: MetricComparison) -> float | None:
    """The estimate, turned as `turned` turns the interval."""
    point = found.candidate if found.rule in ("at_least", "at_most") else found.difference
    if point is None:
        return None
    at = turned(
        found.model_copy(update={"ci_low": point, "ci_high": point, "pass_interval": None, "sensitivity": None})
    )
    return None if at is None else at.low
