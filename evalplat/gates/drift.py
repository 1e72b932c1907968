"""Drift: whether a kept baseline still is what it was, from a share of it that was run again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalplat.records import Finding, GatePolicy, MetricRule, ScoreTable
from evalplat.stats import fisher_less, holm

from .compare import compare

ALPHA = 0.01
"""Two-sided, over all gating metrics: a false alarm costs a new baseline in 1 of 100 gates."""

Bools = npt.NDArray[np.bool_]


def drift(table: ScoreTable, policy: GatePolicy, *, kept: str, again: str) -> Finding | None:
    """`baseline_stale` where the systems `kept` and `again`, the same agent at two times, differ on a gating metric.

    Of each metric two things are tested, by Holm over all: the mean of the scores that there are on both sides, and the
    share of failed trials on the cases that both have (Fisher, two-sided by doubling). A metric that one of them lacks
    is left out.
    """
    rules = {rule.metric: rule for rule in policy.metrics if rule.gating}
    tests = [test for rule in rules.values() for test in _tests(table, policy, rule, kept, again)]
    if not tests:
        return None
    adjusted = holm(np.array([test.p_value for test in tests]))
    worst = int(np.argmin(adjusted))
    if adjusted[worst] > ALPHA:
        return None
    return Finding(
        code="baseline_stale",
        message=f"{tests[worst].told} (p {adjusted[worst]:.2g}); what it talks to has changed",
        metric=tests[worst].metric,
    )


@dataclass(frozen=True, slots=True)
class _Test:
    metric: str
    p_value: float
    told: str


def _tests(table: ScoreTable, policy: GatePolicy, rule: MetricRule, kept: str, again: str) -> list[_Test]:
    sides = _sides(table, rule.metric, kept, again)
    if not all(side.any() for side in sides):
        return []
    answered = table.error.codes < 0
    found = [_failures(rule.metric, *sides, answered)]
    scored = [side & answered for side in sides]
    if np.intersect1d(table.case.codes[scored[0]], table.case.codes[scored[1]]).size:
        found.append(_means(table.of_rows(scored[0] | scored[1]), policy, rule, kept, again))
    return found


def _sides(table: ScoreTable, metric: str, kept: str, again: str) -> tuple[Bools, Bools]:
    """Rows of a metric on each side, of the cases that both have."""
    rows = table.metric.codes == table.metric.code_of(metric)
    before, after = (rows & (table.system.codes == table.system.code_of(name)) for name in (kept, again))
    both = np.intersect1d(table.case.codes[before], table.case.codes[after])
    common = np.isin(table.case.codes, both)
    return before & common, after & common


def _failures(metric: str, before: Bools, after: Bools, answered: Bools) -> _Test:
    n, m = int(after.sum()), int(before.sum())
    failed, failed_before = int((after & ~answered).sum()), int((before & ~answered).sum())
    less = fisher_less([failed, failed_before], [n, m], [failed_before, failed], [m, n])
    told = f"{metric}: {failed_before} of {m} of the baseline's trials failed when it was kept, and {failed} of {n} now"
    return _Test(metric, min(1.0, 2.0 * float(less.min())), told)


def _means(scored: ScoreTable, policy: GatePolicy, rule: MetricRule, kept: str, again: str) -> _Test:
    watched = MetricRule(metric=rule.metric, rule="superiority", direction=rule.direction, range=rule.range)
    check = policy.model_copy(update={"metrics": (watched,), "slices": (), "estimand": "population"})
    one = compare(scored, check, baseline=kept, candidate=again, lacking="intersect").metrics[0]
    told = (
        f"{rule.metric}: the baseline was {_shown(one.baseline)} on {one.n_cases} cases when it was kept, and is "
        f"{_shown(one.candidate)} now"
    )
    return _Test(rule.metric, 1.0 if one.p_value is None else one.p_value, told)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
