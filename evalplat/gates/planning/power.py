"""Power: the chance that one metric's rule passes under a design, floors of the contract included."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.special import betainc, gammaincinv, ndtr, ndtri, stdtrit

from evalplat.gates.few_differ import FewDiffer
from evalplat.gates.limits import (
    FEWEST_CASES,
    FEWEST_CLUSTERS,
    FEWEST_DF,
    FEWEST_IN_TAIL,
    NEAR_BOUND,
)
from evalplat.gates.pairing import ends
from evalplat.gates.rules import VISIBLE
from evalplat.stats import clopper_pearson, power_of

from .aim import log_ratio
from .design import Design
from .noise import Noise
from .paired_binary import paired_binary_power

_GRID = (np.arange(400) + 0.5) / 400
"""Quantiles over which the spread of an estimated variance is averaged."""

_SHARES = 9
"""Of clusters that differ, between the ends that the history leaves, at which a tail is looked for."""


def power(noise: Noise, design: Design, factor: float = 1.0) -> float:
    """Chance that the gate passes the metric under `design`, the variance being `factor` times the one seen.

    Normal theory (noncentral t, Owen 1965) where the gate uses t or a bootstrap; exact sums of binomials where it uses
    Tango or Clopper-Pearson. 0 where the gate would refuse a verdict: few cases, clusters or degrees of freedom.
    """
    cases, clusters = noise.size(design)
    if cases < FEWEST_CASES or clusters < FEWEST_CLUSTERS:
        return 0.0
    rule = noise.rule
    if rule.rule == "zero":
        return _zero(noise, design, cases, clusters)
    if noise.target is None or noise.target <= 0:
        return 0.0
    if rule.statistic in ("p50", "p95") and cases * (1 - int(rule.statistic[1:]) / 100) < FEWEST_IN_TAIL:
        return 0.0
    if exact(noise, design):
        return _exact(noise, design, math.floor(cases + 1e-9), factor)
    df = noise.freedom(design)
    if rule.statistic not in ("p50", "p95") and df < FEWEST_DF:
        return 0.0
    return _by_t(noise, design, factor, df) * _enough_differ(noise, clusters)


def exact(noise: Noise, design: Design) -> bool:
    """Whether the gate uses Tango or Clopper-Pearson: one binary trial a case, unclustered, unweighted."""
    single = design.trials[1] == 1 and (noise.rule.alone or design.trials[0] == 1)
    alone = design.clusters >= design.cases and not noise.weighted and noise.estimand == "population"
    return noise.binary and single and alone and noise.rule.statistic == "mean" and noise.rule.rule != "zero"


def _exact(noise: Noise, design: Design, n: int, factor: float) -> float:
    rule = noise.rule
    if rule.rule == "no_significant_drop":
        return _by_t(noise, design, factor, n - 1.0) * _enough_differ(noise, n)
    if rule.alone:
        failing = min(1.0, max(0.0, noise.allowance - (noise.target or 0.0)))  # a case's chance of the wrong value
        most = _most_failures(n, noise.allowance, rule.alpha)
        return 0.0 if most < 0 else float(betainc(n - most, most + 1, 1.0 - failing)) if most < n else 1.0
    discordance = min(1.0, noise.se(design, factor) ** 2 * n)
    return paired_binary_power(n, discordance, noise.truth, noise.allowance, rule.alpha)


def _most_failures(n: int, allowance: float, alpha: float) -> int:
    """Most failures of `n` whose Clopper-Pearson bound is within the allowance; -1 where not even none is."""
    low, high = -1, n
    while low < high:
        middle = (low + high + 1) // 2
        if clopper_pearson(middle, n).upper(alpha) <= allowance:
            low = middle
        else:
            high = middle - 1
    return low


def _by_t(noise: Noise, design: Design, factor: float, df: float) -> float:
    se, alpha, target = noise.se(design, factor), noise.rule.alpha, noise.target or 0.0
    if noise.rule.rule == "no_significant_drop":
        return _would_show(se, _variance_freedom(noise, df), df, noise.allowance, alpha)
    if noise.rule.statistic in ("p50", "p95"):
        return float(ndtr(target / se + ndtri(alpha))) if se > 0 else 1.0
    if noise.skewness is not None:
        return power_of(se, df, target, alpha / 2) if se == 0 else _tailed(noise, design, se, df)
    near = _near_bound(noise, design)
    whole = power_of(se, df, target, alpha) if near < 1 else 0.0
    return whole if near == 0 else (1 - near) * whole + near * power_of(se, df, target, alpha / 2)


def _variance_freedom(noise: Noise, df: float) -> float:
    """How well the run's own variance will be known: as the seen one, which tails of the data made worse than df."""
    return df * (noise.variance_df or noise.df) / noise.df if noise.df else df


