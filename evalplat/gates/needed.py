"""Needed: what would settle an inconclusive metric at 80 % power, were the truth no change."""

from __future__ import annotations

import math

from scipy.special import ndtri

from evalplat.records import MetricComparison, MetricRule, Needed
from evalplat.stats import needed_clusters, needed_trials, variance_components

from .limits import FEWEST_CASES, FEWEST_CLUSTERS, FEWEST_DIFFERING, FEWEST_IN_TAIL
from .pairing import Pairs

POWER = 0.80
MOST_CLUSTERS = 10_000_000
MOST_TRIALS = 1000
"""Trials a case beyond which more trials are no way to an answer."""


def needed(pairs: Pairs, rule: MetricRule, found: MetricComparison, estimand: str) -> Needed | None:
    """What would settle the metric; None where its noise is not known, so that nothing can be said."""
    if rule.rule == "zero":
        return _for_zero(pairs, found)
    target = _target(rule, found)
    if target is None:
        return Needed(reachable="no")
    if found.se is None or found.n_clusters < 2 or pairs.too_many_lack or pairs.cand_unknown:
        return None  # more of the same would not help
    alpha = rule.alpha / 2 if found.pass_interval is not None else rule.alpha
    if rule.rule == "no_significant_drop":
        alpha = 0.05  # the rule's own, whatever that of the verdict
    if estimand == "suite":
        return _by_trials_alone(pairs, found, target, alpha)
    per_cluster = pairs.n_cases / found.n_clusters
    least = max(_least_clusters(rule, found, target, alpha, per_cluster), found.n_clusters)
    try:
        size = needed_clusters(found.se, found.n_clusters, target, alpha, POWER, df=found.df or None)
    except ValueError:  # an effect too small for any number of clusters
        return Needed(reachable="no")
    low, clusters, high = (max(n, least) for n in (size.low, size.clusters, size.high))
    if high > MOST_CLUSTERS:
        return Needed(reachable="no")
    trials = _trials(pairs, rule, target, alpha)
    enough = least <= found.n_clusters
    if trials is not None and enough:
        spread = [trials * pairs.n_cases * n / clusters for n in (low, high)]
        return Needed(
            cases=pairs.n_cases,
            clusters=found.n_clusters,
            trials=trials,
            candidate_calls=(math.floor(spread[0]), math.ceil(spread[1])),
            reachable="by trials",
        )
    now = found.n_trials[1] / pairs.n_cases
    calls = [math.ceil(n * per_cluster * now) for n in (low, high)]
    return Needed(
        cases=math.ceil(clusters * per_cluster),
        clusters=clusters,
        trials=max(1, round(now)),
        candidate_calls=(calls[0], calls[1]),
        reachable="only by clusters",
    )


def _target(rule: MetricRule, found: MetricComparison) -> float | None:
    """The effect that a one-sided test has to find, were nothing changed; None where there is none to find."""
    if rule.rule == "non_inferiority":
        return rule.margin or None
    if rule.rule == "no_significant_drop":
        return rule.effect
    if rule.rule in ("at_least", "at_most") and found.candidate is not None and rule.bound is not None:
        return abs(found.candidate - rule.bound) or None
    return None


def _least_clusters(rule: MetricRule, found: MetricComparison, target: float, alpha: float, per_cluster: float) -> int:
    """Clusters below which no verdict is given at all, with the bound that few differences ask for."""
    cases = FEWEST_CASES
    if rule.statistic in ("p50", "p95"):
        cases = max(cases, math.ceil(FEWEST_IN_TAIL / (1 - int(rule.statistic[1:]) / 100)))
    least = max(FEWEST_CLUSTERS if found.clustered else 1, math.ceil(cases / per_cluster))
    few = found.differing_clusters is not None and found.differing_clusters < FEWEST_DIFFERING
    if few and found.width and target < found.width:
        least = max(least, math.ceil(math.log(alpha) / math.log1p(-target / found.width)))
    return least


def _trials(pairs: Pairs, rule: MetricRule, target: float, alpha: float) -> int | None:
    """Trials a case, of both sides, that would do on these cases; None where no number does or it cannot be known."""
    if rule.statistic != "mean" or rule.rule in ("at_least", "at_most") or pairs.weights is not None:
        return None
    components = variance_components(
        pairs.base_values, pairs.base_cases, pairs.cand_values, pairs.cand_cases, pairs.clusters
    )
    found = needed_trials(components, target, alpha, POWER)
    trials = found.candidate if found.candidate is not None else found.both
    return trials if trials is not None and trials <= MOST_TRIALS else None


def _by_trials_alone(pairs: Pairs, found: MetricComparison, target: float, alpha: float) -> Needed:
    """Estimand `suite`: the cases are all there are, and the noise is that of trials."""
    ratio = float(ndtri(1 - alpha) + ndtri(POWER)) * (found.se or 0.0) / target
    trials = max(2, math.ceil(found.n_trials[1] / pairs.n_cases * ratio**2))
    if trials > MOST_TRIALS:
        return Needed(reachable="no")
    calls = trials * pairs.n_cases
    return Needed(
        cases=pairs.n_cases,
        clusters=found.n_clusters,
        trials=trials,
        candidate_calls=(math.floor(0.8 * calls), math.ceil(1.25 * calls)),
        reachable="by trials",
    )


def _for_zero(pairs: Pairs, found: MetricComparison) -> Needed:
    if found.failures or found.max_rate is None:
        return Needed(reachable="no")
    clusters = math.ceil(math.log(found.alpha) / math.log1p(-found.max_rate))
    clusters = max(clusters, FEWEST_CLUSTERS if found.clustered else FEWEST_CASES)
    cases = math.ceil(clusters * pairs.n_cases / found.n_clusters)
    calls = math.ceil(cases * found.n_trials[1] / pairs.n_cases)
    return Needed(cases=cases, clusters=clusters, candidate_calls=(calls, calls), reachable="only by clusters")
