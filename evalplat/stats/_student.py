"""StudentT: what all results share whose interval is estimate + critical value x se, on some scale."""

from __future__ import annotations

import math

from ._distributions import t_cdf, t_quantile
from ._inputs import Side, between, finite, side_of


class StudentT:
    """Interval, bounds and p-values of an estimate with a standard error and Student's t on `df`.

    `se` None means that the data cannot tell: the interval is the whole line, every p-value 1. `se` 0 means that
    nothing varied: the interval is the point, a p-value is 0 or 1 by where the point lies.
    A subclass may bring other critical values than those of t.
    """

    __slots__ = ()

    estimate: float
    se: float | None
    df: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """Two-sided, equal-tailed interval (low, high)."""
        alpha = (1.0 - between("confidence", confidence)) / 2.0
        return self.bound(alpha, "lower"), self.bound(alpha, "upper")

    def bound(self, alpha: float, side: Side) -> float:
        """One-sided confidence bound at 1 - alpha."""
        between("alpha", alpha)
        lower = side_of(side) == "lower"
        if self.se is None:
            return -math.inf if lower else math.inf
        return self.estimate if self.se == 0 else self.estimate - self._critical(alpha, upper_tail=lower) * self.se

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided p-value of H0: the estimand equals `null`."""
        return min(1.0, 2.0 * min(self.p_below(null), self.p_above(null)))

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value for H1: the estimand is below `null`."""
        return self._p(finite("null", null), upper_tail=False)

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value for H1: the estimand is above `null`."""
        return self._p(finite("null", null), upper_tail=True)

    def _p(self, null: float, *, upper_tail: bool) -> float:
        if self.se is None:
            return 1.0
        distance = self.estimate - null
        if self.se == 0:
            # Equal up to rounding is equal: -0.02 that was summed up must not beat -0.02 that was typed.
            same = math.isclose(self.estimate, null, rel_tol=1e-12, abs_tol=0.0)
            return 0.0 if not same and (distance > 0) == upper_tail else 1.0
        return self._tail(distance / self.se, upper_tail=upper_tail)

    def _critical(self, alpha: float, *, upper_tail: bool) -> float:
        """The value beyond which (estimate - estimand) / se lies with probability `alpha`."""
        quantile = t_quantile(self.df, alpha)
        return -quantile if upper_tail else quantile

    def _tail(self, t: float, *, upper_tail: bool) -> float:
        """Probability that (estimate - estimand) / se lies as far out as `t`."""
        return t_cdf(self.df, -t if upper_tail else t)


def without_rounding(estimate: float, se: float, scale: float) -> tuple[float, float]:
    """(estimate, se) with what is only rounding, at values of size `scale`, set to an exact 0.

    Cluster sums that cancel leave 1e-17 where there is nothing, and 1e-17 / 1e-17 would pass for a finding.
    """
    noise = 32.0 * math.ulp(1.0) * scale
    if se > noise:
        return estimate, se
    return (0.0 if abs(estimate) <= noise else estimate), 0.0
