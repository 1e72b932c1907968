"""Power of a policy: the chance that all its gating metrics pass together; and the sizes at which it is enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv, ndtri

from evalplat.gates.needed import MOST_CLUSTERS, MOST_TRIALS
from evalplat.gates.pairing import Floats

from .design import Design
from .noise import Noise
from .power import power

DRAWS = 40_000
SEED = 20_001
"""Of the joint draws: the same plan for the same input, and a power that never falls as each metric's rises."""

CONFIDENCE = 0.80
"""Of the range in which the variance lies."""

Powers = tuple[float, float, float]
"""(low, estimate, high)."""

_TEETH = 2_000
"""Clusters up to which the steps of exact tests are looked at one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class PolicyNoise:
    """The gating metrics of a policy. `correlation` (k, k) of their clusters' contributions; None where not known."""

    metrics: tuple[Noise, ...]
    correlation: Floats | None
    draws: Floats | None

    @classmethod
    def of(cls, metrics: tuple[Noise, ...], correlation: Floats | None) -> PolicyNoise:
        """With the draws that every design is judged by. Rules that watch the spread count as independent."""
        if correlation is None or len(metrics) == 1:
            return cls(metrics, correlation, None)
        free = np.array([noise.rule.rule in ("zero", "no_significant_drop") for noise in metrics])
        matrix = np.where(free[:, None] | free[None, :], np.eye(len(metrics)), correlation)
        values, vectors = np.linalg.eigh(matrix)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        normal = np.random.default_rng(SEED).standard_normal((DRAWS, len(metrics)))
        return cls(metrics, correlation, normal @ root.T)

    def joint(self, design: Design, factors: tuple[float, ...] | None = None) -> tuple[float, float]:
        """Chance that all pass: (lower bound, upper bound), which are one where the correlation is known.

        Known: a normal copula of the metrics' own powers, by seeded Monte Carlo. Else Bonferroni's lower bound and the
        smallest of the powers.
        """
        used = factors or (1.0,) * len(self.metrics)
        alone = [power(noise, design, factor) for noise, factor in zip(self.metrics, used, strict=True)]
        if len(alone) == 1 or min(alone) == 0.0:
            return min(alone), min(alone)
        if self.draws is None:
            return max(0.0, 1.0 - sum(1.0 - one for one in alone)), min(alone)
        both = float(np.mean(np.all(self.draws <= ndtri(np.array(alone)), axis=1)))
        return both, both

    def factors(self, tail: float) -> tuple[float, ...]:
        """What the variances are multiplied with at that tail of their chi-square distributions."""
        return tuple(factor(noise, tail) for noise in self.metrics)

    def powers(self, design: Design) -> Powers:
        """Power of the policy: at the most, at the likeliest and at the least variance (80 % range)."""
        tail = (1.0 - CONFIDENCE) / 2.0
        low, high = self.joint(design, self.factors(tail))[0], self.joint(design, self.factors(1.0 - tail))[1]
        middle = self.joint(design)[0]
        return low, min(max(low, middle), high), high


def factor(noise: Noise, tail: float) -> float:
    """What the variance is multiplied with at the lower `tail` of chi-square; 1 where it is stated, not estimated."""
    if noise.variance_df is None:
        return 1.0
    return float(noise.variance_df / (2.0 * gammaincinv(noise.variance_df / 2.0, tail)))


Counts = tuple[int | None, int | None, int | None]
"""(low, estimate, high); None: no number does."""


def needed_clusters(policy: PolicyNoise, design: Design, target: float) -> Counts:
    """Fewest clusters of the design's size, at its trials, that give the policy's power."""

    def enough(bound: Callable[[Design], float]) -> Callable[[int], bool]:
        return lambda clusters: bound(design.with_clusters(clusters)) >= target

    return _three(policy, lambda bound: smallest(enough(bound), 2, MOST_CLUSTERS, teeth=True))


def needed_trials(policy: PolicyNoise, design: Design, target: float, baseline: float | None) -> Counts:
    """Fewest trials of the candidate on the design's cases; of the baseline as many, or `baseline` of them."""

    def enough(bound: Callable[[Design], float]) -> Callable[[int], bool]:
        return lambda trials: bound(design.with_trials(trials, baseline)) >= target

    return _three(policy, lambda bound: smallest(enough(bound), 1, MOST_TRIALS, teeth=False))


def _three(policy: PolicyNoise, search: Callable[[Callable[[Design], float]], int | None]) -> Counts:
    tail = (1.0 - CONFIDENCE) / 2.0
    most, least = policy.factors(tail), policy.factors(1.0 - tail)
    low = search(lambda design: policy.joint(design, least)[1])
    middle = search(lambda design: policy.joint(design)[0])
    high = search(lambda design: policy.joint(design, most)[0])
    return low, middle, high


def smallest(enough: Callable[[int], bool], first: int, most: int, *, teeth: bool) -> int | None:
    """Smallest number that is enough: doubling, then bisection. `teeth`: so are those up to 5 % beyond it.

    Exact tests have a power that rises in teeth: a number on the tip of one would mislead who runs one case more.
    """
    if enough(first):
        return first
    low, high = first, first * 2
    while not enough(high):
        if high >= most:
            return None
        low, high = high, min(most, high * 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    if not teeth or high > _TEETH:
        return high
    reach = high + math.ceil(0.05 * high)
    number = high
    for tried in range(high + 1, reach + 1):
        if not enough(tried):
            number = tried + 1
    return number
