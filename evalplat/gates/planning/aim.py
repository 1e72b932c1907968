"""Aim: how far the truth lies from what the rule forbids."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalplat.errors import GateUndecidable
from evalplat.gates.effect import sign
from evalplat.gates.pairing import ends
from evalplat.records import MetricRule

from .checks import check_effect, check_margin


@dataclass(frozen=True, slots=True)
class Aim:
    """The words are those of Noise."""

    target: float | None
    truth: float
    allowance: float
    notes: tuple[str, ...] = ()


def aim_between(rule: MetricRule, stated: float, drift: float, notes: tuple[str, ...] = ()) -> Aim:
    """Of a comparison: the stated true change, and `drift` that failed trials add. Ratios are on the logarithm.

    Raises GateUndecidable for a margin that tolerates anything, and for a change that cannot be.
    """
    check_margin(rule)
    check_effect(rule, stated)
    margin = (rule.effect if rule.rule == "no_significant_drop" else rule.margin) or 0.0
    if rule.statistic != "ratio":
        return Aim(margin + stated + drift, stated + drift, margin, notes)
    truth = log_ratio(rule, stated) + drift
    return Aim(truth - log_ratio(rule, -margin), truth, margin, notes)


def log_ratio(rule: MetricRule, change: float) -> float:
    """A relative change for the better on the logarithm: 0.1 is a ratio of 1.1, of 0.9 where lower is better."""
    s = sign(rule)
    if s * change <= -1:
        raise GateUndecidable(f"metric {rule.metric}: a ratio cannot drop by 100 % or more")
    return s * math.log1p(s * change)


def aim_alone(rule: MetricRule, level: float) -> Aim:
    """Of rules at_least and at_most, were the candidate's value `level`."""
    check_margin(rule)
    s, bound = (1.0 if rule.rule == "at_least" else -1.0), rule.bound or 0.0
    best = None if rule.range is None else ends(rule.range)[1 if s > 0 else 0]
    note = f"{rule.metric}: the candidate is taken to be at {level:.4g}, the bound is {bound:g}"
    return Aim(s * (level - bound), 0.0, math.inf if best is None else abs(best - bound), (note,))
