"""Neyman allocation: where trials are worth most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Codes, Floats, positive, vector, whole


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Trials of each case (n,), whole numbers that add up to `calls`.

    `spreads` (n,) are the standard deviations of one trial that were allotted by, after shrinking. `variance` is that
    of the (weighted) mean over cases by these trials, `uniform` by calls / n trials of each case, both if `spreads` are
    true; `variance` / `uniform` is what the allocation saves.
    """

    trials: Codes
    calls: int
    least: int
    spreads: Floats
    variance: float
    uniform: float
    method: str


def neyman(
    spreads: npt.ArrayLike,
    calls: int,
    *,
    trials: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    least: int = 1,
) -> Allocation:
    """Trials for each of n cases, proportional to weight x standard deviation of a trial, `calls` in all.

    `spreads` (n,) are standard deviations of one trial within its case, at least 0, `trials` (n,) the numbers K of
    trials, at least 2, that they were estimated from: then variances are shrunk towards their pooled one s0^2, so that
    a case that happened not to vary is not taken for one that cannot. Credibility: s0^2 + Z (s^2 - s0^2) with
    Z = T / (T + 2 (s0^4 + T) / (K - 1)), T the variance of the true variances by the method of moments; T = 0, all
    alike, gives the uniform split. Without `trials` spreads are taken as they are. `weights` (n,) are those of the mean
    over cases. Cases whose share is below `least` get that, the others share the rest; fractions by largest remainder.

    Raises ValueError for malformed input, and where `calls` do not suffice for `least` of every case.

    Neyman, On the two different aspects of the representative method, J. Royal Statistical Society 97 (1934) 558-625;
    Cochran, Sampling techniques, 3rd ed., Wiley (1977), 5.5; Buehlmann & Gisler, A course in credibility theory (2005).
    """
    sd = vector("spreads", spreads)
    if sd.min() < 0:
        raise ValueError(f"spreads must not be negative; entry {int(np.argmin(sd))} is {sd.min():g}")
    n, least = sd.size, whole("least", least, 1)
    calls = whole("calls", calls, 1)
    if calls < n * least:
        raise ValueError(f"calls must be at least {n * least}, {least} for each of {n} cases, not {calls}")
    w = np.ones(n) if weights is None else positive("weights", weights, n)
    share = w / w.sum()
    method = "Neyman allocation, largest remainder"
    if trials is not None:
        sd = _shrunk(sd, _numbers(trials, n) - 1.0)
        method += ", spreads shrunk towards the pooled one"
    allotted = _whole(_proportional(share * sd, calls, least), calls)
    parts = (share * sd) ** 2
    return Allocation(
        allotted, calls, least, sd, float(np.sum(parts / allotted)), float(parts.sum()) * n / calls, method
    )


def _numbers(trials: npt.ArrayLike, n: int) -> Floats:
    numbers = vector("trials", trials, n)
    if numbers.min() < 2 or (numbers != np.floor(numbers)).any():
        raise ValueError("trials must be whole numbers of at least 2: a spread takes two trials")
    return numbers


def _shrunk(sd: Floats, df: Floats) -> Floats:
    """Standard deviations with their variances shrunk towards the pooled one."""
    variance = sd**2
    pooled = float(np.average(variance, weights=df))
    if pooled == 0:
        return sd
    variance = variance / pooled
    noise = float(np.mean(2.0 / df))
    spread = max(0.0, (float(np.mean((variance - 1.0) ** 2)) - noise) / (1.0 + noise))
    credibility = spread / (spread + 2.0 * (1.0 + spread) / df)
    shrunk: Floats = np.sqrt(pooled * (1.0 + credibility * (variance - 1.0)))
    return shrunk


def _proportional(size: Floats, calls: int, least: int) -> Floats:
    """`calls` in proportion to `size`, none below `least`; uniform where all are 0."""
    at_least = np.zeros(size.size, dtype=bool)
    if size.max() == 0:
        size = np.ones(size.size)
    while True:
        left = calls - least * int(at_least.sum())
        quota = np.where(at_least, float(least), size * (left / size[~at_least].sum()))
        # A share that is `least` up to rounding is enough, else the last ones could all be taken out.
        below = ~at_least & (quota < least * (1.0 - 1e-12))
        if not below.any():
            return quota
        at_least |= below


def _whole(quota: Floats, calls: int) -> Codes:
    """Whole numbers with the same sum: each rounded down, the rest to the largest fractions, first ones on a tie."""
    # Thirds that add up to 0.9999 of a call are not to lose it.
    floor = np.floor(quota + 1e-9)
    rest = calls - int(floor.sum())
    order = np.argsort(-(quota - floor), kind="stable")
    floor[order[:rest]] += 1.0
    return floor.astype(np.int64)
