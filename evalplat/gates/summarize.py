"""Summarize: one system and metric at a time. Failed trials are counted, and left out of the mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evalplat.records import ScoreTable, Summary, SystemSummary
from evalplat.stats import cluster_mean, pass_hat_k

from .pairing import Ints


def summarize(table: ScoreTable, *, cluster: bool = True, confidence: float = 0.95) -> Summary:
    """Mean over cases of the mean over trials, by system and metric, in the order of the table.

    The standard error is CR2 over clusters, or over cases where there are none or `cluster` is False. `pass_hat` is
    pass^k for k up to the smallest number of trials of a case, where scores are 0 or 1; there a failed trial is not
    a pass.
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
    scored = rows[~failed]
    names, case = np.unique(table.case.codes[scored].astype(np.int64), return_inverse=True)
    n_all_cases = len(np.unique(table.case.codes[rows]))
    if not len(scored):
        return SystemSummary(
            system=system, metric=metric, n_cases=n_all_cases, n_clusters=0, n_trials=len(rows),
            failures=int(failed.sum()), mean=None, se=None, ci_low=None, ci_high=None, confidence=confidence,
        )  # fmt: skip
    trials = np.bincount(case)
    means = np.bincount(case, weights=table.score[scored]) / trials
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
        ci_low=_finite(low),
        ci_high=_finite(high),
        confidence=confidence,
        pass_hat=_pass_hat(table, rows),
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _clusters(table: ScoreTable, cases: Ints) -> Ints | None:
    if table.cluster is None:
        return None
    by_case = np.full(len(table.case.values), -1, dtype=np.int64)
    by_case[table.case.codes] = table.cluster.codes
    mine = by_case[cases]
    alone = mine < 0
    mine[alone] = len(table.cluster.values) + np.arange(int(alone.sum()))
    _, compact = np.unique(mine, return_inverse=True)
    return compact.astype(np.int64)


def _pass_hat(table: ScoreTable, rows: Ints) -> dict[str, float] | None:
    failed = table.error.codes[rows] >= 0
    score = np.where(failed, 0.0, table.score[rows])
    if not np.isin(score, (0.0, 1.0)).all():
        return None
    _, case = np.unique(table.case.codes[rows], return_inverse=True)
    trials = np.bincount(case)
    passes = np.bincount(case, weights=score).astype(np.int64)
    return {str(k): float(np.mean(pass_hat_k(passes, trials, k))) for k in range(1, int(trials.min()) + 1)}
