"""Models of scores: how simulated trials come about, with a mean effect that is exact.

Binary rates and bounded scores never leave their range, and no clipping biases them: see `moved`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.special import betaincinv, ndtr

from evalplat.gates.pairing import Floats, Ints
from evalplat.records.policy import ValueRange

from .latent import Latent, Shape

_LEVELS = 4096
"""Equally likely values that stand for a distribution of rates."""


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
class _Spread:
    """A mean, and four parts that spread scores about it. `cluster` and `case` are what both arms share;
    `cluster_shock` and `case_shock` what each arm has of its own, of mean 0: agents that differ cluster by cluster
    (case by case) and on average not."""

    mean: float
    cluster: float = 0.0
    case: float = 0.0
    cluster_shock: float = 0.0
    case_shock: float = 0.0

    @property
    def level(self) -> float:
        """Mean of the baseline."""
        return self.mean


@dataclass(frozen=True, slots=True)
class Binary(_Spread):
    """0 or 1 with case rates of mean `mean`. The parts are shares, from 0 to below 1, of the largest variance that a
    rate of that mean can have, mean (1 - mean): so they mean the same near the ceiling."""

    def __post_init__(self) -> None:
        if not 0 < self.mean < 1:
            raise ValueError(f"mean must lie between 0 and 1, not {self.mean}")
        _check_shares(self)

    @property
    def value_range(self) -> ValueRange | None:
        """Binary."""
        return "binary"

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's rates are moved from `mean` to `mean + effect`."""
        m, to = self.mean, _within(self.mean, effect)
        base, cand = _rates(self, m, shape, latent)
        cand = moved(cand, m, np.asarray(to))
        scores = [ndtr(latent.trials[arm]) < rate[:, None] for arm, rate in enumerate((base, cand))]
        return scores[0].astype(np.float64), scores[1].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Bounded(_Spread):
    """Scores from `low` to `high` of mean `mean`; parts are shares as in `Binary`, `trial` each trial's own."""

    low: float = 0.0
    high: float = 1.0
    trial: float = 0.1

    def __post_init__(self) -> None:
        if not self.low < self.mean < self.high:
            raise ValueError(f"mean must lie between {self.low:g} and {self.high:g}, not {self.mean}")
        _check_shares(self, "trial")

    @property
    def value_range(self) -> ValueRange | None:
        """(low, high)."""
        return (self.low, self.high)

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's are moved from `mean` to `mean + effect`."""
        width = self.high - self.low
        m = (self.mean - self.low) / width
        to = _within(m, effect / width)
        scores = []
        for arm, rate in enumerate(_rates(self, m, shape, latent)):
            columns = latent.trials[arm].shape[1]
            own = _spread(np.repeat(rate, columns), m, self.trial, latent.trials[arm].ravel())
            own = moved(own, m, np.asarray(to)) if arm else own
            scores.append(self.low + width * own.reshape(-1, columns))
        return scores[0], scores[1]


@dataclass(frozen=True, slots=True)
class Normal(_Spread):
    """mean + normal parts with these standard deviations; `trial` is each trial's own."""

    mean: float = 0.0
    trial: float = 1.0

    @property
    def value_range(self) -> ValueRange | None:
        """Unbounded."""
        return None

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's are shifted."""
        base, cand = (self.mean + _summed(self, shape, latent, arm) for arm in (0, 1))
        return base, cand + effect


@dataclass(frozen=True, slots=True)
class Lognormal(_Spread):
    """mean x exp(normal parts with these standard deviations), each divided by its own mean: costs and latencies."""

    mean: float = 1.0
    trial: float = 0.5

    def __post_init__(self) -> None:
        if not self.mean > 0:
            raise ValueError(f"mean must be above 0, not {self.mean}")

    @property
    def value_range(self) -> ValueRange | None:
        """Unbounded."""
        return None

    def arms(self, shape: Shape, latent: Latent, effect: float) -> tuple[Floats, Floats]:
        """Trial scores; the candidate's are multiplied, as dearer tokens or a slower model would."""
        if not self.mean + effect > 0:
            raise ValueError(f"effect {effect:g} takes the mean {self.mean:g} to 0 or below")
        variance = self.cluster**2 + self.case**2 + self.cluster_shock**2 + self.case_shock**2 + self.trial**2
        base, cand = (self.mean * np.exp(_summed(self, shape, latent, arm) - 0.5 * variance) for arm in (0, 1))
        return base, cand * (1.0 + effect / self.mean)


def moved(rates: Floats, mean: float, to: Floats) -> Floats:
    """Rates of mean `mean`, moved so that their mean is `to`: downwards some successes become failures, upwards some
    failures successes, each with one probability. Rates stay in [0, 1], and as the map is linear in the rate the new
    mean is exactly `to`, also where `to` is itself random with mean `mean` (then nothing changes on average)."""
    result: Floats = np.where(to <= mean, rates * (to / mean), 1.0 - (1.0 - rates) * ((1.0 - to) / (1.0 - mean)))
    return result


def _check_shares(model: Binary | Bounded, *more: str) -> None:
    for name in ("cluster", "case", "cluster_shock", "case_shock", *more):
        if not 0 <= getattr(model, name) < 1:
            raise ValueError(f"{name} must be at least 0 and below 1, not {getattr(model, name)}")


def _within(mean: float, effect: float) -> float:
    if not 0 < mean + effect < 1:
        raise ValueError(f"effect {effect:g} takes the rate {mean:g} out of (0, 1)")
    return mean + effect


def _rates(model: Binary | Bounded, mean: float, shape: Shape, latent: Latent) -> tuple[Floats, Floats]:
    """By arm, the rate of each case before any effect: of mean `mean` in both."""
    groups = shape.groups
    shared = _spread(np.full(shape.n_cases, mean), mean, model.case, latent.case)
    shared = _spread(shared, mean, model.cluster, latent.cluster, groups)
    base, cand = (
        _spread(
            _spread(shared, mean, model.cluster_shock, latent.cluster_shock[arm], groups),
            mean,
            model.case_shock,
            latent.case_shock[arm],
        )
        for arm in (0, 1)
    )
    return base, cand


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
