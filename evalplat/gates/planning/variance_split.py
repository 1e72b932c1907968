"""VarianceSplit: where the variance of a case's contribution to an effect comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.gates.effects import estimate
from evalplat.gates.pairing import Pairs
from evalplat.records import MetricRule
from evalplat.stats import variance_components

from .source import Source

Trials = tuple[float, float]

UNRELATED_AT_BEST = 0.5
"""Of the variance of unrelated answers, where one trial a case of one system is known: the selftest's assumption, that
half of what varies is of the trials, is the better end of the range."""


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """The words are those of Noise."""

    trials: Trials
    variance: float
    cluster_share: float
    trial_noise: tuple[float | None, float | None]
    pure: bool = False
    fourth: float | None = None
    notes: tuple[str, ...] = ()


def variance_split(
    source: Source, rule: MetricRule, pairs: Pairs, se: float, scale: tuple[float, float], even: float
) -> VarianceSplit:
    """From paired cases whose effect has standard error `se`.

    `scale` is what a trial's score of either side is multiplied with in the effect, `even` the effective over the
    actual number of cases. Raises GateUndecidable where the noise cannot be known.
    """
    trials = float(pairs.baseline_trials.mean()), float(pairs.candidate_trials.mean())
    variance = se**2 * pairs.n_cases * even
    if rule.rule == "zero":
        return VarianceSplit(trials, variance, 1.0, (0.0, 0.0))
    if source.policy.estimand == "suite":
        return _suite(source, rule, pairs, trials, scale, even)
    if rule.statistic in ("p50", "p95"):
        return _quantile(source, rule, pairs, trials, even)
    if rule.statistic.startswith("pass^"):
        return _pass_k(source, rule, trials, variance)
    if source.unrelated(rule):
        note = (
            f"{rule.metric}: one trial a case of one system does not tell how often an unchanged agent answers "
            "differently: planned for unrelated answers, the most that can be; the better end of the ranges takes half "
            "of that, as `evalplat selftest` does; two trials would tell"
        )
        return VarianceSplit(trials, 2.0 * variance, 1.0, (None, None), notes=(note,))
    if source.halved(rule):
        return _one_system(rule, pairs, trials, scale)
    return _components(rule, pairs, trials, variance, scale, "population")


def _components(
    rule: MetricRule, pairs: Pairs, trials: Trials, variance: float, scale: tuple[float, float], estimand: str
) -> VarianceSplit:
    codes = np.arange(pairs.n_cases)
    base = (
        (np.zeros(pairs.n_cases), codes) if rule.alone else (scale[0] * pairs.base_values, pairs.base_cases)
    )  # fmt: skip
    clusters_of_case = None if estimand == "suite" else pairs.clusters
    parts = variance_components(*base, scale[1] * pairs.cand_values, pairs.cand_cases, clusters_of_case)
    clusters = parts.between_clusters * pairs.n_cases / parts.n_clusters
    rest = clusters + parts.between_cases
    noise = (0.0 if rule.alone else parts.trial_baseline, parts.trial_candidate)
    return VarianceSplit(trials, variance, clusters / rest if rest > 0 else 1.0, noise)


def _one_system(rule: MetricRule, pairs: Pairs, trials: Trials, scale: tuple[float, float]) -> VarianceSplit:
    """Between two halves of one system's trials lies nothing but their noise."""
    note = (
        f"{rule.metric}: one system in the history, so the candidate is taken to differ by the noise of trials alone; "
        "a change that moves cases up and down needs more"
    )
    each, total = _pooled(pairs, scale[1]), trials[0] + trials[1]
    return VarianceSplit((total, total), 2.0 * each / total, 0.0, (each, each), pure=True, notes=(note,))


def _pooled(pairs: Pairs, scale: float) -> float:
    """Variance of a trial around its case, over the trials of both sides together."""
    values = scale * np.concatenate([pairs.base_values, pairs.cand_values])
    cases = np.concatenate([pairs.base_cases, pairs.cand_cases])
    count = np.bincount(cases)
    means = np.bincount(cases, weights=values) / count
    return float(np.sum((values - means[cases]) ** 2)) / float(np.sum(count - 1))


def _pass_k(source: Source, rule: MetricRule, trials: Trials, variance: float) -> VarianceSplit:
    note = f"{rule.metric} ({rule.statistic}): planned at the trials of the history"
    known = (0.0, None) if rule.alone else (None, None)
    return _whole_system(source, rule, VarianceSplit(trials, variance, 1.0, known, notes=(note,)))


def _whole_system(source: Source, rule: MetricRule, split: VarianceSplit) -> VarianceSplit:
    """From the halves of one system's trials to all of them: by trials alone, they vary half as much."""
    if not source.halved(rule):
        return split
    total = split.trials[0] + split.trials[1]
    return replace(split, trials=(total, total), variance=split.variance * min(split.trials) / total)


def _quantile(source: Source, rule: MetricRule, pairs: Pairs, trials: Trials, even: float) -> VarianceSplit:
    effect = estimate(pairs, rule, "population")
    if effect.se is None or source.unrelated(rule):
        why = "one trial a case of one system does not tell" if source.unrelated(rule) else effect.unusable
        raise GateUndecidable(f"metric {rule.metric} ({rule.statistic}): its noise is not known: {why}")
    note = f"{rule.metric} ({rule.statistic}): planned by the bootstrap's standard error, scaled"
    variance = effect.se**2 * pairs.n_cases * even
    known = (0.0, None) if rule.alone else (None, None)
    return _whole_system(source, rule, VarianceSplit(trials, variance, 1.0, known, notes=(note,)))


def _suite(
    source: Source, rule: MetricRule, pairs: Pairs, trials: Trials, scale: tuple[float, float], even: float
) -> VarianceSplit:
    if rule.statistic != "mean":
        raise GateUndecidable(f"metric {rule.metric}: estimand suite is for statistic mean")
    base: float | None
    cand: float | None
    if source.halved(rule):
        base = cand = _pooled(pairs, scale[1])
        trials = (trials[0] + trials[1],) * 2
    elif source.unrelated(rule):
        base = cand = None
    else:
        noise = _components(rule, pairs, trials, 0.0, scale, "suite").trial_noise
        base, cand = noise
    if base is None or cand is None:
        raise GateUndecidable(
            f"metric {rule.metric}: estimand suite counts the noise of trials alone, and no case has two"
        )
    variance = base / trials[0] + cand / trials[1]
    return VarianceSplit(trials, variance, 0.0, (base, cand), pure=True, fourth=_fourth(rule, pairs, even))


def _fourth(rule: MetricRule, pairs: Pairs, even: float) -> float:
    """Unevenness of the cases' trial variances, by which Welch's degrees of freedom fall."""
    squares = np.zeros(pairs.n_cases)
    sides = [(pairs.cand_values, pairs.cand_cases, pairs.candidate)]
    if not rule.alone:
        sides.append((pairs.base_values, pairs.base_cases, pairs.baseline))
    for values, cases, means in sides:
        squares += np.bincount(cases, weights=(values - means[cases]) ** 2, minlength=pairs.n_cases)
    mean = float(squares.mean())
    return float(np.mean(squares**2)) / mean**2 / even if mean > 0 else 1.0
