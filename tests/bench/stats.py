"""The statistical engine beside scipy and statsmodels on the same data, in one process, in turn.

    python tests/bench/stats.py

Prints medians of seconds, peak memory and ratios (theirs / ours: above 1 we are faster). Rivals that would take minutes
run a part of the work, and the line says so: their time is linear in rows and in resamples.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.stats
import statsmodels.api as sm

from evalplat.gates import compare, decide
from evalplat.records import Column, GatePolicy, MetricRule, ScoreTable
from evalplat.stats import bootstrap_t, cluster_mean, sign_flip

ROUNDS, RESAMPLES = 3, 10_000
ROWS, CLUSTERS = 10**6, 10**4
CASES, TRIALS, SLICES = 50_000, 5, 200


@dataclass(frozen=True)
class Task:
    """Something to time; `run` returns its answer. Only a `part` of the work is done, as `says` says: time / part."""

    name: str
    run: Callable[[], str]
    part: float = 1.0
    says: str = ""


def rounds(ours: Task, *theirs: Task) -> None:
    """Time the tasks in turn, first round unheeded, and print medians, peak memory and ratios."""
    tasks, taken, said = (ours, *theirs), {}, {}
    for _ in range(ROUNDS + 1):
        for task in tasks:
            begun = time.perf_counter()
            said[task.name] = task.run()
            taken.setdefault(task.name, []).append((time.perf_counter() - begun) / task.part)
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    for task in tasks:
        tracemalloc.start()
        task.run()
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        ratio = "" if task is ours else f"  ratio {medians[task.name] / medians[ours.name]:8.1f}"
        scaled = "" if task.part == 1 else f"  ({task.says} run, time scaled)"
        line = f"  {task.name:<40} {medians[task.name]:9.3f} s {peak:7.0f} MB  {said[task.name]}"
        print(f"{line}{ratio}{scaled}", flush=True)


def ends(interval: tuple[float, float]) -> str:
    """An interval, briefly."""
    return f"[{interval[0]:+.6f}, {interval[1]:+.6f}]"


def binary_pairs() -> None:
    """A million pairs of one binary trial, no clusters."""
    print(f"{ROWS:,} binary pairs, {RESAMPLES:,} resamples: 90 % interval, and p of no change")
    y = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], ROWS, p=[0.1, 0.8005, 0.0995])
    few, part = 20, y[:10_000]

    def boot() -> str:
        found = scipy.stats.bootstrap(
            (y,), np.mean, confidence_level=0.9, n_resamples=few, batch=4, method="percentile", rng=1
        )
        return ends(found.confidence_interval)

    def permute() -> str:
        found = scipy.stats.permutation_test(
            (part,), np.mean, permutation_type="samples", n_resamples=few, batch=few, vectorized=True, rng=1
        )
        return f"(p {found.pvalue:.2f})"

    rounds(
        Task("evalplat.stats.bootstrap_t", lambda: ends(bootstrap_t(y, seed=1, resamples=RESAMPLES).interval(0.9))),
        Task("scipy.stats.bootstrap, percentile", boot, few / RESAMPLES, f"{few} resamples"),
    )
    rounds(
        Task("evalplat.stats.sign_flip", lambda: f"p {sign_flip(y, seed=1, draws=RESAMPLES).p_value:.4f}"),
        Task(
            "scipy.stats.permutation_test",
            permute,
            few / RESAMPLES * part.size / ROWS,
            f"{part.size:,} rows and {few} resamples",
        ),
    )


def clustered_rows() -> None:
    """A million rows in ten thousand uneven clusters."""
    print(f"{ROWS:,} rows in {CLUSTERS:,} clusters: clustered standard error, and {RESAMPLES:,} sign-flips")
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, CLUSTERS, ROWS)
    y = rng.normal(0.002, 1, ROWS) + 0.1 * rng.normal(size=CLUSTERS)[clusters]
    few = 50

    def regression() -> str:
        fit = sm.OLS(y, np.ones(ROWS)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
        return f"se {fit.bse[0]:.8f}"

    def permute() -> str:
        found = scipy.stats.permutation_test(
            (np.bincount(clusters, y),), np.sum, permutation_type="samples", n_resamples=few, batch=few, rng=1
        )
        return f"(p {found.pvalue:.2f})"

    rounds(
        Task("evalplat.stats.cluster_mean, CR2", lambda: f"se {cluster_mean(y, clusters).se:.8f}"),
        Task("statsmodels OLS, cov_type=cluster", regression),
    )
    rounds(
        Task("evalplat.stats.sign_flip", lambda: f"p {sign_flip(y, clusters, seed=1, draws=RESAMPLES).p_value:.4f}"),
        Task("scipy.stats.permutation_test of sums", permute, few / RESAMPLES, f"{few} resamples"),
    )


def score_table() -> ScoreTable:
    """Two systems, four metrics, clusters of five cases, two hundred slices."""
    rng = np.random.default_rng(0)
    n, metrics = 2 * CASES * TRIALS, ("success", "quality", "cost_usd", "latency_s")
    case = np.tile(np.repeat(np.arange(CASES, dtype=np.int32), TRIALS), 2)
    skill = rng.beta(2, 1, CASES)[case]
    scores = [
        (rng.random(n) < skill).astype(float),
        np.clip(skill + 0.2 * rng.normal(size=n), 0, 1),
        rng.lognormal(-4, 0.5, n) * (1 + skill),
        rng.lognormal(0, 0.7, n),
    ]
    every = np.tile(case, len(metrics))
    return ScoreTable(
        system=Column(np.tile(np.repeat(np.arange(2, dtype=np.int32), n // 2), len(metrics)), ("base", "cand")),
        case=Column(every, tuple(f"case-{i:05d}" for i in range(CASES))),
        metric=Column(np.repeat(np.arange(len(metrics), dtype=np.int32), n), metrics),
        trial=np.tile(np.arange(TRIALS, dtype=np.int32), 2 * CASES * len(metrics)),
        score=np.concatenate(scores),
        error=Column(np.full(n * len(metrics), -1, dtype=np.int32), ()),
        cluster=Column(every // 5, tuple(f"source-{i}" for i in range(CASES // 5))),
        slices={"slice.topic": Column(every // 5 % SLICES, tuple(f"topic-{i}" for i in range(SLICES)))},
    )


def whole_gate() -> None:
    """All metrics and slices, from the table to the decision; theirs measures the slices alone."""
    print(f"{CASES:,} cases x {TRIALS} trials x 4 metrics, {SLICES} slices: from the score table to the decision")
    table = score_table()
    rules = (
        MetricRule(metric="success", margin=0.02),
        MetricRule(metric="quality", margin=0.02, range=(0.0, 1.0)),
        MetricRule(metric="cost_usd", statistic="ratio", margin=0.1, direction="lower"),
        MetricRule(metric="latency_s", statistic="p95", margin=0.5, direction="lower"),
    )
    policy = GatePolicy(metrics=rules, slices=("slice.topic",))

    def gate() -> str:
        comparison = compare(table, policy, baseline="base", candidate="cand")
        return f"{decide(comparison, policy).verdict}, {len(comparison.slices)} slices measured"

    scores = table.score.reshape(4, 2, CASES, TRIALS).mean(axis=3)
    cluster, few = np.arange(CASES) // 5, 4

    def rival() -> str:
        for (base, cand), rule in zip(scores, rules, strict=True):
            for value in range(few):
                keep = np.flatnonzero(cluster % SLICES == value)
                if rule.statistic == "mean":
                    d = (cand - base)[keep]
                    sm.OLS(d, np.ones(d.size)).fit(cov_type="cluster", cov_kwds={"groups": cluster[keep]})
                else:
                    statistic = ratio if rule.statistic == "ratio" else p95
                    pairs = (cand[keep], base[keep])
                    scipy.stats.bootstrap(pairs, statistic, paired=True, n_resamples=9999, method="percentile", rng=1)
        return f"{4 * few} slices measured"

    rounds(
        Task("evalplat.gates.compare and decide", gate),
        Task("statsmodels OLS, scipy.stats.bootstrap", rival, few / SLICES, f"{few} of {SLICES} slices"),
    )
    print(
        "  (theirs: means of cases made beforehand, no pairing, no clusters in the bootstrap, no rule, no adjustment)"
    )


def ratio(cand: np.ndarray, base: np.ndarray, axis: int = -1) -> np.ndarray:
    """Of totals."""
    return cand.sum(axis) / base.sum(axis)


def p95(cand: np.ndarray, base: np.ndarray, axis: int = -1) -> np.ndarray:
    """Difference of the two."""
    return np.quantile(cand, 0.95, axis) - np.quantile(base, 0.95, axis)


def main() -> None:
    """All three."""
    print(
        "theirs / ours; each first call unheeded, so that what is kept for a seed counts as it does in a gate's slices"
    )
    binary_pairs()
    clustered_rows()
    whole_gate()


if __name__ == "__main__":
    main()
