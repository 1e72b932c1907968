"""Pairing: from a score table to one metric's paired cases, with the contract's rules for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from evalplat.errors import GateUndecidable
from evalplat.records import Column, GatePolicy, MetricRule, ScoreTable
from evalplat.records.policy import ValueRange

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Lacking = Literal["failed", "limited", "intersect"]

LACKING_LIMIT = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One system's usable trials of one metric. `case` holds codes of the table's case column."""

    case: Ints
    trial: Ints
    value: Floats
    failed_cases: Ints
    """Cases of failed trials, one entry a trial."""
    unknown_cases: Ints
    """Cases of failed trials whose value the rules cannot supply."""
    rows: Ints
    """By case code: how many rows there are, failed or not."""

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """By case code: has any row at all."""
        return self.rows > 0


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Paired cases of one metric. Arrays of shape (n_cases,) unless said otherwise."""

    case_ids: tuple[str, ...]
    codes: Ints
    baseline: Floats
    candidate: Floats
    baseline_trials: Ints
    candidate_trials: Ints
    clusters: Ints | None
    weights: Floats | None
    base_values: Floats
    base_cases: Ints
    """(n baseline trials,): position of the trial's case in the arrays above."""
    cand_values: Floats
    cand_cases: Ints
    value_range: ValueRange | None
    range_declared: bool
    base_failed: tuple[str, ...]
    cand_failed: tuple[str, ...]
    cand_unknown: tuple[str, ...]
    base_unknown: tuple[str, ...]
    lacking: tuple[str, ...]
    extra: tuple[str, ...]
    n_expected: int
    left_out: bool
    """Cases lacking in the candidate were left out, not counted as failed."""
    too_many_lack: bool
    """They were left out because they are too many, not because the user asked for it."""

    @property
    def n_cases(self) -> int:
        """Number of paired cases."""
        return len(self.codes)

    @property
    def clustered(self) -> bool:
        """Whether some cases share a cluster."""
        return self.clusters is not None


def pair(
    table: ScoreTable,
    rule: MetricRule,
    policy: GatePolicy,
    *,
    baseline: str,
    candidate: str,
    lacking: Lacking,
    baseline_failures: Literal["exclude", "best", "worst"] = "exclude",
) -> Pairs:
    """Paired case means of one metric.

    A failed candidate trial is the worst score of its range; an unbounded metric takes the recorded value, else the
    rule's `worst`. A failed baseline trial is left out, or set to the `best` or the `worst` that it could have been.

    Raises GateUndecidable where a system or metric is absent or no case is common.
    """
    value_range = rule.range if rule.range is not None else _inferred_range(table, rule.metric)
    _check_range(table, rule)
    base = _arm(table, rule, baseline, value_range, baseline_failures)
    cand = _arm(table, rule, candidate, value_range, "worst")
    n_codes = len(table.case.values)
    missing = np.flatnonzero(base.present & ~cand.present)
    n_expected = int(base.present.sum())
    if not (base.present & cand.present).any():
        raise GateUndecidable(f"metric {rule.metric}: {baseline} and {candidate} have no case in common")
    impute = lacking == "failed" or (lacking == "limited" and len(missing) <= LACKING_LIMIT * n_expected)
    if impute and len(missing):
        cand = _with_lacking(cand, np.repeat(missing, base.rows[missing]), rule, value_range)
    base_n = np.bincount(base.case, minlength=n_codes)
    cand_n = np.bincount(cand.case, minlength=n_codes)
    codes = _by_name(table.case.values, np.flatnonzero(_compared(rule, base, base_n, cand_n)))
    position = np.full(n_codes, -1, dtype=np.int64)
    position[codes] = np.arange(len(codes))
    base_in, cand_in = position[base.case] >= 0, position[cand.case] >= 0
    base_values, base_cases = base.value[base_in], position[base.case[base_in]]
    cand_values, cand_cases = cand.value[cand_in], position[cand.case[cand_in]]
    names = table.case.values
    n = len(codes)
    return Pairs(
        case_ids=tuple(names[code] for code in codes),
        codes=codes,
        baseline=_case_means(base_values, base_cases, n),
        candidate=_case_means(cand_values, cand_cases, n),
        baseline_trials=np.bincount(base_cases, minlength=n),
        candidate_trials=np.bincount(cand_cases, minlength=n),
        clusters=cluster_codes(table, policy, codes),
        weights=case_weights(table, codes),
        base_values=base_values,
        base_cases=base_cases,
        cand_values=cand_values,
        cand_cases=cand_cases,
        value_range=value_range,
        range_declared=rule.range is not None,
        base_failed=_named(names, base.failed_cases),
        cand_failed=_named(names, cand.failed_cases),
        cand_unknown=_named(names, cand.unknown_cases),
        base_unknown=_named(names, base.unknown_cases),
        lacking=_named(names, missing),
        extra=_named(names, np.flatnonzero(cand.present & ~base.present)),
        n_expected=n_expected,
        left_out=bool(len(missing)) and not impute,
        too_many_lack=bool(len(missing)) and not impute and lacking == "limited",
    )