def _would_show(se: float, spread_df: float, df: float, effect: float, alpha: float) -> float:
    """no_significant_drop: the estimated se is small enough for the effect, and no drop is found where there is none.

    Averages over the chi-square distribution of the estimated variance.
    """
    if se == 0:
        return 1.0
    seen = se * np.sqrt(2.0 * gammaincinv(spread_df / 2.0, _GRID) / spread_df)
    critical = -stdtrit(df, alpha)
    return float(np.mean((VISIBLE * seen <= effect) * ndtr(critical * seen / se)))


def _tailed(noise: Noise, design: Design, se: float, df: float) -> float:
    """With a long tail: alpha / 2, and the wider of the t interval and bootstrap-t.

    The latter's lower bound lies (2 z^2 + 1) skewness / (6 sqrt(G)) standard errors lower where the tail is below
    (Johnson 1978, Hall 1992).
    """
    alpha, clusters = noise.rule.alpha / 2, noise.size(design)[1]
    z = float(ndtri(alpha))
    wider = max(0.0, -(noise.skewness or 0.0)) * (2 * z * z + 1) / (6 * math.sqrt(clusters))
    target = (noise.target or 0.0) - wider * se
    return power_of(se, df, target, alpha) if target > 0 else 0.0


def _near_bound(noise: Noise, design: Design) -> float:
    """Chance that a mean is seen within 0.10 of an end of its range, where a pass takes alpha / 2."""
    if noise.level is None:
        return 0.0
    pass_k = noise.rule.statistic.startswith("pass^")
    lo, hi = (0.0, 1.0) if pass_k or noise.rule.range is None else ends(noise.rule.range)
    away = min(noise.level - lo, hi - noise.level) - NEAR_BOUND * (hi - lo)
    se = math.sqrt(noise.level_variance / noise.size(design)[0])
    return float(ndtr(-away / se)) if se > 0 else float(away <= 0)


def _enough_differ(noise: Noise, clusters: float) -> float:
    """Chance that enough clusters differ, or that so few got worse that the exact bound allows a pass.

    It need not rise with the share that differs: where none does, none got worse. At a tail of what was estimated it
    is the worst, or the best, over the shares that the history cannot rule out.
    """
    rule = FewDiffer(noise.allowance, noise.width, noise.rule.alpha, noise.worse, noise.evenness[1])
    if noise.differing_ends is None:
        return rule.chance(clusters, noise.differing)
    shares = (noise.differing, *(float(share) for share in np.linspace(*noise.differing_ends, _SHARES)))
    chances = rule.chances(clusters, shares)
    return min(chances) if noise.worst else max(chances)


def _zero(noise: Noise, design: Design, cases: float, clusters: float) -> float:
    """No failure in any cluster, and so many of them that none shows the rate to be low enough."""
    whole = math.floor(clusters + 1e-9)
    allowed = clopper_pearson(0, whole).upper(noise.rule.alpha) <= (noise.rule.max_rate or 0.0)
    exposed = cases * design.trials[1] / (noise.cases * noise.trials[1]) * noise.clusters
    return (1.0 - noise.failure_rate) ** exposed if allowed else 0.0


def with_margin(noise: Noise, margin: float) -> Noise:
    """The same metric, were its rule's margin (effect, distance to its bound) another."""
    if noise.rule.alone:
        return replace(noise, target=margin, allowance=noise.allowance - (noise.target or 0.0) + margin)
    if noise.rule.statistic == "ratio":
        return replace(noise, target=noise.truth - log_ratio(noise.rule, -margin), allowance=margin)
    return replace(noise, target=margin + noise.truth, allowance=margin)
