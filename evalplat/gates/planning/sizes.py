"""Sizes: smallest designs, smallest effects, and the best use of a spend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evalplat.gates.effect import sign
from evalplat.gates.needed import MOST_CLUSTERS, MOST_TRIALS
from evalplat.gates.search import smallest
from evalplat.records.plan import PlanDesign, PlanRange, PlanSize
from evalplat.stats import power_of

from .design import Design
from .noise import Noise
from .policy_power import PolicyNoise, needed_clusters, needed_trials
from .power import power, with_margin
from .prices import Prices

TRIALS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
"""Trials a case that designs are tried with."""


@dataclass(frozen=True, slots=True)
class Planner:
    """The questions that a plan answers, about one policy and one way to price it."""

    policy: PolicyNoise
    prices: Prices
    power: float
    baseline_trials: float | None
    kept: bool
    case_cost: float = 0.0

    def shown(self, design: Design) -> PlanDesign:
        """A design with its power and its price."""
        low, estimate, high = self.policy.powers(design)
        return PlanDesign(
            cases=round(design.cases),
            clusters=round(design.clusters),
            trials=design.trials[1],
            baseline_trials=design.trials[0],
            power=PlanRange(low=low, estimate=estimate, high=high),
            spend=self.prices.spend(design, kept=self.kept),
        )

    def by_clusters(self, design: Design) -> PlanSize:
        """Clusters at the design's trials."""
        return self._size(needed_clusters(self.policy, design, self.power), design.with_clusters)

    def by_trials(self, design: Design) -> PlanSize | None:
        """Trials on the design's cases; None where the history cannot tell what more of them do."""
        if not self.can_vary_trials:
            return None
        found = needed_trials(self.policy, design, self.power, self.baseline_trials)
        return self._size(found, lambda trials: design.with_trials(trials, self.baseline_trials))

    def _size(self, counts: tuple[int | None, int | None, int | None], grown: Callable[[int], Design]) -> PlanSize:
        low, estimate, high = (None if count is None else self.shown(grown(count)) for count in counts)
        return PlanSize(low=low, estimate=estimate, high=high)

    @property
    def can_vary_trials(self) -> bool:
        """Whether other numbers of trials can be planned for."""
        return all(noise.can_vary_trials() for noise in self.policy.metrics)

    def options(self, design: Design) -> list[PlanDesign]:
        """Designs of the wanted power, one for each number of trials that has one."""
        found = []
        for trials in self._trials(design):
            tried = design.with_trials(trials, self.baseline_trials)
            _, clusters, _ = needed_clusters(self.policy, tried, self.power)
            if clusters is not None:
                found.append(self.shown(tried.with_clusters(clusters)))
        return found

    def _trials(self, design: Design) -> Iterable[float]:
        return TRIALS if self.can_vary_trials else (design.trials[1],)

    def best_for(self, spend: float, design: Design, *, money: bool) -> PlanDesign | None:
        """Cases and trials of the greatest power for `spend` calls, or US dollars; None where that is none at all.

        Without a cost of new cases one trial of more cases is never worse (Cochran 1977, 10.6, of one metric).
        Where the power is all but the same, as where all have 1, the smaller noise decides.
        """
        tried = [self._affordable(spend, design, trials, money=money) for trials in self._trials(design)]
        return self._best([one for one in tried if one is not None])

    def best_here_for(self, spend: float, design: Design, *, money: bool) -> PlanDesign | None:
        """The same on the design's own cases: as many trials as the spend affords."""
        every = range(1, MOST_TRIALS + 1) if self.can_vary_trials else self._trials(design)
        affordable = [
            tried
            for tried in (design.with_trials(trials, self.baseline_trials) for trials in every)
            if self._price(tried, money=money) <= spend
        ]
        return self._best(affordable[-1:])

    def why_not(self, spend: float, design: Design, *, money: bool) -> str | None:
        """Why `best_for` has no answer; None where it has."""
        if self.best_for(spend, design, money=money) is not None:
            return None
        tried = (self._affordable(spend, design, trials, money=money) for trials in self._trials(design))
        if any(one is not None for one in tried):
            return "no size that it pays for ever passes an unchanged candidate"
        least = min(
            self._price(design.with_trials(trials, self.baseline_trials).with_clusters(2), money=money)
            for trials in self._trials(design)
        )
        return f"2 clusters take {_worded(least, money=money)}"

    def why_not_here(self, spend: float, design: Design, *, money: bool) -> str | None:
        """Why `best_here_for` has no answer; None where it has."""
        if self.best_here_for(spend, design, money=money) is not None:
            return None
        fewest = min(self._trials(design))
        least = self._price(design.with_trials(fewest, self.baseline_trials), money=money)
        if least <= spend:
            return "no number of trials that it pays for ever passes an unchanged candidate"
        what = "trial of each takes" if fewest == 1 else "trials of each take"
        return f"{fewest:g} {what} {_worded(least, money=money)}"

    def _affordable(self, spend: float, design: Design, trials: float, *, money: bool) -> Design | None:
        """The most clusters, new cases at their own cost."""
        tried = design.with_trials(trials, self.baseline_trials)

        def too_dear(clusters: int) -> bool:
            grown = tried.with_clusters(clusters)
            new = max(0.0, grown.cases - design.cases) * self.case_cost
            return self._price(grown, money=money) + new > spend

        first_too_dear = smallest(too_dear, 2, MOST_CLUSTERS, teeth=False)
        return None if first_too_dear is None or first_too_dear <= 2 else tried.with_clusters(first_too_dear - 1)

    def _price(self, design: Design, *, money: bool) -> float:
        spent = self.prices.spend(design, kept=self.kept)
        if not money:
            return spent.calls
        return spent.cost_usd.estimate or 0.0 if spent.cost_usd is not None else 0.0

    def _best(self, designs: list[Design]) -> PlanDesign | None:
        best = max(designs, key=lambda one: (round(self.policy.joint(one)[0], 6), self._sight(one)), default=None)
        return None if best is None or self.policy.joint(best)[0] == 0.0 else self.shown(best)

    def _sight(self, design: Design) -> float:
        """Standard errors that the targets are away, of the metric that sees least."""
        away = [
            (noise.target or 0.0) / (noise.se(design) or 1e-300)
            for noise in self.policy.metrics
            if noise.rule.rule != "zero"
        ]
        return min(away, default=design.clusters)


