"""Repeated p-value: one p-value for a test that was looked at several times."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy.typing as npt

from ._distributions import normal_cdf, normal_quantile
from ._pvalues import pvalues
from ._root import root
from .boundaries import boundaries
from .spending import STEADY, Spending, tested_shares

_LEAST, _MOST = 1e-300, 0.99


def repeated_p(shares: npt.ArrayLike, p_values: npt.ArrayLike, spending: Spending = STEADY) -> float:
    """Smallest alpha at which a look so far would have crossed its bound.

    `p_values` (k,) are the one-sided p-values, each of all data up to its look, at the `shares` (k,) of the planned
    clusters at which the test was made. Under the null the result is below alpha with probability at most alpha,
    whenever one stops, so it may go into Holm beside those of other metrics. One look at share 1 gives its p-value.
    Of several looks, what is not crossed at alpha .99 is 1. `spending` is that of the bounds.

    Raises ValueError for malformed input.

    Jennison & Turnbull, Group sequential methods with applications to clinical trials (2000), chapter 9; Liu &
    Anderson, On adaptive extensions of group sequential trials for clinical investigations, J. American Statistical
    Association 103 (2008) 1621-1630.
    """
    t = tested_shares(shares)
    p = pvalues(p_values)
    if p.size != len(t):
        raise ValueError(f"p_values must have {len(t)} entries, not {p.size}")
    return _repeated(t, tuple(p.tolist()), spending)


@lru_cache(maxsize=4096)
def _repeated(shares: tuple[float, ...], p: tuple[float, ...], spending: Spending) -> float:
    if shares == (1.0,):
        return p[0]
    if min(p) <= _LEAST:
        return 0.0
    # A look's bounds depend on the looks before it only: the smallest alpha of all is the smallest of each look's own.
    before = _repeated(shares[:-1], p[:-1], spending) if len(p) > 1 else 1.0
    alone = _alone(shares[-1], p[-1]) if spending == STEADY else p[-1]
    if len(p) == 1 and spending == STEADY:
        return alone if alone <= _MOST else 1.0
    seen = normal_quantile(p[-1])

    def beyond(y: float) -> float:
        """How far the last look is over its bound where y is the quantile of alpha / 2: nearly linear in it."""
        return -boundaries(shares, 2.0 * normal_cdf(y), spending).z[-1] - seen

    low, high = normal_quantile(alone / 2.0), normal_quantile(min(before, _MOST) / 2.0)
    if low > high or beyond(high) < 0:
        return before
    return min(before, 2.0 * normal_cdf(root(beyond, low, high, tolerance=1e-10)))


def _alone(share: float, p: float) -> float:
    """The alpha of which STEADY spends `p` by `share`."""
    return p if share == 1.0 else 2.0 * normal_cdf(normal_quantile(p / 2.0) * math.sqrt(share))
