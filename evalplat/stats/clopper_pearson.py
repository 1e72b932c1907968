"""Clopper-Pearson: exact bounds on a proportion."""

from __future__ import annotations

from dataclasses import dataclass

from ._distributions import beta_quantile, beta_quantile_upper, binomial_cdf, binomial_sf
from ._inputs import between, whole
from ._proportion import Proportion


@dataclass(frozen=True, slots=True)
class ClopperPearson(Proportion):
    """`k` of `n` independent trials, with bounds that hold at least at their level for every true rate."""

    k: int
    n: int
    method: str = "Clopper-Pearson"

    def lower(self, alpha: float) -> float:
        """One-sided lower bound at 1 - alpha; 0 where k = 0."""
        between("alpha", alpha)
        return 0.0 if self.k == 0 else beta_quantile(self.k, self.n - self.k + 1, alpha)

    def upper(self, alpha: float) -> float:
        """One-sided upper bound at 1 - alpha; 1 where k = n."""
        between("alpha", alpha)
        return 1.0 if self.k == self.n else beta_quantile_upper(self.k + 1, self.n - self.k, alpha)

    def p_below(self, null: float) -> float:
        """Exact one-sided p-value for H1: the rate is below `null`, which lies in (0, 1)."""
        return binomial_cdf(self.k, self.n, between("null", null))

    def p_above(self, null: float) -> float:
        """Exact one-sided p-value for H1: the rate is above `null`, which lies in (0, 1)."""
        return binomial_sf(self.k, self.n, between("null", null))

    def p_value(self, null: float) -> float:
        """Two-sided p-value, dual to the equal-tailed interval: twice the smaller tail."""
        return min(1.0, 2.0 * min(self.p_below(null), self.p_above(null)))


def clopper_pearson(k: int, n: int) -> ClopperPearson:
    """Exact inference for a rate of `k` in `n`.

    Raises ValueError unless 0 <= k <= n and n >= 1.

    Clopper & Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26
    (1934) 404-413.
    """
    k, n = whole("k", k), whole("n", n, 1)
    if k > n:
        raise ValueError(f"k = {k} exceeds n = {n}")
    return ClopperPearson(k, n)