def _worded(amount: float, *, money: bool) -> str:
    return f"{amount:,.2f} US$" if money else f"{amount:,.0f} calls"


def smallest_margin(noise: Noise, design: Design, wanted: float) -> float | None:
    """The margin that an unchanged candidate passes with the wanted power; of rule zero the largest rate."""
    _, clusters = noise.size(design)
    if noise.rule.rule == "zero":
        return float(1.0 - noise.rule.alpha ** (1.0 / int(clusters + 1e-9)))

    def enough(margin: float) -> bool:
        return power(with_margin(noise, margin), design) >= wanted

    most = noise.width if noise.rule.range is not None else math.inf
    if noise.rule.statistic == "ratio" and noise.rule.direction == "higher":
        most = 1.0 - 1e-12
    high = min(most, max(noise.se(design), 1e-12))
    for _ in range(80):
        if enough(high):
            return _bisected(enough, high)
        if high == most:
            break
        high = min(most, 2.0 * high)
    return None


def smallest_drop(noise: Noise, design: Design, wanted: float) -> float | None:
    """The true drop (of a ratio: relative) that the metric, alone, is failed for with the wanted power."""
    if noise.rule.alone:
        return None
    se, df = noise.se(design), noise.freedom(design)
    if se == 0 or df < 1:
        return None
    drop = _bisected(lambda effect: power_of(se, df, effect, noise.rule.alpha) >= wanted, 100.0 * se * (1 + 30.0 / df))
    if noise.rule.statistic != "ratio":
        return drop
    s = sign(noise.rule)
    return -s * math.expm1(-s * drop)


def _bisected(enough: Callable[[float], bool], high: float) -> float:
    low = 0.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
