"""History: a score table of one or two systems -> what is known of each gating metric, and of them together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evalplat.gates.pairing import Floats, Ints, Pairs
from evalplat.records import GatePolicy, ScoreTable

from .checks import Figures, figure
from .design import Design
from .metric_noise import MetricHistory
from .noise import Noise
from .source import Source


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The design that was run, and the gating metrics' noise and correlation (k, k)."""

    design: Design
    metrics: tuple[Noise, ...]
    correlation: Floats
    parts: tuple[MetricHistory, ...]


def history(table: ScoreTable, policy: GatePolicy, baseline: str, candidate: str | None, effects: Figures) -> History:
    """The noise of the policy's gating metrics between `baseline` and `candidate`.

    Without a candidate the baseline's trials are halved and compared with each other: what an unchanged agent shows.
    With one trial a case even that is unknown, and the variance is that of two unrelated answers, the most it can be.
    `effects` are stated true changes by metric, for rules that need one to find.

    Raises GateUndecidable where a metric cannot be planned for.
    """
    source = Source.of(table, policy, baseline, candidate)
    parts = tuple(MetricHistory.of(source, rule) for rule in policy.metrics if rule.gating)
    noises = [part.noise(figure(effects, part.rule.metric) or 0.0) for part in parts]
    cases = np.unique(np.concatenate([part.pairs.codes for part in parts]))
    widest = max(range(len(parts)), key=lambda i: parts[i].pairs.n_cases)
    groups = _groups(parts[widest].pairs, cases, policy.estimand)
    n_groups = int(groups.max()) + 1
    trials = _whole(noises[widest].trials)
    metrics = tuple(
        replace(
            noise,
            coverage=(noise.cases / len(cases), min(1.0, noise.clusters / n_groups)),
            trials=_seen(noise, trials),
        )
        for noise in noises
    )
    sums = np.array([_sums(part, cases, groups) for part in parts])
    return History(Design(len(cases), n_groups, trials), metrics, _correlation(sums), parts)


def _whole(trials: tuple[float, float]) -> tuple[float, float]:
    """Trials a case as they were run: a failed one that was left out was run too."""
    return max(1.0, float(round(trials[0]))), max(1.0, float(round(trials[1])))


def _seen(noise: Noise, trials: tuple[float, float]) -> tuple[float, float]:
    """A metric whose trials' noise is not known is planned at the design's trials, whatever it lost of them."""
    return (
        trials[0] if noise.trial_noise[0] is None else noise.trials[0],
        trials[1] if noise.trial_noise[1] is None else noise.trials[1],
    )


def _groups(pairs: Pairs, cases: Ints, estimand: str) -> Ints:
    """Cluster of each case, by the metric that has most cases; one that it lacks is alone."""
    if pairs.clusters is None or estimand == "suite":
        return np.arange(len(cases))
    mine = np.full(len(cases), -1, dtype=np.int64)
    mine[np.searchsorted(cases, np.sort(pairs.codes))] = pairs.clusters[np.argsort(pairs.codes)]
    lacking = mine < 0
    mine[lacking] = int(pairs.clusters.max()) + 1 + np.arange(int(lacking.sum()))
    return mine


def _sums(part: MetricHistory, cases: Ints, groups: Ints) -> Floats:
    """What each cluster contributes to the metric's effect, around its mean."""
    pairs = part.pairs
    d = part.contribution - part.result.estimate
    if pairs.weights is not None:
        d = d * pairs.weights
    mine = groups[np.searchsorted(cases, pairs.codes)]
    sums: Floats = np.bincount(mine, weights=d, minlength=int(groups.max()) + 1).astype(np.float64)
    return sums


def _correlation(sums: Floats) -> Floats:
    """By pairs of metrics; one that does not vary is correlated with none."""
    norm = np.sqrt(np.sum(sums**2, axis=1))
    scaled = sums / np.where(norm > 0, norm, 1.0)[:, None]
    matrix: Floats = scaled @ scaled.T
    np.fill_diagonal(matrix, 1.0)
    return matrix
