"""Died: cases that the baseline mastered and the candidate does not, case by case across trials."""

from __future__ import annotations

import numpy as np

from evalplat.records import Finding, MetricRule
from evalplat.stats import benjamini_hochberg, fisher_less

from .effect import sign
from .pairing import Pairs

LEVEL = 0.05
"""False discovery rate among the cases that are said to have died."""

NAMED = 20


def died(pairs: Pairs, rule: MetricRule) -> Finding | None:
    """`cases_died`: cases whose success rate fell beyond chance, after Benjamini-Hochberg over all cases.

    Asked of scores of 0 or 1 with several trials a case on both sides; None where there is no such case.
    """
    several = (pairs.baseline_trials > 1) & (pairs.candidate_trials > 1)
    if pairs.value_range != "binary" or rule.alone or not several.any():
        return None
    good = 1.0 if sign(rule) > 0 else 0.0
    n = pairs.n_cases
    before = np.bincount(pairs.base_cases, weights=pairs.base_values == good, minlength=n).astype(np.int64)
    after = np.bincount(pairs.cand_cases, weights=pairs.cand_values == good, minlength=n).astype(np.int64)
    asked = np.flatnonzero(several)
    p = fisher_less(after[asked], pairs.candidate_trials[asked], before[asked], pairs.baseline_trials[asked])
    adjusted = benjamini_hochberg(p)
    order = asked[np.argsort(adjusted, kind="stable")][: int((adjusted <= LEVEL).sum())]
    if not len(order):
        return None
    told = [
        f"{pairs.case_ids[i]} ({before[i]} of {pairs.baseline_trials[i]} -> {after[i]} of {pairs.candidate_trials[i]})"
        for i in order[:3]
    ]
    more = f" and {len(order) - 3} more" if len(order) > 3 else ""
    return Finding(
        code="cases_died",
        message=f"{rule.metric}: {len(order)} of {len(asked)} cases got worse beyond chance: {', '.join(told)}{more}",
        metric=rule.metric,
        cases=tuple(pairs.case_ids[i] for i in order[:NAMED]),
    )
