"""Tango's score interval for the difference of two paired proportions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._distributions import normal_cdf, normal_quantile
from ._inputs import Side, between, side_of, whole

_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Tango:
    """The difference (b - c) / n of `n` pairs, of which `b` succeed only first and `c` only second."""

    b: int
    c: int
    n: int
    method: str = "Tango score"

    @property
    def estimate(self) -> float:
        """(b - c) / n."""
        return (self.b - self.c) / self.n

    def interval(self, confidence: float) -> tuple[float, float]:
        """Two-sided, equal-tailed interval (low, high)."""
        alpha = (1.0 - between("confidence", confidence)) / 2.0
        return self.bound(alpha, "lower"), self.bound(alpha, "upper")

    def bound(self, alpha: float, side: Side) -> float:
        """One-sided confidence bound at 1 - alpha: where the score test at alpha begins to reject.

        Above alpha .5 it lies on the other side of the estimate, as it does for a t interval.
        """
        z = -normal_quantile(between("alpha", alpha))
        if (side_of(side) == "lower") == (z >= 0):
            return _lower(self.b, self.c, self.n, abs(z))
        return -_lower(self.c, self.b, self.n, abs(z))

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided p-value of H0: the difference equals `null`; at 0 that is McNemar's test without correction."""
        return min(1.0, 2.0 * normal_cdf(-abs(self.score(null))))

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value for H1: the difference is below `null`."""
        return normal_cdf(self.score(null))

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value for H1: the difference is above `null`."""
        return normal_cdf(-self.score(null))

    def score(self, null: float = 0.0) -> float:
        """Score statistic, standard normal where the difference is `null`; (b - c) / sqrt(b + c) at 0."""
        between("null", null, -1.0, 1.0)
        distance = self.b - self.c - self.n * null
        spread = math.sqrt(_variance(self.b, self.c, self.n, null))
        if spread == 0:  # only b = c = 0 at null 0
            return 0.0
        return distance / spread


def tango(b: int, c: int, n: int) -> Tango:
    """Score inference for (b - c) / n, from `n` pairs of binary outcomes.

    `b` pairs succeed only on the first side, `c` only on the second. The variance is the restricted maximum
    likelihood one at the difference in question, so interval and tests agree, also where b = c = 0.

    Raises ValueError unless 0 <= b, c and b + c <= n, n >= 1.

    Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample design,
    Statistics in Medicine 17 (1998) 891-908.
    """
    b, c, n = whole("b", b), whole("c", c), whole("n", n, 1)
    if b + c > n:
        raise ValueError(f"b + c = {b + c} exceeds n = {n}")
    return Tango(b, c, n)


def _variance(b: int, c: int, n: int, delta: float) -> float:
    """Variance of b - c at difference `delta`: n (2 q + delta (1 - delta)), q the restricted estimate of c / n."""
    linear = -b - c + (2 * n - b + c) * delta
    product = -c * delta * (1.0 - delta)
    root = math.sqrt(max(0.0, linear * linear - 8.0 * n * product))
    # The larger root of 2n q^2 + linear q + product = 0, written without cancellation.
    q = -2.0 * product / (root + linear) if linear > 0 else (root - linear) / (4.0 * n)
    return max(0.0, n * (2.0 * q + delta * (1.0 - delta)))


def _lower(b: int, c: int, n: int, z: float) -> float:
    """The delta in [-1, (b - c) / n] at which the score is z >= 0: bisection, as the score falls in delta."""
    low, high = -1.0, (b - c) / n
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if b - c - n * middle > z * math.sqrt(_variance(b, c, n, middle)):
            low = middle
        else:
            high = middle
    return high
