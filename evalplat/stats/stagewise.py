"""Stage-wise ordering: an estimate, and an interval, after a test that may have stopped early."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import between, finite
from ._root import root
from ._walk import Walk
from .spending import tested_shares


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A stop at the last of `shares`, on the z scale, with what would have gone on at the looks before."""

    shares: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    z: float

    def above(self, drift: float) -> float:
        """P(stopped earlier at an upper bound, or here at z or more), which grows with the drift."""
        walk, total = Walk(drift), 0.0
        for look, t in enumerate(self.shares[:-1]):
            s = math.sqrt(t)
            total += walk.above(self.upper[look] * s, t)
            walk.going_on([(self.lower[look] * s, self.upper[look] * s)], t, self.shares[look + 1])
        return total + walk.above(self.z * math.sqrt(self.shares[-1]), self.shares[-1])


def median_unbiased(
    shares: npt.ArrayLike, upper: Sequence[float], lower: Sequence[float], estimate: float, se: float
) -> float:
    """The effect at which what was seen, or something more extreme, has probability 1/2.

    `shares` (k,) are those of the looks up to the stop, `upper` and `lower` (k - 1,) the bounds of the earlier ones on
    estimate / se, infinite where there is none; `estimate` and `se` > 0 are those at the stop. Outcomes are ordered by
    stage: the earlier an upper bound is crossed, the higher; within a look by z. The information at share t is
    t / (se^2 t_stop). Ends that bounds do not explain (non-binding futility) are taken as a look like the last.
    An earlier look with upper <= lower, at which nothing would have gone on, is left out. With one look the result is
    `estimate`, exactly.

    Raises ValueError for malformed input.

    Tsiatis, Rosner & Mehta, Exact confidence intervals following a group sequential test, Biometrics 40 (1984)
    797-803; Jennison & Turnbull, Group sequential methods with applications to clinical trials (2000), 8.4.
    """
    return _quantile(shares, upper, lower, estimate, se, (0.5,))[0]


def stagewise_interval(
    shares: npt.ArrayLike, upper: Sequence[float], lower: Sequence[float], estimate: float, se: float, confidence: float
) -> tuple[float, float]:
    """Two-sided, equal-tailed interval (low, high) by stage-wise ordering, after a stop by the bounds themselves.

    Arguments and source as for `median_unbiased`. Unlike a repeated interval it holds only where the bounds, and
    nothing else, decided when to stop. Raises ValueError for malformed input.
    """
    tail = (1.0 - between("confidence", confidence)) / 2.0
    low, high = _quantile(shares, upper, lower, estimate, se, (tail, 1.0 - tail))
    return low, high


def _quantile(
    shares: npt.ArrayLike,
    upper: Sequence[float],
    lower: Sequence[float],
    estimate: float,
    se: float,
    probabilities: Sequence[float],
) -> list[float]:
    t = tested_shares(shares)
    estimate, se = finite("estimate", estimate), finite("se", se, above=0.0)
    highs, lows = _bounds("upper", upper, len(t) - 1), _bounds("lower", lower, len(t) - 1)
    kept = [look for look in range(len(t) - 1) if lows[look] < highs[look]]
    bounded = [look for look in kept if lows[look] > -math.inf or highs[look] < math.inf]
    stopped = _Stopped(
        tuple(t[look] for look in bounded) + t[-1:],
        tuple(highs[look] for look in bounded),
        tuple(lows[look] for look in bounded),
        estimate / se,
    )
    scale = se * math.sqrt(t[-1])
    if not bounded and tuple(probabilities) == (0.5,):
        return [estimate]
    start = estimate / scale
    return [scale * _drift(lambda drift, p=p: stopped.above(drift) - p, start) for p in probabilities]  # type: ignore[misc]


def _drift(f: Callable[[float], float], start: float) -> float:
    """The drift at which the growing `f` is 0."""
    low = high = start
    step = 1.0
    while f(low) > 0:
        low, step = low - step, 2.0 * step
    step = 1.0
    while f(high) < 0:
        high, step = high + step, 2.0 * step
    return low if low == high else root(f, low, high)


def _bounds(name: str, values: Sequence[float], n: int) -> list[float]:
    bounds = np.asarray(values, dtype=np.float64)
    if bounds.shape != (n,):
        raise ValueError(f"{name} must have {n} entries, one for each look before the last, not {bounds.shape}")
    if np.isnan(bounds).any():
        raise ValueError(f"{name} must be numbers, not {bounds.tolist()}")
    return [float(bound) for bound in bounds]
