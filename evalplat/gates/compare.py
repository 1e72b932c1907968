"""Compare: a score table, two systems and a policy -> Comparison. A pure function; no verdict is taken here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from evalplat.errors import GateUndecidable
from evalplat.records import Comparison, Finding, Flip, GatePolicy, MetricComparison, MetricRule, ScoreTable, Side

from .died import died
from .effect import sign
from .findings import comparison_findings, metric_findings
from .measure import Imputed, measure, unmeasured
from .pairing import Lacking, Pairs, ends, of_cases, pair
from .slices import Slices
from .stage import Levels, Stage


def compare(
    table: ScoreTable,
    policy: GatePolicy,
    *,
    baseline: str,
    candidate: str,
    lacking: Lacking = "limited",
    stage: Stage | None = None,
) -> Comparison:
    """Candidate against baseline on paired cases, for each metric and slice of the policy.

    `lacking` says what a case is that the candidate lacks: `failed` (runs of a suite: a failed trial), `limited`
    (score tables: a failed trial up to 2 % of the cases, beyond that no verdict) or `intersect` (left out, counted).
    `stage` says which look this is of a test that looks more than once; slices are measured as if it were the only one.

    Raises GateUndecidable where a system or metric is absent or no case is common.
    """
    for system in (baseline, candidate):
        if system not in table.systems:
            known = ", ".join(sorted(table.systems)[:10])
            raise GateUndecidable(f"no system {system!r} in the scores; there are: {known}")
    measured = [
        _metric(table, rule, policy, baseline, candidate, lacking, stage and (stage.levels[i], stage.planned_cases))
        for i, rule in enumerate(policy.metrics)
    ]
    pairs_of = [pairs for pairs, _ in measured]
    metrics = tuple(found for _, found in measured)
    slices = tuple(_slices(table, policy, pairs_of))
    first = next(i for i, rule in enumerate(policy.metrics) if rule.gating)
    findings = [*comparison_findings(table, metrics, baseline, candidate)]
    if baseline == candidate and not any(finding.code == "identical_runs" for finding in findings):
        message = f"{baseline} is compared with itself"
        findings.append(Finding(code="identical_runs", message=message))
    for rule, pairs, found in zip(policy.metrics, pairs_of, metrics, strict=True):
        findings.extend(metric_findings(pairs, rule, found))
        dead = died(pairs, rule) if rule.gating else None
        if dead is not None:
            findings.append(dead)
    return Comparison(
        baseline=_side(table, baseline),
        candidate=_side(table, candidate),
        estimand=policy.estimand,
        metrics=metrics,
        slices=slices,
        flips=_flips(pairs_of[first], policy.metrics[first]),
        findings=tuple(findings),
    )


def _metric(
    table: ScoreTable,
    rule: MetricRule,
    policy: GatePolicy,
    baseline: str,
    candidate: str,
    lacking: Lacking,
    look: tuple[Levels, int] | None,
) -> tuple[Pairs, MetricComparison]:
    pairs = pair(table, rule, policy, baseline=baseline, candidate=candidate, lacking=lacking)
    if not pairs.n_cases:
        return pairs, unmeasured(pairs, rule)
    _check_margin(pairs, rule)
    sensitivity = None
    if pairs.base_failed and not rule.alone:
        how = {"baseline": baseline, "candidate": candidate, "lacking": lacking}
        sensitivity = Imputed(
            best=pair(table, rule, policy, **how, baseline_failures="best"),  # type: ignore[arg-type]
            worst=pair(table, rule, policy, **how, baseline_failures="worst"),  # type: ignore[arg-type]
        )
    levels, planned = look or (None, None)
    return pairs, measure(
        pairs, rule, policy.estimand, sensitivity=sensitivity, levels=levels, planned_cases=planned
    )  # fmt: skip


def _check_margin(pairs: Pairs, rule: MetricRule) -> None:
    """A margin as wide as the range tolerates everything: a slip, such as 2 for 2 points."""
    tolerated = rule.margin if rule.rule == "non_inferiority" else rule.effect
    if tolerated is None or pairs.value_range is None or rule.statistic == "ratio":
        return
    lo, hi = ends(pairs.value_range)
    if tolerated >= hi - lo:
        raise GateUndecidable(
            f"metric {rule.metric}: a margin of {tolerated:g} tolerates any drop, as the scores lie between {lo:g} "
            f"and {hi:g}; 2 points are 0.02"
        )


def _slices(table: ScoreTable, policy: GatePolicy, pairs_of: list[Pairs]) -> Iterator[MetricComparison]:
    for name in policy.slices:
        column = table.slices.get(name)
        if column is None:
            known = ", ".join(sorted(table.slices)) or "none"
            raise GateUndecidable(f"slices: the scores have no column {name!r}; there are: {known}")
        by_case = of_cases(table, column)
        cut = [Slices.of(pairs, by_case[pairs.codes], len(column.values)) for pairs in pairs_of]
        for value in sorted(set(by_case[by_case >= 0].tolist()), key=lambda code: column.values[code]):
            for rule, slices in zip(policy.metrics, cut, strict=True):
                part = slices.part(value)
                if part.n_cases:
                    label = f"{name.removeprefix('slice.')}={column.values[value]}"
                    yield measure(part, rule, policy.estimand, slice_label=label)


def _flips(pairs: Pairs, rule: MetricRule) -> tuple[Flip, ...]:
    """Cases whose mean differs on the first gating metric, worst first, then by id."""
    change = sign(rule) * (pairs.candidate - pairs.baseline)
    order = np.flatnonzero(np.isfinite(change) & (change != 0))
    flips = [
        Flip(
            case_id=pairs.case_ids[i],
            metric=rule.metric,
            baseline=float(pairs.baseline[i]),
            candidate=float(pairs.candidate[i]),
            change=float(change[i]),
        )
        for i in order
    ]
    return tuple(sorted(flips, key=lambda flip: (flip.change, flip.case_id)))


def _side(table: ScoreTable, system: str) -> Side:
    """Cases and trials (not rows: a trial has a row for each metric) of a system."""
    rows = table.system.codes == table.system.code_of(system)
    keys = table.case.codes[rows].astype(np.int64) * (int(table.trial.max()) + 1) + table.trial[rows]
    return Side(ref=system, n_cases=_different(table.case.codes[rows]), n_trials=_different(keys))


def _different(codes: npt.NDArray[np.integer[Any]]) -> int:
    """How many different codes from 0 there are; counted, where they are dense, as sorting a million takes a second."""
    if len(codes) and int(codes.max()) < 4 * len(codes):
        return int(np.count_nonzero(np.bincount(codes)))
    return len(np.unique(codes))
