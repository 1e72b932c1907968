"""Simulate: paired data with the shape of a suite and an effect that is known, as the `Pairs` that the gate measures.

Every random number is a standard normal, one for each cluster, case and trial, so that several metrics can share them.
Binary rates never leave [0, 1] and no clipping biases them: see `moved`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtr

from evalplat.records import Comparison, Decision, GatePolicy, Side
from evalplat.records.policy import ValueRange

from .decide import decide
from .measure import measure
from .pairing import Floats, Ints, Pairs

_LEVELS = 4096
"""Equally likely values that stand for a distribution of rates."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Cases, their clusters (codes from 0, (n_cases,), or None) and the trials a case of (baseline, candidate)."""

    n_cases: int
    clusters: Ints | None = None
    trials: tuple[int, int] = (1, 1)
    case_ids: tuple[str, ...] = field(init=False)
    rows: tuple[Ints, Ints] = field(init=False)
    """By arm, (n_cases x trials,): the case of each trial."""

    def __post_init__(self) -> None:
        if self.n_cases < 1:
            raise ValueError(f"n_cases must be at least 1, not {self.n_cases}")
        if min(self.trials) < 1:
            raise ValueError(f"trials must be at least 1, not {self.trials}")
        if self.clusters is not None and self.clusters.shape != (self.n_cases,):
            raise ValueError(f"clusters must have the length {self.n_cases}, not {self.clusters.shape}")
        cases = np.arange(self.n_cases)
        object.__setattr__(self, "case_ids", tuple(f"case-{i:06d}" for i in range(self.n_cases)))
        object.__setattr__(self, "rows", (np.repeat(cases, self.trials[0]), np.repeat(cases, self.trials[1])))

    @classmethod
    def of_sizes(cls, sizes: npt.ArrayLike, trials: tuple[int, int] = (1, 1)) -> Shape:
        """Clusters of these sizes; clusters of one case each are none."""
        counts = np.asarray(sizes, dtype=np.int64)
        codes = np.repeat(np.arange(len(counts)), counts)
        return cls(len(codes), None if (counts == 1).all() else codes, trials)

    @property
    def groups(self) -> Ints:
        """Cluster code of each case; unclustered cases are their own."""
        return np.arange(self.n_cases) if self.clusters is None else self.clusters

    @property
    def n_clusters(self) -> int:
        """Number of clusters; of cases where there are none."""
        return self.n_cases if self.clusters is None else int(self.clusters.max()) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """Standard normals: what is shared by both arms, and what is each arm's own. Axis 0 of the latter is the arm."""

    cluster: Floats
    """(n_clusters,)"""
    case: Floats
    """(n_cases,)"""
    cluster_shock: Floats
    """(2, n_clusters)"""
    case_shock: Floats
    """(2, n_cases)"""
    trials: tuple[Floats, Floats]
    """By arm, (n_cases, trials)."""

    @classmethod
    def draw(cls, shape: Shape, rng: np.random.Generator) -> Latent:
        """Independent ones."""
        g, n = shape.n_clusters, shape.n_cases
        return cls(
            cluster=rng.standard_normal(g),
            case=rng.standard_normal(n),
            cluster_shock=rng.standard_normal((2, g)),
            case_shock=rng.standard_normal((2, n)),
            trials=(rng.standard_normal((n, shape.trials[0])), rng.standard_normal((n, shape.trials[1]))),
        )


class SimulatedModel(Protocol):
    """How scores come about. `arms` gives (baseline, candidate) trial scores, (n_cases, trials) each, with
    E(candidate) - E(baseline) = effect exactly."""

    @property
    def value_range(self) -> ValueRange | None:
        """What the scores can be."""
        ...

    @property
    def level(self) -> float:
        """Mean score of the baseline."""
        ...

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores of both arms."""
        ...


@dataclass(frozen=True, slots=True)
class Binary:
    """0 or 1 with case rates of mean `mean`. The others are shares, from 0 to below 1, of the largest variance that a
    rate of that mean can have, mean (1 - mean): so they mean the same near the ceiling.

    `cluster` and `case` spread what both arms share; `cluster_shock` and `case_shock` what each arm has of its own, of
    mean 0: agents that differ cluster by cluster (case by case) and on average not.
    """

    mean: float
    cluster: float = 0.0
    case: float = 0.0
    cluster_shock: float = 0.0
    case_shock: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.mean < 1:
            raise ValueError(f"mean must lie between 0 and 1, not {self.mean}")
        for name in ("cluster", "case", "cluster_shock", "case_shock"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {getattr(self, name)}")

    @property
    def value_range(self) -> ValueRange | None:
        """Binary."""
        return "binary"

    @property
    def level(self) -> float:
        """Mean of the baseline."""
        return self.mean

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's rates are moved from `mean` to `mean + effect`."""
        m, groups = self.mean, shape.groups
        if not 0 < m + effect < 1:
            raise ValueError(f"effect {effect:g} takes the rate {m:g} out of (0, 1)")
        shared = _spread(np.full(shape.n_cases, m), m, self.case, latent.case)
        shared = _spread(shared, m, self.cluster, latent.cluster, groups)
        scores = []
        for arm, to in enumerate((m, m + effect)):
            rate = _spread(shared, m, self.cluster_shock, latent.cluster_shock[arm], groups)
            rate = _spread(rate, m, self.case_shock, latent.case_shock[arm])
            rate = moved(rate, m, np.asarray(to))
            scores.append((ndtr(latent.trials[arm]) < rate[:, None]).astype(np.float64))
        return scores[0], scores[1]


