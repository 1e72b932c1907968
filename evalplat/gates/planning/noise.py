"""Noise: what is known, or assumed, of one metric before a run; and its standard error under any design."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalplat.errors import GateUndecidable
from evalplat.records import MetricRule

from .design import Design


@dataclass(frozen=True, slots=True)
class Noise:
    """One metric's noise, seen with `cases` in `clusters` at `trials` a case (baseline, candidate).

    All on the scale of the effect, turned so that higher is better. `variance` is that of one case's contribution:
    the squared standard error is variance / effective cases. `trial_noise` is the variance of one trial around its
    case, None where it is not known and part of the rest; the rest is `cluster_share` of clusters, else of cases.
    `pure`: there is no rest, as under estimand `suite` or between trials of one system.
    `truth` is the effect that the candidate is taken to have; `target` what lies between it and the end that the rule
    forbids: positive where a pass is possible. None for rule zero.
    `differing` is the share of clusters that show a difference, `worse` the share of these that got worse,
    `width` what a cluster can lose at most, `allowance` what the rule lets it.
    """

    rule: MetricRule
    estimand: str
    cases: int
    clusters: int
    coverage: tuple[float, float]
    """Shares of the suite's cases and clusters that are scored on this metric."""
    trials: tuple[float, float]
    variance: float
    cluster_share: float
    trial_noise: tuple[float | None, float | None]
    pure: bool
    df: float
    variance_df: float | None
    target: float | None
    truth: float
    allowance: float
    differing: float
    worse: float
    width: float
    binary: bool
    weighted: bool
    evenness: tuple[float, float] = (1.0, 1.0)
    """Effective over actual number: of cases (weights), of clusters (weights and sizes)."""
    level: float | None = None
    level_variance: float = 0.0
    fourth: float | None = None
    """Estimand suite: mean of the squared trial variances of cases over the square of their mean."""
    target_se: float = 0.0
    """Of the target, where it hangs on the candidate's level in the history."""
    failures: int = 0
    """Rule zero: clusters with a failure."""
    failure_rate: float = 0.0
    """Rule zero: chance that a cluster has a failure."""
    most_variance: float | None = None
    """Where nothing varied: the variance that such data cannot rule out."""
    differing_seen: int | None = None
    """Clusters of the history that differ, where `differing` was estimated from them."""
    differing_ends: tuple[float, float] | None = None
    """At a tail of what was estimated: the ends between which `differing` lies; `worst` says which tail."""
    worst: bool = False
    least_share: float = 1.0
    """At best, the part of the variance that there is, where the most that can be is planned for."""
    skewness: float | None = None
    """Of the clusters' contributions where the scores have a long tail, so that a pass takes alpha / 2; else None."""
    notes: tuple[str, ...] = ()

    @property
    def clustered(self) -> bool:
        """Whether some cases share a cluster."""
        return self.clusters < self.cases and self.estimand != "suite"

    def size(self, design: Design) -> tuple[float, float]:
        """Cases and clusters of this metric, which need not be scored on every case of the suite."""
        cases = design.cases * self.coverage[0]
        if self.estimand == "suite" or design.clusters >= design.cases:
            return cases, cases
        return cases, min(cases, design.clusters * self.coverage[1])

    def se(self, design: Design, factor: float = 1.0) -> float:
        """Standard error under `design`, with the variance that was seen multiplied by `factor`."""
        cases, clusters = self.size(design)
        return math.sqrt(self._variance(design, cases / clusters, factor) / (cases * self.evenness[0]))

    def _variance(self, design: Design, size: float, factor: float) -> float:
        noise = [
            _share(variance, planned, seen, side)
            for variance, planned, seen, side in zip(
                self.trial_noise, design.trials, self.trials, ("baseline", "candidate"), strict=True
            )
        ]
        planned, seen = sum(part[0] for part in noise), sum(part[1] for part in noise)
        total = self.variance * factor
        if self.pure:
            return planned * (total / seen) if seen > 0 else total
        # At the trials that were seen the variance is the one that was seen, whatever the components say.
        rest = max(0.0, total - seen)
        noisy = planned * min(1.0, total / seen) if seen > 0 else 0.0
        seen_size = self.cases / self.clusters
        return rest * (self.cluster_share * size / seen_size + 1.0 - self.cluster_share) + noisy

    def freedom(self, design: Design) -> float:
        """Degrees of freedom under `design`."""
        cases, clusters = self.size(design)
        if self.estimand == "suite":
            return self._welch(design, cases)
        return self.df * max(0.0, clusters - 1.0) / max(1.0, self.clusters - 1.0)

    def _welch(self, design: Design, cases: float) -> float:
        weight = total = 0.0
        for variance, trials in zip(self.trial_noise, design.trials, strict=True):
            if variance:
                if trials < 2:
                    return 0.0
                total += variance / trials
                weight += (variance / trials) ** 2 / (trials - 1.0)
        return cases * total**2 / (weight * (self.fourth or 1.0)) if weight else cases

    def can_vary_trials(self) -> bool:
        """Whether other numbers of trials can be planned for."""
        needed = self.trial_noise[1:] if self.rule.alone else self.trial_noise
        return all(variance is not None for variance in needed)


def _share(variance: float | None, planned: float, seen: float, side: str) -> tuple[float, float]:
    """What a side's trials add to the variance of a case: as planned, and as it was seen."""
    if variance is None:
        if not math.isclose(planned, seen, rel_tol=0.05):
            raise GateUndecidable(
                f"{planned:,.6g} trials a case cannot be planned for: what was seen of the {side}, {seen:g} a case, "
                "does not tell their noise from the rest"
            )
        return 0.0, 0.0
    return variance / planned, variance / seen