def _arm(
    table: ScoreTable,
    rule: MetricRule,
    system: str,
    value_range: ValueRange | None,
    failed: Literal["exclude", "best", "worst"],
) -> Arm:
    rows = np.flatnonzero(
        (table.system.codes == table.system.code_of(system)) & (table.metric.codes == table.metric.code_of(rule.metric))
    )
    if not len(rows):
        raise GateUndecidable(_nothing(table, rule.metric, system))
    case = table.case.codes[rows].astype(np.int64)
    value = table.score[rows].copy()
    trial = table.trial[rows].astype(np.int64)
    has_failed = table.error.codes[rows] >= 0
    count = np.bincount(case, minlength=len(table.case.values))
    usable = np.ones(len(rows), dtype=bool)
    if has_failed.any():
        if failed == "exclude":
            usable = ~has_failed
        else:
            value[has_failed] = _supplied(value[has_failed], rule, value_range, failed)
            usable = np.isfinite(value)
    unknown = case[has_failed & ~usable] if failed != "exclude" else case[:0]
    return Arm(case[usable], trial[usable], value[usable], case[has_failed], unknown, count)


def _supplied(
    recorded: Floats, rule: MetricRule, value_range: ValueRange | None, end: Literal["best", "worst"]
) -> Floats:
    if value_range is not None:
        lo, hi = ends(value_range)
        good, bad = (hi, lo) if rule.direction == "higher" else (lo, hi)
        return np.full(len(recorded), good if end == "best" else bad)
    stated = rule.best if end == "best" else rule.worst
    return np.where(np.isfinite(recorded), recorded, np.nan if stated is None else stated)


def _with_lacking(arm: Arm, missing: Ints, rule: MetricRule, value_range: ValueRange | None) -> Arm:
    value = _supplied(np.full(len(missing), np.nan), rule, value_range, "worst")
    known = np.isfinite(value)
    return Arm(
        case=np.concatenate([arm.case, missing[known]]),
        trial=np.concatenate([arm.trial, np.zeros(int(known.sum()), dtype=np.int64)]),
        value=np.concatenate([arm.value, value[known]]),
        failed_cases=np.concatenate([arm.failed_cases, missing]),
        unknown_cases=np.concatenate([arm.unknown_cases, missing[~known]]),
        rows=arm.rows,
    )


def ends(value_range: ValueRange) -> tuple[float, float]:
    """Lowest and highest value of a range."""
    return (0.0, 1.0) if value_range == "binary" else value_range


def _compared(rule: MetricRule, base: Arm, base_n: Ints, cand_n: Ints) -> npt.NDArray[np.bool_]:
    """Which cases count: both sides' where two are compared; else the candidate's, whatever became of the baseline."""
    if rule.rule == "zero":
        return cand_n > 0
    return (cand_n > 0) & (base.present if rule.alone else base_n > 0)


