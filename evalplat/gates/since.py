"""Since: what all changes since an anchor add up to, run by run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.records import Drift, GatePolicy, MetricComparison, MetricRule, ScoreTable
from evalplat.stats import holm

from .ranking import against, ahead_of, symmetric, two_sided

ALPHA = 0.05


def since(table: ScoreTable, policy: GatePolicy, *, anchor: str, runs: Sequence[str]) -> dict[str, tuple[Drift, ...]]:
    """By run, each gating metric that compares two systems against the anchor's, on the cases that both have.

    Intervals are each at 95 %. A drift is `real` by Holm over all runs and metrics at 0.05, two-sided. Both sides'
    failed trials are the worst score. A metric that a run has not, or without a common case, is left out.
    """
    found: list[tuple[str, MetricRule, MetricComparison]] = []
    for rule in (symmetric(one, ALPHA / 2) for one in policy.metrics if one.gating and one.rule != "zero"):
        for run in runs:
            try:
                found.append((run, rule, against(table, rule, policy, ahead=run, behind=anchor)))
            except GateUndecidable:
                continue  # no common case or no such metric: nothing is known of its drift, and nothing is shown
    adjusted = holm(np.array([two_sided(one, policy.estimand) for _, _, one in found]))
    by_run: dict[str, tuple[Drift, ...]] = dict.fromkeys(runs, ())
    for (run, rule, one), p in zip(found, adjusted, strict=True):
        made = Drift(comparison=one, p_adjusted=float(p), real=bool(p <= ALPHA), worse=ahead_of(one, rule) < 0)
        by_run[run] = (*by_run[run], made)
    return by_run
