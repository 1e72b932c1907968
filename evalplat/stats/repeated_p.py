"""Repeated p-value: one p-value for a test that was looked at several times."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy.typing as npt

from ._distributions import normal_cdf, normal_quantile
from ._pvalues import pvalues
from .boundaries import boundaries
from .spending import tested_shares

_LEAST, _MOST = 1e-300, 0.99
_STEPS = 100


def repeated_p(shares: npt.ArrayLike, p_values: npt.ArrayLike) -> float:
    """Smallest alpha at which a look so far would have crossed its bound.

    `p_values` (k,) are the one-sided p-values, each of all data up to its look, at the `shares` (k,) of the planned
    clusters at which the test was made. Under the null the result is below alpha with probability at most alpha,
    whenever one stops, so it may go into Holm beside those of other metrics. One look at share 1 gives its p-value.
    What is not crossed at alpha .99 is 1.

    Raises ValueError for malformed input.

    Jennison & Turnbull, Group sequential methods with applications to clinical trials (2000), 9.2; Liu & Anderson,
    On adaptive extensions of group sequential trials, J. American Statistical Association 103 (2008) 1621-1630.
    """
    t = tested_shares(shares)
    p = pvalues(p_values)
    if p.size != len(t):
        raise ValueError(f"p_values must have {len(t)} entries, not {p.size}")
    return _repeated(t, tuple(p.tolist()))


@lru_cache(maxsize=4096)
def _repeated(shares: tuple[float, ...], p: tuple[float, ...]) -> float:
    if min(p) <= _LEAST:
        return 0.0
    # Alone, a look would need this alpha; with looks before it, it needs more.
    alone = [_alone(t, q) for t, q in zip(shares, p, strict=True)]
    if len(p) == 1:
        return min(1.0, alone[0])

    def beyond(x: float) -> float:
        """How far the looks have come over their bounds at alpha exp(x), on the logarithm of p; it grows with x."""
        levels = boundaries(shares, math.exp(x)).nominal
        pairs = zip(levels, p, strict=True)
        return max((math.log(level) - math.log(q) for level, q in pairs if level > 0), default=-math.inf)

    low, high = math.log(min(alone)), math.log(_MOST)
    if low >= high or beyond(high) < 0:
        return 1.0
    return math.exp(_root(beyond, low, high))


def _alone(share: float, p: float) -> float:
    return p if share == 1.0 else 2.0 * normal_cdf(normal_quantile(p / 2.0) * math.sqrt(share))


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where the growing `f`, above 0 at `high`, comes to 0: false position, a kept end halved (Illinois)."""
    at_low, at_high = f(low), f(high)
    if at_low >= 0:
        return low
    for _ in range(_STEPS):
        share = 0.5 if math.isinf(at_low) else at_low / (at_low - at_high)
        middle = low + share * (high - low)
        value = f(middle)
        if abs(value) < 1e-12 or high - low < 1e-13:
            return middle
        if value < 0:
            low, at_low, at_high = middle, value, 0.5 * at_high
        else:
            high, at_high, at_low = middle, value, 0.5 * at_low
    return high