def _by_name(names: tuple[str, ...], codes: Ints) -> Ints:
    """Codes in the order of their names, so that the order of a table's rows changes nothing."""
    return np.array(sorted(codes.tolist(), key=names.__getitem__), dtype=np.int64)


def _check_range(table: ScoreTable, rule: MetricRule) -> None:
    if rule.range is None:
        return
    rows = (table.metric.codes == table.metric.code_of(rule.metric)) & (table.error.codes < 0)
    lo, hi = ends(rule.range)
    outside = (table.score < lo) | (table.score > hi)
    if rule.range == "binary":
        outside |= ~np.isin(table.score, (0.0, 1.0))
    for row in np.flatnonzero(rows & outside)[:1]:
        case = table.case.values[table.case.codes[row]]
        raise GateUndecidable(
            f"metric {rule.metric}: the score {table.score[row]:g} of case {case} is outside the declared range"
        )


def _inferred_range(table: ScoreTable, metric: str) -> ValueRange | None:
    """`binary` where every score of the metric, of any system, is 0 or 1: the stricter reading of silence.

    Measured amounts are never binary, whatever their values happen to be.
    """
    mine = table.metric.codes == table.metric.code_of(metric)
    scores = table.score[mine & np.isfinite(table.score)]
    if metric in ("cost_usd", "latency_s") or not len(scores):
        return None
    return "binary" if bool(np.isin(scores, (0.0, 1.0)).all()) else None


def _case_means(values: Floats, cases: Ints, n: int) -> Floats:
    """Means by case; NaN for a case without a usable trial, which only rules about the other side keep."""
    count = np.bincount(cases, minlength=n)
    means = np.full(n, np.nan)
    np.divide(np.bincount(cases, weights=values, minlength=n), count, out=means, where=count > 0)
    return means


def cluster_codes(table: ScoreTable, policy: GatePolicy, codes: Ints) -> Ints | None:
    """Cluster codes of the cases, from 0; None where unclustered or all groups are of one case."""
    column = table.cluster
    if policy.cluster == "none":
        column = None
    elif policy.cluster not in (None, "cluster"):
        column = table.slices.get(policy.cluster or "")
        if column is None:
            raise GateUndecidable(f"cluster: the scores have no column {policy.cluster!r}")
    elif policy.cluster == "cluster" and column is None:
        raise GateUndecidable("cluster: the scores have no column 'cluster'; `none` treats cases as independent")
    if column is None:
        return None
    mine = of_cases(table, column)[codes]
    alone = mine < 0
    mine[alone] = len(column.values) + np.arange(int(alone.sum()))
    return compact(mine)


def of_cases(table: ScoreTable, column: Column) -> Ints:
    """Codes by case of a column that belongs to the case. Raises GateUndecidable where rows contradict each other."""
    try:
        return table.of_cases(column)
    except ValueError as err:
        raise GateUndecidable(str(err)) from err


def compact(groups: Ints) -> Ints | None:
    """Group codes from 0 in the order of appearance; None where all groups are of one case."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    if len(first) == len(groups):
        return None
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    codes: Ints = rank[inverse]
    return codes


def case_weights(table: ScoreTable, codes: Ints) -> Floats | None:
    """Weights of the cases; None where all are the same."""
    if table.weight is None:
        return None
    by_case = np.ones(len(table.case.values))
    by_case[table.case.codes] = table.weight
    mine = by_case[codes]
    return None if len(mine) == 0 or np.all(mine == mine[0]) else mine


def _named(names: tuple[str, ...], codes: Ints) -> tuple[str, ...]:
    return tuple(names[code] for code in codes)


def _nothing(table: ScoreTable, metric: str, system: str) -> str:
    if system not in table.systems:
        return f"no system {system!r} in the scores; there are: {_listed(table.systems)}"
    if metric not in table.metrics:
        return f"no metric {metric!r} in the scores; there are: {_listed(table.metrics)}"
    return f"system {system!r} has no score of metric {metric!r}"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(sorted(names)[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
