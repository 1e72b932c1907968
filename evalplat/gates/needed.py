"""Needed: what would settle an inconclusive metric at 80 % power, were the truth no change."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from evalplat.records import MetricComparison, MetricRule, Needed
from evalplat.stats import clopper_pearson, needed_clusters, needed_trials, power_of, variance_components

from .few_differ import FewDiffer
from .limits import FEWEST_CASES, FEWEST_CLUSTERS, FEWEST_IN_TAIL
from .pairing import Pairs
from .pairing import ends as ends_of
from .search import smallest

POWER = 0.80
MOST_CLUSTERS = 10_000_000
MOST_TRIALS = 1000
"""Trials a case beyond which more trials are no way to an answer."""

_TAIL = 0.10
"""Of either side of a range at 80 %."""

_SHARES = 9
"""Of differing clusters, between the ends that are not ruled out, that are looked at."""

_SURE = 0.9999
"""Chance above which so many clusters differ that the rule of few is none to reckon with."""

_ROUNDING = 1e-9

Chances = Callable[[int], tuple[float, float, float]]


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
    least = _least_clusters(rule, found, per_cluster)
    few = _few_differ(rule, found)
    counts = _clusters(found, target, alpha, max(least, found.n_clusters), few)
    if counts is None:
        return Needed(reachable="no")
    low, clusters, high = counts
    trials = _trials(pairs, rule, target, alpha)
    enough = least <= found.n_clusters and (few is None or few(found.n_clusters)[1] >= POWER)
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


def _least_clusters(rule: MetricRule, found: MetricComparison, per_cluster: float) -> int:
    """Clusters below which no verdict is given at all."""
    cases = FEWEST_CASES
    if rule.statistic in ("p50", "p95"):
        cases = max(cases, math.ceil(FEWEST_IN_TAIL / (1 - int(rule.statistic[1:]) / 100)))
    return max(FEWEST_CLUSTERS if found.clustered else 1, math.ceil(cases / per_cluster))


def _few_differ(rule: MetricRule, found: MetricComparison) -> Chances | None:
    """By number of clusters, the chance that the rule of few differences is no obstacle: (worst, estimate, best) over
    the shares of differing clusters that are not ruled out (80 %). None where it is never one."""
    allowance = _allowance(rule, found)
    if found.differing_clusters is None or allowance is None or found.width is None:
        return None
    test = FewDiffer(allowance, found.width, rule.alpha, 1.0 if rule.alone else 0.5)
    seen = clopper_pearson(found.differing_clusters, found.n_clusters)
    ends = np.linspace(seen.lower(_TAIL), seen.upper(_TAIL), _SHARES)
    shares = (found.differing_clusters / found.n_clusters, *(float(share) for share in ends))

    if min(test.chances(found.n_clusters, shares)) > _SURE:
        return None

    def chances(clusters: int) -> tuple[float, float, float]:
        known = test.chances(clusters, shares)
        return min(known), known[0], max(known)

    return chances


def _allowance(rule: MetricRule, found: MetricComparison) -> float | None:
    """What the rule lets a cluster lose; None where it lets any."""
    if not rule.alone:
        return rule.margin if rule.rule == "non_inferiority" else rule.effect
    if found.range is None or rule.bound is None:
        return None
    low, high = ends_of(found.range)
    return abs((high if rule.rule == "at_least" else low) - rule.bound)


def _clusters(
    found: MetricComparison, target: float, alpha: float, least: int, few: Chances | None
) -> tuple[int, int, int] | None:
    """(low, estimate, high): by the t test's noncentral t and, where few clusters differ, by what that rule lets pass.
    None where no number does."""
    se, n = found.se or 0.0, found.n_clusters
    df = found.df or n - 1.0
    try:
        size = needed_clusters(se, n, target, alpha, POWER, df=df)
    except ValueError:  # an effect too small for any number of clusters
        return None

    def smallest_at(end: int, which: int) -> int | None:
        first = max(end, least)
        if few is None or first > MOST_CLUSTERS:
            return first
        spread = se * math.sqrt(end / size.clusters)

        def enough(clusters: int) -> bool:
            freedom = df * (clusters - 1.0) / (n - 1.0)
            chance = few(clusters)[which]
            return (
                chance >= POWER
                and chance * power_of(spread * math.sqrt(n / clusters), freedom, target, alpha) >= POWER - _ROUNDING
            )

        return smallest(enough, first, MOST_CLUSTERS, teeth=True, growth=1.1)

    low, middle, high = (smallest_at(*one) for one in ((size.low, 2), (size.clusters, 1), (size.high, 0)))
    if low is None or middle is None or high is None or high > MOST_CLUSTERS:
        return None
    return low, middle, high


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
