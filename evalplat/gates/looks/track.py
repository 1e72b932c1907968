"""Track: one metric through the looks of a test, where it was tested and what was seen there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from evalplat.gates.limits import FEWEST_DIFFERING
from evalplat.gates.rules import dropped
from evalplat.gates.stage import Levels
from evalplat.gates.words import unit
from evalplat.records import MetricComparison, MetricRule
from evalplat.stats import STEADY, Spending, boundaries, median_unbiased, repeated_p

from .futility import hopeless, tolerable_yet

LEAST_LEVEL = 1e-12
"""So that a level is told from none in the arithmetic of a confidence."""


@dataclass(slots=True)
class Track:
    """One metric through the looks: where it was really tested, and what was seen there.

    `failing` is how the test for fail spends its error: early, where the test for pass may end both.
    """

    failing: Spending
    shares: list[float] = field(default_factory=list)
    p_drops: list[float] = field(default_factory=list)
    ses: list[float] = field(default_factory=list)

    def levels(self, rule: MetricRule, share: float) -> Levels:
        """This look's levels: what the looks before did not test, they did not spend."""
        shares = (*self.shares, share)
        nominal = (
            boundaries(shares, alpha, spending).nominal[-1]
            for alpha, spending in ((rule.alpha, STEADY), (rule.alpha, self.failing), (rule.alpha / 2, STEADY))
        )
        return Levels(*(max(level, LEAST_LEVEL) for level in nominal))

    def seen(self, found: MetricComparison, share: float, *, last: bool) -> MetricComparison:
        """The comparison as it counts at this look; from here on the look is part of the test."""
        if found.unusable is not None or found.rule == "zero" or found.p_drop is None:
            return found
        early = None if last else _too_early(found)
        if early is not None:
            return found.model_copy(update={"unusable": early, "level": None})
        self.shares.append(share)
        self.p_drops.append(found.p_drop)
        self.ses.append(found.se or 0.0)
        if not last and tolerable_yet(found, share, boundaries((*self.shares, 1.0), found.alpha).z[-1]):
            return found.model_copy(update={"unusable": "it got worse, but perhaps tolerably: too early to say"})
        return found.model_copy(update={"p_drop": repeated_p(tuple(self.shares), tuple(self.p_drops), self.failing)})

    def unbiased(self, found: MetricComparison) -> MetricComparison:
        """With the median-unbiased difference, where the test was one of a mean of differences."""
        two_sided = found.rule in ("non_inferiority", "superiority", "no_significant_drop")
        plain = found.statistic == "mean" or found.statistic.startswith("pass^")
        if not two_sided or not plain or found.difference is None or not found.se or not self.shares:
            return found
        s = -1.0 if found.direction == "lower" and found.statistic == "mean" else 1.0
        margin = found.margin or 0.0
        shares = tuple(self.shares)
        passing, failing = (boundaries(shares, found.alpha, spending).z for spending in (STEADY, self.failing))
        upper = tuple(z - margin / se if se else math.inf for z, se in zip(passing, self.ses, strict=True))[:-1]
        lower = tuple(-z for z in failing)[:-1]
        value = s * median_unbiased(shares, upper, lower, s * found.difference, found.se)
        return found.model_copy(update={"median_unbiased": float(value)})

    def hopeless(self, found: MetricComparison, to_come: Sequence[float]) -> bool:
        """Whether a pass is out of reach, with looks at the shares `to_come`."""
        if found.level is None or not self.shares:
            return False
        return hopeless(found, self.shares[-1], boundaries((*self.shares, *to_come), found.alpha).z[-1])


def _too_early(found: MetricComparison) -> str | None:
    """Why a metric is not tested before the last look."""
    if found.rule == "no_significant_drop" and not dropped(found):
        return "that nothing is shown counts at the last look only"
    if found.differing_clusters is not None and found.differing_clusters < FEWEST_DIFFERING:
        differ = f"only {found.differing_clusters} of {found.n_clusters} {unit(found)} differ so far"
        return f"{differ}, too few for an early verdict"
    return None
