"""Prices: what one trial takes, from a history; and what a design then costs. What is not recorded is not guessed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from evalplat.records import ScoreTable, Trial
from evalplat.records.plan import PlanRange, Spend
from evalplat.stats import cluster_mean

from .design import Design
from .policy_power import CONFIDENCE

TABLE_METRICS = {"tokens": "total_tokens", "cost_usd": "cost_usd", "seconds": "latency_s"}


@dataclass(frozen=True, slots=True)
class Price:
    """Of one trial: tokens, US dollars, seconds; each a mean with its range, or None where it is not known."""

    tokens: PlanRange | None = None
    cost_usd: PlanRange | None = None
    seconds: PlanRange | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a trial of the baseline and of the candidate; `concurrency` trials run at once."""

    baseline: Price
    candidate: Price
    concurrency: int

    def spend(self, design: Design, *, kept: bool) -> Spend:
        """What a design costs. A kept baseline costs nothing."""
        base = 0 if kept else math.ceil(design.cases * design.trials[0] - 1e-9)
        cand = math.ceil(design.cases * design.trials[1] - 1e-9)
        calls = (base, cand)
        minutes = _total(calls, (self.baseline.seconds, self.candidate.seconds), 1.0 / (60.0 * self.concurrency))
        return Spend(
            calls=base + cand,
            baseline_calls=math.ceil(design.cases * design.trials[0] - 1e-9),
            candidate_calls=cand,
            baseline_kept=kept,
            tokens=_total(calls, (self.baseline.tokens, self.candidate.tokens), 1.0),
            cost_usd=_total(calls, (self.baseline.cost_usd, self.candidate.cost_usd), 1.0),
            minutes=minutes,
        )


def prices_of_table(table: ScoreTable, baseline: str, candidate: str | None, concurrency: int) -> Prices:
    """From metrics cost_usd, latency_s and total_tokens of a score table; failed trials count where they have one."""

    def price(system: str) -> Price:
        return Price(**{part: _of_metric(table, system, metric) for part, metric in TABLE_METRICS.items()})

    base = price(baseline)
    return Prices(base, base if candidate is None else price(candidate), concurrency)


def price_of_trials(trials: Iterable[Trial]) -> Price:
    """From a run's trials: usage and latency. Cost is None where one has no known price."""
    every = list(trials)
    cases = np.unique([trial.key.case_id for trial in every], return_inverse=True)[1]
    tokens = [float(trial.usage.total_tokens) for trial in every]
    costs = [trial.usage.cost_usd for trial in every]
    unknown = any(trial.usage.unknown_usage_calls for trial in every) or not any(tokens)
    priced = [cost for cost in costs if cost is not None]
    return Price(
        tokens=None if unknown else _span(np.array(tokens), cases),
        cost_usd=_span(np.array(priced), cases) if len(priced) == len(every) and not unknown else None,
        seconds=_span(np.array([trial.latency_s for trial in every]), cases),
    )


def _of_metric(table: ScoreTable, system: str, metric: str) -> PlanRange | None:
    mine = (table.system.codes == table.system.code_of(system)) & (table.metric.codes == table.metric.code_of(metric))
    rows = np.flatnonzero(mine & np.isfinite(table.score))
    if not len(rows):
        return None
    return _span(table.score[rows], np.unique(table.case.codes[rows], return_inverse=True)[1])


def _span(values: npt.NDArray[np.float64], cases: npt.NDArray[np.int64]) -> PlanRange:
    """Mean of a trial with its 80 % range over cases; on the logarithm, as no amount lies below 0."""
    mean = float(values.mean())
    if cases.max() == 0 or mean <= 0:
        return PlanRange(low=None, estimate=mean, high=None)
    result = cluster_mean(values, cases)
    if result.se is None:
        return PlanRange(low=None, estimate=mean, high=None)
    reach = math.exp(float(stdtrit(max(1.0, result.df), (1.0 + CONFIDENCE) / 2.0)) * result.se / mean)
    return PlanRange(low=mean / reach, estimate=mean, high=mean * reach)


def _total(calls: tuple[int, int], prices: tuple[PlanRange | None, PlanRange | None], unit: float) -> PlanRange | None:
    """Calls of either side at its price; None where a side that costs something has none."""
    used = [(n, price) for n, price in zip(calls, prices, strict=True) if n]
    if any(price is None for _, price in used):
        return None

    def total(end: str) -> float | None:
        parts = [(n, getattr(price, end)) for n, price in used]
        return None if any(value is None for _, value in parts) else float(sum(n * value for n, value in parts) * unit)

    return PlanRange(low=total("low"), estimate=total("estimate"), high=total("high"))
