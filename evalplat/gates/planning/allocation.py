"""Allocation: the same number of trials, more of them for cases whose trials vary more."""

from __future__ import annotations

import numpy as np

from evalplat.gates.pairing import Floats, Ints
from evalplat.records.plan import PlanAllocation
from evalplat.stats import neyman

from .metric_noise import MetricHistory


def allocation(parts: tuple[MetricHistory, ...], calls: int) -> PlanAllocation | None:
    """Neyman's, of `calls` candidate trials, by the first gating metric with statistic `mean`.

    None where it has none, where a case has fewer than two trials to tell its spread, or where calls are too few.
    A case's mean is then over more trials, or fewer: no case weighs more or less in the result.
    """
    part = next((one for one in parts if one.rule.statistic == "mean" and one.rule.rule != "zero"), None)
    if part is None:
        return None
    values, cases = _candidate(part)
    trials = np.bincount(cases, minlength=part.pairs.n_cases)
    least = 2 if part.source.policy.estimand == "suite" else 1
    if trials.min() < 2 or calls < least * part.pairs.n_cases:
        return None
    found = neyman(_spreads(values, cases, trials), calls, trials=trials, weights=part.pairs.weights, least=least)
    return PlanAllocation(
        metric=part.rule.metric,
        calls=calls,
        variance_ratio=found.variance / found.uniform if found.uniform > 0 else 1.0,
        trials={name: int(count) for name, count in zip(part.pairs.case_ids, found.trials, strict=True)},
        method=found.method,
    )


def _candidate(part: MetricHistory) -> tuple[Floats, Ints]:
    """Trial scores of the candidate and their cases; of one system, those of both halves."""
    pairs = part.pairs
    if not part.source.halved(part.rule):
        return pairs.cand_values, pairs.cand_cases
    return np.concatenate([pairs.base_values, pairs.cand_values]), np.concatenate([pairs.base_cases, pairs.cand_cases])


def _spreads(values: Floats, cases: Ints, trials: Ints) -> Floats:
    means = np.bincount(cases, weights=values) / trials
    spreads: Floats = np.sqrt(np.bincount(cases, weights=(values - means[cases]) ** 2) / (trials - 1.0))
    return spreads
