"""Ranking: several systems in order, with what the data can and cannot tell apart."""

from __future__ import annotations

from pydantic import Field

from .base import Name, Record
from .decision import MetricComparison
from .policy import Direction


class RankedPair(Record):
    """Two systems on the cases that both have. In `comparison` the candidate is `ahead`, the baseline `behind`.

    Its interval is at 1 - alpha / pairs, so that all intervals of a ranking hold together at 1 - alpha; `p_adjusted` is
    Holm's over all pairs, of two-sided p-values. `real` where that is at most alpha: `ahead` is better than `behind`.
    """

    ahead: Name
    behind: Name
    comparison: MetricComparison
    p_adjusted: float
    real: bool


class RankedSystem(Record):
    """One system. `first` and `last` are the places that it can have, all of them at once at 1 - alpha."""

    system: Name
    value: float | None = Field(description="The metric over the system's own cases; a failed trial is the worst.")
    n_cases: int
    n_failures: int
    first: int = Field(ge=1)
    last: int = Field(ge=1)
    letters: str = Field(description="Systems with a letter in common cannot be told apart.")
    better_than: tuple[str, ...] = ()
    worse_than: tuple[str, ...] = ()


class Ranking(Record):
    """Systems from the best observed value to the worst, and every pair of them."""

    metric: Name
    statistic: str
    direction: Direction
    alpha: float = Field(description="Chance of any false claim among all pairs, at most.")
    reference: Name = Field(description="The system whose cases are compared: those of the baseline.")
    systems: tuple[RankedSystem, ...]
    pairs: tuple[RankedPair, ...]
    sentences: tuple[str, ...] = Field(description="What is real and what is not, in plain words.")
    method: str

    @property
    def best(self) -> tuple[str, ...]:
        """Those that no other is shown to be better than."""
        return tuple(one.system for one in self.systems if one.first == 1)

    def pair(self, one: str, other: str) -> RankedPair:
        """The pair of two systems, whichever is ahead. Raises KeyError where there is none."""
        for found in self.pairs:
            if {found.ahead, found.behind} == {one, other}:
                return found
        raise KeyError((one, other))
