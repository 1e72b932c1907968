"""Proportion: what all results on `k` of `n` share."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ._inputs import between


class Proportion(ABC):
    """The rate of `k` in `n`, and a two-sided interval from two one-sided bounds."""

    __slots__ = ()

    k: int
    n: int

    @property
    def estimate(self) -> float:
        """k / n."""
        return self.k / self.n

    def interval(self, confidence: float) -> tuple[float, float]:
        """Two-sided, equal-tailed interval (low, high)."""
        alpha = (1.0 - between("confidence", confidence)) / 2.0
        return self.lower(alpha), self.upper(alpha)

    @abstractmethod
    def lower(self, alpha: float) -> float:
        """One-sided lower bound at 1 - alpha."""

    @abstractmethod
    def upper(self, alpha: float) -> float:
        """One-sided upper bound at 1 - alpha."""
