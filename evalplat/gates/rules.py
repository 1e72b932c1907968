"""Rules: a MetricComparison -> its verdict, by CONTRACT.md's table. [L, U] is turned so that higher is better."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import ndtri

from evalplat.records import MetricComparison, Verdict

from .words import span, state, unit, value, worsening

VISIBLE = float(ndtri(0.95) + ndtri(0.80))
"""Standard errors that an effect must have to be found 4 times in 5 at one-sided .05."""


HANGS = "it hangs on"


class Ruling(NamedTuple):
    """A verdict and its reason in one plain sentence."""

    verdict: Verdict
    reason: str
    blocked: bool = False
    """Something else than too little data keeps it open: failed baseline trials."""


class Turned(NamedTuple):
    """Interval ends, higher is better. `pass_low` is the lower end that a pass uses."""

    low: float
    high: float
    pass_low: float
    sensitive_low: float | None
    """`pass_low` with every failed baseline trial at its best; None where there is none."""


def turned(found: MetricComparison) -> Turned | None:
    """The interval, turned, open ends infinite; None where there is none."""
    if found.ci_low is None and found.ci_high is None:
        return None
    low, high = _turn(found, found.ci_low, found.ci_high)
    pass_low, sensitive_low = low, None
    if found.pass_interval is not None:
        pass_low, _ = _turn(found, found.pass_interval.low, found.pass_interval.high)
    if found.sensitivity is not None:
        sensitive_low, _ = _turn(found, found.sensitivity.ci_low, found.sensitivity.ci_high)
    return Turned(low, high, pass_low, sensitive_low)


def dropped(found: MetricComparison) -> bool:
    """Whether the metric fails its rule by a drop that the interval shows (U < 0, or U < B)."""
    ends = turned(found)
    return ends is not None and ends.high < 0


def rule(found: MetricComparison) -> Ruling:
    """The verdict of one metric, unadjusted."""
    if found.rule == "zero":
        return _zero(found)
    ends = turned(found)
    if found.unusable is not None or ends is None:
        return Ruling("inconclusive", f"{state(found)}; {found.unusable or 'no interval can be had'}")
    if found.rule == "no_significant_drop":
        return _no_significant_drop(found, ends)
    margin = found.margin or 0.0 if found.rule == "non_inferiority" else 0.0
    doubt = _doubt(found, ends, margin)
    if _meets(found, ends.pass_low, margin) and doubt is None:
        return Ruling("pass", f"{state(found)}; {_passed(found, ends, margin)}")
    if ends.high < 0:
        return _drop(found)
    why = doubt if doubt is not None and _meets(found, ends.low, margin) else _open(found, margin)
    return Ruling("inconclusive", f"{state(found)}; {why}", blocked=why is doubt and HANGS in why)


def _drop(found: MetricComparison) -> Ruling:
    """A drop that the interval shows is a fail, unless it is one of failed baseline trials that were left out."""
    worst = None if found.sensitivity is None else found.sensitivity.worst
    if worst is not None and found.sensitivity is not None:
        _, high = _turn(found, worst.low, worst.high)
        if high >= 0:
            n = found.sensitivity.n_baseline_failures
            why = f"{HANGS} {n} failed baseline trials: were they wrong, as the candidate's count, no drop is shown"
            return Ruling("inconclusive", f"{state(found)}; {why}", blocked=True)
    return Ruling("fail", f"{state(found)}; {_failed(found)}")


def _meets(found: MetricComparison, low: float, margin: float) -> bool:
    """L > -m, and for a bound on the candidate alone L >= B (turned, B is at 0)."""
    return low >= 0.0 if found.rule in ("at_least", "at_most") else low > -margin


def _doubt(found: MetricComparison, ends: Turned, margin: float) -> str | None:
    """What keeps an interval that is good enough from being a pass."""
    if _meets(found, ends.low, margin) and not _meets(found, ends.pass_low, margin):
        near = "with so long a tail" if found.range is None else "so close to the end of the range"
        return f"{near} a pass takes alpha / 2, and at that level it is not shown"
    allowance = _allowance(found, margin)
    if _too_few_differ(found, found.worse_share_upper, allowance):
        return (
            f"only {found.differing_clusters} of {found.n_clusters} {unit(found)} differ, and up to "
            f"{found.worse_share_upper:.2%} could have got worse"
        )
    sensitive = found.sensitivity
    if sensitive is not None:
        if sensitive.unusable is not None:
            return f"{HANGS} {sensitive.n_baseline_failures} failed baseline trials: {sensitive.unusable}"
        low = ends.sensitive_low if ends.sensitive_low is not None else ends.pass_low
        if not _meets(found, low, margin) or _too_few_differ(found, sensitive.worse_share_upper, allowance):
            return f"{HANGS} {sensitive.n_baseline_failures} failed baseline trials, which might have been right"
    return None


def _allowance(found: MetricComparison, margin: float) -> float:
    if found.rule in ("at_least", "at_most"):
        best = _best_end(found)
        return float("inf") if best is None or found.bound is None else abs(best - found.bound)
    return margin


def _best_end(found: MetricComparison) -> float | None:
    if found.range is None:
        return None
    lo, hi = (0.0, 1.0) if found.range == "binary" else found.range
    return hi if found.rule == "at_least" else lo


def _too_few_differ(found: MetricComparison, share: float | None, allowance: float) -> bool:
    return share is not None and share * (found.width if found.width is not None else 1.0) >= allowance


def _zero(found: MetricComparison) -> Ruling:
    if found.failures is None or found.rate_upper is None or found.max_rate is None:
        return Ruling("inconclusive", f"{found.metric}: {found.unusable or 'nothing was measured'}")
    if found.failures and not (found.unusable or "").startswith("rule zero"):
        trials = f"{found.failures} of {found.n_trials[1]} trials failed"
        return Ruling("fail", f"{found.metric} must never fail: {trials}")
    upper = f"no failure in {found.n_trials[1]} trials; the rate is at most {found.rate_upper:.2%}"
    if found.unusable is not None:
        return Ruling("inconclusive", f"{found.metric}: {upper}; {found.unusable}")
    if found.rate_upper <= found.max_rate:
        return Ruling("pass", f"{found.metric}: {upper}, and {found.max_rate:.2%} is allowed")
    return Ruling("inconclusive", f"{found.metric}: {upper}, but only {found.max_rate:.2%} is allowed")


def _no_significant_drop(found: MetricComparison, ends: Turned) -> Ruling:
    if ends.high < 0:
        return _drop(found)
    effect = found.effect or 0.0
    visible = VISIBLE * (found.se or 0.0)
    if _too_few_differ(found, found.worse_share_upper, effect):
        doubt = _doubt(found, ends, effect)
        return Ruling("inconclusive", f"{state(found)}; {doubt}")
    hangs = _hangs_on_failures(found, effect)
    if hangs is not None:
        return Ruling("inconclusive", f"{state(found)}; {hangs}", blocked=True)
    if visible <= effect:
        shown = f"no {worsening(found)} is shown; one of {value(found, visible)} would have been, 4 times in 5"
        return Ruling("pass", f"{state(found)}; {shown}")
    blind = f"a {worsening(found)} of {value(found, effect)} could go unseen: only {value(found, visible)} would show"
    return Ruling("inconclusive", f"{state(found)}; {blind}")


def _hangs_on_failures(found: MetricComparison, effect: float) -> str | None:
    """Rule no_significant_drop: whether failed baseline trials at their best would show a drop, or hide one."""
    sensitive, ends = found.sensitivity, turned(found)
    if sensitive is None or ends is None:
        return None
    _, high = _turn(found, sensitive.ci_low, sensitive.ci_high)
    blind = sensitive.se is None or VISIBLE * sensitive.se > effect
    if sensitive.unusable or high < 0 or blind or _too_few_differ(found, sensitive.worse_share_upper, effect):
        return f"{HANGS} {sensitive.n_baseline_failures} failed baseline trials, which might have been right"
    return None


def _passed(found: MetricComparison, ends: Turned, margin: float) -> str:
    if found.rule in ("at_least", "at_most"):
        return f"{span(found)}, within the bound {found.bound:g}"
    if margin == 0:
        return f"it is better: {span(found)}"
    smaller = f"{span(found)}, a {worsening(found)} of more than {value(found, margin)} is ruled out"
    return f"it got worse, but tolerably: {smaller}" if ends.high < 0 else smaller


def _failed(found: MetricComparison) -> str:
    if found.rule in ("at_least", "at_most"):
        return f"{span(found)}, beyond the bound {found.bound:g}"
    return f"it got worse: {span(found)}"


def _open(found: MetricComparison, margin: float) -> str:
    if found.rule in ("at_least", "at_most"):
        return f"{span(found)}, on both sides of the bound {found.bound:g}"
    if margin == 0:
        return f"{span(found)}, so better and not better are both possible"
    return f"{span(found)}, so both no change and a {worsening(found)} of more than {value(found, margin)} are possible"


def _turn(found: MetricComparison, low: float | None, high: float | None) -> tuple[float, float]:
    """Raw interval ends, turned; a bound on the candidate alone and a ratio of 1 come to lie at 0."""
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    if found.rule in ("at_least", "at_most"):
        origin, s = found.bound or 0.0, 1.0 if found.rule == "at_least" else -1.0
    else:
        origin = 1.0 if found.statistic == "ratio" else 0.0
        s = 1.0 if found.direction == "higher" or found.statistic.startswith("pass^") else -1.0
    ends = sorted((s * (low - origin), s * (high - origin)))
    return ends[0], ends[1]
