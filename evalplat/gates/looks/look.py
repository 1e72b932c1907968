"""Look: what is kept of one look, with the bounds that the difference had to clear."""

from __future__ import annotations

import math

from evalplat.gates.rules import turned
from evalplat.records import Decision, Look, LookMetric, MetricDecision

from .schedule import Schedule


def look_of(number: int, decision: Decision, schedule: Schedule) -> Look:
    """The record of look `number`, from the decision that it would have been."""
    rows = tuple(_row(one) for one in decision.metrics if one.comparison.gating)
    cases = schedule.cases[number - 1]
    rule = next(one.comparison for one in decision.metrics if one.comparison.gating)
    return Look(
        look=number,
        cases=cases,
        clusters=schedule.clusters[number - 1],
        calls=rule.n_trials[1],
        difference=rows[0].difference,
        pass_bound=rows[0].pass_bound,
        fail_bound=rows[0].fail_bound,
        metrics=rows,
    )


def _row(one: MetricDecision) -> LookMetric:
    """The bounds of the difference at this look: as far off as the interval's ends are from what they must clear."""
    found = one.comparison
    ends = turned(found)
    pass_bound = fail_bound = None
    if ends is not None and found.difference is not None and found.level is not None and found.rule != "zero":
        s = -1.0 if found.direction == "lower" and not found.statistic.startswith("pass^") else 1.0
        margin = found.margin or 0.0 if found.rule == "non_inferiority" else 0.0
        level = found.candidate if found.rule in ("at_least", "at_most") else found.difference
        if level is not None and math.isfinite(ends.pass_low):
            pass_bound = level + s * (-margin - ends.pass_low)
        if level is not None and math.isfinite(ends.high):
            fail_bound = level - s * ends.high
    return LookMetric(
        metric=found.metric,
        difference=found.difference,
        pass_bound=pass_bound,
        fail_bound=fail_bound,
        level=found.level,
        verdict=one.verdict,
    )
