"""Summarize: one system and metric at a time. Where scores are 0 or 1 a failed trial is a 0; else it is left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evalplat.records import ScoreTable, Summary, SystemSummary
from evalplat.stats import cluster_mean, pass_hat_k

from .pairing import Floats, Ints, of_cases


def summarize(table: ScoreTable, *, cluster: bool = True, confidence: float = 0.95) -> Summary:
    """Mean over cases of the mean over trials, by system and metric, in the order of the table.

    The standard error is CR2 over clusters, or over cases where there are none or `cluster` is False. Where scores are
    0 or 1 a failed trial counts as 0, and `pass_hat` is pass^k for k up to the smallest number of trials of a case;
    elsewhere failed trials are left out of the mean and counted in `failures`.
    """
    return Summary(systems=tuple(_rows(table, cluster, confidence)))


def _rows(table: ScoreTable, cluster: bool, confidence: float) -> Iterator[SystemSummary]:
    for s, system in enumerate(table.system.values):
        for m, metric in enumerate(table.metric.values):
            rows = np.flatnonzero((table.system.codes == s) & (table.metric.codes == m))
            if len(rows):
                yield _summary(table, rows, system, metric, cluster, confidence)


def _summary(
    table: ScoreTable, rows: Ints, system: str, metric: str, cluster: bool, confidence: float
) -> SystemSummary:
    failed = table.error.codes[rows] >= 0
    binary = is_binary(table, rows)
    scored = rows if binary else rows[~failed]
    score = np.where(failed, 0.0, table.score[rows]) if binary else table.score[scored]
    names, case = np.unique(table.case.codes[scored].astype(np.int64), return_inverse=True)
    n_all_cases = len(np.unique(table.case.codes[rows]))
    if not len(scored):
        return SystemSummary(
            system=system, metric=metric, n_cases=n_all_cases, n_clusters=0, n_trials=len(rows),
            failures=int(failed.sum()), mean=None, se=None, ci_low=None, ci_high=None, confidence=confidence,
        )  # fmt: skip
    trials = np.bincount(case)
    means = np.bincount(case, weights=score) / trials
    clusters = _clusters(table, names) if cluster else None
    weights = None
    if table.weight is not None:
        by_case = np.ones(len(table.case.values))
        by_case[table.case.codes] = table.weight
        weights = by_case[names]
    result = cluster_mean(means, clusters, weights)
    low, high = result.interval(confidence) if result.se is not None else (None, None)
    return SystemSummary(
        system=system,
        metric=metric,
        n_cases=n_all_cases,
        n_clusters=result.n_clusters,
        n_trials=len(rows),
        failures=int(failed.sum()),
        mean=result.estimate,
        se=result.se,
        ci_low=_within(low, binary),
        ci_high=_within(high, binary),
        confidence=confidence,
        pass_hat=_pass_hat(score, case, trials, weights) if binary else None,
    )


def _within(value: float | None, binary: bool) -> float | None:
    """An end of an interval, not outside of what scores of 0 and 1 can mean."""
    if value is None or not np.isfinite(value):
        return None
    return float(min(1.0, max(0.0, value))) if binary else float(value)


def _clusters(table: ScoreTable, cases: Ints) -> Ints | None:
    if table.cluster is None:
        return None
    mine = of_cases(table, table.cluster)[cases]
    alone = mine < 0
    mine[alone] = len(table.cluster.values) + np.arange(int(alone.sum()))
    _, compact = np.unique(mine, return_inverse=True)
    return compact.astype(np.int64)


def is_binary(table: ScoreTable, rows: Ints) -> bool:
    """Whether the scores are 0 or 1. Measured amounts never are, whatever their values happen to be."""
    scores = table.score[rows][table.error.codes[rows] < 0]
    amount = table.metric.values[table.metric.codes[rows[0]]] in ("cost_usd", "latency_s")
    return len(scores) > 0 and not amount and bool(np.isin(scores, (0.0, 1.0)).all())


def _pass_hat(score: Floats, case: Ints, trials: Ints, weights: Floats | None) -> dict[str, float]:
    passes = np.bincount(case, weights=score).astype(np.int64)
    return {
        str(k): float(np.average(pass_hat_k(passes, trials, k), weights=weights))
        for k in range(1, int(trials.min()) + 1)
    }
