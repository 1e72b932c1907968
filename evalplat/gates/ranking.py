"""Ranking: several systems against each other on one metric, and which of their differences are real."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.records import (
    Column,
    GatePolicy,
    MetricComparison,
    MetricRule,
    RankedPair,
    RankedSystem,
    Ranking,
    ScoreTable,
)
from evalplat.stats import holm

from .letters import letters
from .measure import measure, unmeasured
from .pairing import LACKING_LIMIT, Lacking, pair
from .ranking_words import sentences

METHOD = "each pair on its common cases by the metric's own interval and test, two-sided; Holm over all pairs"


def rank(
    table: ScoreTable,
    policy: GatePolicy,
    *,
    baseline: str,
    candidates: Sequence[str],
    by: str | None = None,
    lacking: Lacking = "limited",
) -> Ranking:
    """All of baseline and candidates against each other on the first gating metric, or on `by`, a metric of the policy.

    The chance that any difference is called real that is not, or that goes the other way, is at most the metric's
    alpha. Both sides of a pair are treated alike: a failed trial is the worst score, whoever's it is, and so is a case
    of the baseline's that a system lacks, as `lacking` says (see `compare`). Cases of one cluster stay together.
    A difference that d clusters carry has no p-value below 2^(1 - d), the least that a sign-flip test could give.

    Places: a system is behind those shown to be better and ahead of those shown to be worse, and holds any place
    between; all places hold at once at 1 - alpha (Mogstad, Romano, Shaikh & Wilhelm, Review of Economic Studies 91
    (2024) 476-518). Holm with a direction for each two-sided test: Shaffer, Annals of Statistics 8 (1980) 1342-1347.

    Raises ValueError for fewer than two systems or one twice, GateUndecidable as `compare` does and where `by` is no
    metric of the policy.
    """
    names = (baseline, *candidates)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ValueError("candidates must be given, each but once, and none of them the baseline")
    stated = _rule(policy, by)
    n_pairs = len(names) * (len(names) - 1) // 2
    rule = symmetric(stated, stated.alpha / (2 * n_pairs))
    whole, too_few = _on_the_same_cases(table, rule, baseline, names, lacking)
    found = [_measured(whole, rule, policy, one, other, too_few) for one, other in combinations(names, 2)]
    adjusted = holm(np.array([two_sided(one, policy.estimand) for _, _, one in found]))
    pairs = tuple(
        RankedPair(ahead=ahead, behind=behind, comparison=one, p_adjusted=float(p), real=bool(p <= stated.alpha))
        for (ahead, behind, one), p in zip(found, adjusted, strict=True)
    )
    systems = _places(whole, rule, names, pairs)
    return Ranking(
        metric=stated.metric,
        statistic=rule.statistic,
        direction=stated.direction,
        alpha=stated.alpha,
        reference=baseline,
        systems=systems,
        pairs=_in_order(pairs, systems),
        sentences=sentences(systems, pairs),
        method=METHOD,
    )


def _rule(policy: GatePolicy, by: str | None) -> MetricRule:
    """The rule to rank by."""
    for rule in policy.metrics:
        if rule.metric == by or (by is None and rule.gating):
            return rule
    known = ", ".join(dict.fromkeys(rule.metric for rule in policy.metrics))
    raise GateUndecidable(f"the metric {by!r} to rank by is not in the policy; there are: {known}")


def symmetric(rule: MetricRule, alpha: float) -> MetricRule:
    """The same metric as a question about two systems, whatever the rule of the gate is."""
    return MetricRule(
        metric=rule.metric,
        rule="superiority",
        statistic=rule.statistic,
        direction=rule.direction,
        alpha=max(alpha, 1e-6),
        range=rule.range,
        # Both sides' failures are the worst, which `pair` takes for either from here.
        worst=rule.worst,
    )


def _on_the_same_cases(
    table: ScoreTable, rule: MetricRule, baseline: str, names: Sequence[str], lacking: Lacking
) -> tuple[ScoreTable, dict[str, str]]:
    """The metric's rows of these systems on the baseline's cases, with a failed row where one lacks a case; and those
    that lack too many, with the reason."""
    metric = table.metric.codes == table.metric.code_of(rule.metric)
    codes = {name: table.system.code_of(name) for name in names}
    asked = np.unique(table.case.codes[metric & (table.system.codes == codes[baseline])])
    keep = metric & np.isin(table.case.codes, asked) & np.isin(table.system.codes, list(codes.values()))
    parts, too_few = [table.of_rows(keep)], {}
    for name, code in codes.items():
        missing = np.setdiff1d(asked, table.case.codes[keep & (table.system.codes == code)])
        if not len(missing) or lacking == "intersect":
            continue
        if lacking == "limited" and len(missing) > LACKING_LIMIT * len(asked):
            too_few[name] = f"{name} lacks {len(missing)} of the {len(asked)} cases"
            continue
        parts.append(_failed(name, rule.metric, [table.case.values[at] for at in missing]))
    return (parts[0] if len(parts) == 1 else ScoreTable.concat(parts)), too_few


def _failed(system: str, metric: str, cases: Sequence[str]) -> ScoreTable:
    n = len(cases)
    return ScoreTable(
        system=Column.of([system] * n),
        case=Column.of(cases),
        metric=Column.of([metric] * n),
        trial=np.zeros(n, dtype=np.int32),
        score=np.full(n, np.nan),
        error=Column.of(["this case is lacking"] * n),
    )


def _measured(
    table: ScoreTable, rule: MetricRule, policy: GatePolicy, one: str, other: str, too_few: dict[str, str]
) -> tuple[str, str, MetricComparison]:
    """The pair with whichever is ahead first."""
    found = against(table, rule, policy, ahead=one, behind=other)
    if ahead_of(found, rule) < 0:
        one, other = other, one
        found = against(table, rule, policy, ahead=one, behind=other)
    blocked = too_few.get(one) or too_few.get(other)
    return one, other, found if blocked is None else found.model_copy(update={"unusable": blocked})


def against(table: ScoreTable, rule: MetricRule, policy: GatePolicy, *, ahead: str, behind: str) -> MetricComparison:
    """Two systems on the cases that both have, a failed trial of either as the worst score."""
    pairs = pair(
        table, rule, policy, baseline=behind, candidate=ahead, lacking="intersect", baseline_failures="worst"
    )  # fmt: skip
    if not pairs.n_cases:
        return unmeasured(pairs, rule)
    found = measure(pairs, rule, policy.estimand, plan=False)
    if pairs.base_unknown and found.unusable is None:
        failed = f"{len(pairs.base_unknown)} failed trials of {behind} have no value"
        why = f"{failed}; declare the metric's range, or `worst` in the policy"
        return found.model_copy(update={"unusable": why})
    return found


def ahead_of(found: MetricComparison, rule: MetricRule) -> float:
    """Above 0 where the candidate of the comparison is better, below where it is worse."""
    if found.difference is None:
        return 0.0
    higher = rule.direction == "higher" or rule.statistic.startswith("pass^")
    return (found.difference - (1.0 if rule.statistic == "ratio" else 0.0)) * (1 if higher else -1)


def two_sided(found: MetricComparison, estimand: str) -> float:
    """Two-sided, and not below what the clusters that differ could show by their signs alone.

    Of exactly these cases (`suite`) it is the trials that vary, and no count of clusters bounds what they can show.
    """
    if found.unusable is not None or found.p_value is None:
        return 1.0
    if estimand == "suite" or found.differing_clusters is None:
        return found.p_value
    return max(found.p_value, min(1.0, 2.0 ** (1 - found.differing_clusters)))


def _places(
    table: ScoreTable, rule: MetricRule, names: Sequence[str], pairs: Sequence[RankedPair]
) -> tuple[RankedSystem, ...]:
    above = {name: {one.ahead for one in pairs if one.real and one.behind == name} for name in names}
    below = {name: {one.behind for one in pairs if one.real and one.ahead == name} for name in names}
    values = {name: _value(name, pairs) for name in names}
    higher = rule.direction == "higher" or rule.statistic.startswith("pass^")

    def place(name: str) -> tuple[bool, float, int]:
        value = values[name]
        return value is None, 0.0 if value is None else -value if higher else value, names.index(name)

    order = sorted(names, key=place)
    shared = letters(order, {frozenset((one.ahead, one.behind)) for one in pairs if one.real})
    codes = {name: table.system.code_of(name) for name in names}
    return tuple(
        RankedSystem(
            system=name,
            value=values[name],
            n_cases=len(np.unique(table.case.codes[table.system.codes == codes[name]])),
            n_failures=int(np.count_nonzero((table.system.codes == codes[name]) & (table.error.codes >= 0))),
            first=1 + len(above[name]),
            last=len(names) - len(below[name]),
            letters=shared[name],
            better_than=tuple(other for other in order if other in below[name]),
            worse_than=tuple(other for other in order if other in above[name]),
        )
        for name in order
    )


def _value(name: str, pairs: Sequence[RankedPair]) -> float | None:
    """The system's level, of the pair with the most cases."""
    mine = [one for one in pairs if name in (one.ahead, one.behind)]
    widest = max(mine, key=lambda one: one.comparison.n_cases).comparison
    ahead = any(one.comparison is widest and one.ahead == name for one in mine)
    return widest.candidate if ahead else widest.baseline


def _in_order(pairs: Sequence[RankedPair], systems: Sequence[RankedSystem]) -> tuple[RankedPair, ...]:
    at = {one.system: place for place, one in enumerate(systems)}
    return tuple(sorted(pairs, key=lambda one: tuple(sorted((at[one.ahead], at[one.behind])))))
