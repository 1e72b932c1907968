"""Power of a policy: the chance that all its gating metrics pass together; and the sizes at which it is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaincinv, ndtri

from evalplat.gates.needed import MOST_CLUSTERS, MOST_TRIALS
from evalplat.gates.pairing import Floats
from evalplat.gates.search import smallest
from evalplat.stats import clopper_pearson

from .design import Design
from .noise import Noise
from .power import power

DRAWS = 40_000
SEED = 20_001
"""Of the joint draws: the same plan for the same input, and a power that never falls as each metric's rises."""

CONFIDENCE = 0.80
"""Of the range in which what was estimated lies."""

WORST, BEST = (1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0

Powers = tuple[float, float, float]
"""(low, estimate, high)."""


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

    def joint(
        self, design: Design, tail: float | None = None, *, wanted: float | None = None, inflation: float = 1.0
    ) -> tuple[float, float]:
        """Chance that all pass: (lower bound, upper bound), which are one where the correlation is known.

        Known: a normal copula of the metrics' own powers, by seeded Monte Carlo. Else Bonferroni's lower bound and the
        smallest of the powers. `tail` takes what was estimated at that tail of its distribution, 0 the worst. Where it
        only matters on which side of `wanted` it lies, these bounds stand in for draws that could not change that.
        `inflation` multiplies every variance, as looks do that leave each test less of its error.
        """
        tails = (at_tail(one, tail) for one in self.metrics)
        alone = [power(noise, design, factor * inflation) for noise, factor in tails]
        if len(alone) == 1 or min(alone) == 0.0:
            return min(alone), min(alone)
        bounds = max(0.0, 1.0 - sum(1.0 - one for one in alone)), min(alone)
        if self.draws is None:
            return bounds
        if wanted is not None and not bounds[0] < wanted <= bounds[1]:
            settled = bounds[0] if bounds[0] >= wanted else bounds[1]
            return settled, settled
        both = float(np.mean(np.all(self.draws <= ndtri(np.array(alone)), axis=1)))
        return both, both

    def powers(self, design: Design, inflation: float = 1.0) -> Powers:
        """Power of the policy: at the worst, the likeliest and the best of what was estimated (80 % range)."""
        low = self.joint(design, WORST, inflation=inflation)[0]
        middle = self.joint(design, inflation=inflation)[0]
        high = self.joint(design, BEST, inflation=inflation)[1]
        return min(low, middle), middle, max(middle, high)


def at_tail(noise: Noise, tail: float | None) -> tuple[Noise, float]:
    """The metric with what was estimated at that tail, and what its variance is multiplied with; None: as estimated.

    Variance by chi-square, the candidate's level by the normal, a failure rate and the share of clusters that differ by
    Clopper-Pearson; where nothing varied, the variance that such data cannot rule out. All metrics at one tail together
    is the widest that a range can be.
    """
    df = noise.variance_df
    if tail is None or df is None:
        return noise, 1.0
    if noise.rule.rule == "zero":
        seen = clopper_pearson(noise.failures, noise.clusters)
        return replace(noise, failure_rate=seen.upper(tail) if tail < 0.5 else seen.lower(1.0 - tail)), 1.0
    if noise.target_se:
        shifted = (noise.target or 0.0) + float(ndtri(tail)) * noise.target_se
        noise = replace(noise, target=min(shifted, noise.allowance))  # no level lies beyond the best
    if noise.differing_seen is not None:
        seen, end = clopper_pearson(noise.differing_seen, noise.clusters), min(tail, 1.0 - tail)
        noise = replace(noise, differing_ends=(seen.lower(end), seen.upper(end)), worst=tail < 0.5)
    if noise.most_variance is not None and tail < 0.5:
        return replace(noise, variance=noise.most_variance), 1.0
    factor = float(df / (2.0 * gammaincinv(df / 2.0, tail)))
    return noise, factor * (noise.least_share if tail > 0.5 else 1.0)


Counts = tuple[int | None, int | None, int | None]
"""(low, estimate, high); None: no number does."""


def needed_clusters(policy: PolicyNoise, design: Design, target: float) -> Counts:
    """Fewest clusters of the design's size, at its trials, that give the policy's power."""

    def enough(bound: Callable[[Design], float]) -> Callable[[int], bool]:
        return lambda clusters: bound(design.with_clusters(clusters)) >= target

    growth = 1.1 if any(noise.rule.rule == "zero" for noise in policy.metrics) else 2.0
    return _three(policy, target, lambda bound: smallest(enough(bound), 2, MOST_CLUSTERS, teeth=True, growth=growth))


def needed_trials(policy: PolicyNoise, design: Design, target: float, baseline: float | None) -> Counts:
    """Fewest trials of the candidate on the design's cases; of the baseline as many, or `baseline` of them."""

    def enough(bound: Callable[[Design], float]) -> Callable[[int], bool]:
        return lambda trials: bound(design.with_trials(trials, baseline)) >= target

    return _three(policy, target, lambda bound: smallest(enough(bound), 1, MOST_TRIALS, teeth=False))


def _three(policy: PolicyNoise, wanted: float, search: Callable[[Callable[[Design], float]], int | None]) -> Counts:
    low = search(lambda design: policy.joint(design, BEST, wanted=wanted)[1])
    middle = search(lambda design: policy.joint(design, wanted=wanted)[0])
    high = search(lambda design: policy.joint(design, WORST, wanted=wanted)[0])
    return low, middle, high
