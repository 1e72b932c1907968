"""Drift: whether a kept baseline still is what it was, from a share of it that was run again."""

from __future__ import annotations

import numpy as np

from evalplat.records import Finding, GatePolicy, MetricRule, ScoreTable
from evalplat.stats import holm

from .compare import compare

ALPHA = 0.01
"""Two-sided, over all gating metrics: a false alarm costs a new baseline in 1 of 100 gates."""


def drift(table: ScoreTable, policy: GatePolicy, *, kept: str, again: str) -> Finding | None:
    """`baseline_stale` where the systems `kept` and `again`, the same agent at two times, differ on a gating metric.

    Raises GateUndecidable where they have no case in common.
    """
    rules = [rule for rule in policy.metrics if rule.gating]
    metrics = {rule.metric: rule for rule in rules}
    watched = tuple(
        MetricRule(metric=name, rule="superiority", direction=rule.direction, range=rule.range, worst=rule.worst)
        for name, rule in metrics.items()
    )
    check = policy.model_copy(update={"metrics": watched, "slices": (), "estimand": "population"})
    found = compare(table, check, baseline=kept, candidate=again, lacking="intersect")
    p_values = np.array([1.0 if one.p_value is None else one.p_value for one in found.metrics])
    adjusted = holm(p_values)
    worst = int(np.argmin(adjusted))
    if adjusted[worst] > ALPHA:
        return None
    one = found.metrics[worst]
    return Finding(
        code="baseline_stale",
        message=f"{one.metric}: the baseline was {one.baseline:.4g} on {one.n_cases} cases when it was kept, and is "
        f"{one.candidate:.4g} now (p {adjusted[worst]:.2g}); what it talks to has changed",
        metric=one.metric,
    )
