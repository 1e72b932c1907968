"""Wilson's score interval for a proportion."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._distributions import normal_cdf, normal_quantile
from ._inputs import between, whole
from ._proportion import Proportion


@dataclass(frozen=True, slots=True)
class Wilson(Proportion):
    """`k` of `n` independent trials, with bounds whose level is right on average over true rates."""

    k: int
    n: int
    method: str = "Wilson score"

    def lower(self, alpha: float) -> float:
        """One-sided lower bound at 1 - alpha; 0 where k = 0 and alpha < .5."""
        return self._root(normal_quantile(between("alpha", alpha)))

    def upper(self, alpha: float) -> float:
        """One-sided upper bound at 1 - alpha; 1 where k = n and alpha < .5."""
        return self._root(-normal_quantile(between("alpha", alpha)))

    def p_below(self, null: float) -> float:
        """One-sided p-value of the score test for H1: the rate is below `null`, which lies in (0, 1)."""
        return normal_cdf(self._score(null))

    def p_above(self, null: float) -> float:
        """One-sided p-value of the score test for H1: the rate is above `null`, which lies in (0, 1)."""
        return normal_cdf(-self._score(null))

    def p_value(self, null: float) -> float:
        """Two-sided p-value of the score test."""
        return 2.0 * normal_cdf(-abs(self._score(null)))

    def _score(self, null: float) -> float:
        between("null", null)
        return (self.k - self.n * null) / math.sqrt(self.n * null * (1.0 - null))

    def _root(self, z: float) -> float:
        # Exact at the ends, where the formula would leave a rounding residue.
        if (self.k == 0 and z < 0) or (self.k == self.n and z > 0):
            return self.k / self.n
        k, n = self.k, self.n
        return (k + z * z / 2.0 + z * math.sqrt(k * (n - k) / n + z * z / 4.0)) / (n + z * z)


def wilson(k: int, n: int) -> Wilson:
    """Score inference for a rate of `k` in `n`.

    Raises ValueError unless 0 <= k <= n and n >= 1.

    Wilson, Probable inference, the law of succession, and statistical inference, J. American Statistical Association
    22 (1927) 209-212.
    """
    k, n = whole("k", k), whole("n", n, 1)
    if k > n:
        raise ValueError(f"k = {k} exceeds n = {n}")
    return Wilson(k, n)