@dataclass(frozen=True, slots=True)
class Normal:
    """mean + normal parts with these standard deviations; names as in `Binary`, and `trial` is each trial's own."""

    mean: float = 0.0
    cluster: float = 0.0
    case: float = 0.0
    cluster_shock: float = 0.0
    case_shock: float = 0.0
    trial: float = 1.0

    @property
    def value_range(self) -> ValueRange | None:
        """Unbounded."""
        return None

    @property
    def level(self) -> float:
        """Mean of the baseline."""
        return self.mean

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's are shifted."""
        base, cand = (self.mean + _summed(self, shape, latent, arm) for arm in (0, 1))
        return base, cand + effect


@dataclass(frozen=True, slots=True)
class Lognormal:
    """mean x exp(normal parts with these standard deviations), each divided by its own mean: costs and latencies."""

    mean: float = 1.0
    cluster: float = 0.0
    case: float = 0.0
    cluster_shock: float = 0.0
    case_shock: float = 0.0
    trial: float = 0.5

    def __post_init__(self) -> None:
        if not self.mean > 0:
            raise ValueError(f"mean must be above 0, not {self.mean}")

    @property
    def value_range(self) -> ValueRange | None:
        """Unbounded."""
        return None

    @property
    def level(self) -> float:
        """Mean of the baseline."""
        return self.mean

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's are multiplied, as dearer tokens or a slower model would."""
        if not self.mean + effect > 0:
            raise ValueError(f"effect {effect:g} takes the mean {self.mean:g} to 0 or below")
        variance = self.cluster**2 + self.case**2 + self.cluster_shock**2 + self.case_shock**2 + self.trial**2
        base, cand = (self.mean * np.exp(_summed(self, shape, latent, arm) - 0.5 * variance) for arm in (0, 1))
        return base, cand * (1.0 + effect / self.mean)


def simulate(shape: Shape, model: SimulatedModel, effect: float, rng: np.random.Generator) -> Pairs:
    """Pairs of one simulated gate: the candidate's mean is the baseline's plus `effect`, whatever the direction."""
    return pairs_of(shape, model, Latent.draw(shape, rng), effect)


def pairs_of(shape: Shape, model: SimulatedModel, latent: Latent, effect: float) -> Pairs:
    """The same from given random numbers: one draw may serve several effects."""
    base, cand = model.arms(shape, latent, effect)
    return Pairs(
        case_ids=shape.case_ids,
        codes=np.arange(shape.n_cases),
        baseline=base.mean(axis=1),
        candidate=cand.mean(axis=1),
        baseline_trials=np.full(shape.n_cases, shape.trials[0]),
        candidate_trials=np.full(shape.n_cases, shape.trials[1]),
        clusters=shape.clusters,
        weights=None,
        base_values=base.ravel(),
        base_cases=shape.rows[0],
        cand_values=cand.ravel(),
        cand_cases=shape.rows[1],
        value_range=model.value_range,
        range_declared=model.value_range is not None,
        base_failed=(),
        cand_failed=(),
        cand_unknown=(),
        base_unknown=(),
        lacking=(),
        extra=(),
        n_expected=shape.n_cases,
        left_out=False,
        too_many_lack=False,
    )


def judge(pairs: Sequence[Pairs], policy: GatePolicy) -> Decision:
    """The gate's own decision, by `measure` and `decide`, on pairs that are there already: one for each metric."""
    metrics = tuple(measure(one, rule, policy.estimand) for one, rule in zip(pairs, policy.metrics, strict=True))
    sides = {
        role: Side(ref=role, n_cases=pairs[0].n_cases, n_trials=int(trials.sum()))
        for role, trials in (("baseline", pairs[0].baseline_trials), ("candidate", pairs[0].candidate_trials))
    }
    return decide(Comparison(**sides, estimand=policy.estimand, metrics=metrics), policy)


def moved(rates: Floats, mean: float, to: Floats) -> Floats:
    """Rates of mean `mean`, moved so that their mean is `to`: downwards some successes become failures, upwards some
    failures successes, each with one probability. Rates stay in [0, 1], and as the map is linear in the rate the new
    mean is exactly `to`, also where `to` is itself random with mean `mean` (then nothing changes on average)."""
    result: Floats = np.where(to <= mean, rates * (to / mean), 1.0 - (1.0 - rates) * ((1.0 - to) / (1.0 - mean)))
    return result


def _spread(rates: Floats, mean: float, share: float, normals: Floats, groups: Ints | None = None) -> Floats:
    """`rates` moved to a Beta-distributed mean of the same mean, one for each entry or group."""
    if share == 0:
        return rates
    table = _beta_values(mean, share)
    to = table[np.minimum((ndtr(normals) * _LEVELS).astype(np.int64), _LEVELS - 1)]
    return moved(rates, mean, to if groups is None else to[groups])


@lru_cache(maxsize=256)
def _beta_values(mean: float, share: float) -> Floats:
    """Beta quantiles at equal steps, ascending, of exactly this mean; variance about share x mean (1 - mean)."""
    size = 1.0 / share - 1.0
    values = betaincinv(mean * size, (1.0 - mean) * size, (np.arange(_LEVELS) + 0.5) / _LEVELS)
    for _ in range(2):  # the second takes off what the first leaves of rounding
        values = moved(values, float(values.mean()), np.asarray(mean))
    result: Floats = np.clip(values, 0.0, 1.0)
    return result


def _summed(model: Normal | Lognormal, shape: Shape, latent: Latent, arm: int) -> Floats:
    groups = shape.groups
    by_case = model.cluster * latent.cluster[groups] + model.case * latent.case
    by_case = by_case + model.cluster_shock * latent.cluster_shock[arm][groups]
    by_case = by_case + model.case_shock * latent.case_shock[arm]
    scores: Floats = by_case[:, None] + model.trial * latent.trials[arm]
    return scores
