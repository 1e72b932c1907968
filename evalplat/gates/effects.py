"""Effects: one metric's effect on paired cases, by the method that the contract names for its kind of data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from evalplat.records import MetricRule
from evalplat.stats import (
    BootstrapT,
    ClusterMean,
    SuiteMean,
    bootstrap_t,
    clopper_pearson,
    cluster_mean,
    mcnemar,
    paired_quantile_difference,
    pass_hat_k,
    ratio_of_totals,
    suite_difference,
    suite_mean,
    tango,
)

from .effect import Bounds, Effect, levels_of, sign, turn, turn_back, unturn, without_interval
from .limits import FEWEST_IN_TAIL
from .pairing import Floats, Ints, Pairs

SKEWED = 1.0
"""Absolute skewness of cluster contributions above which an unbounded mean is bootstrapped."""

SEED = 20_000
"""Of every bootstrap: identical inputs give identical verdicts."""


def estimate(pairs: Pairs, rule: MetricRule, estimand: str, planned_cases: int | None = None) -> Effect:
    """The effect of candidate against baseline, or of the candidate alone, on the paired cases.

    With `planned_cases` the cases are a random part of so many, which matters to estimand `suite`.
    """
    if rule.statistic.startswith("pass^"):
        why = _why_no_pass_k(pairs, rule, estimand)
        if why is not None:
            return without_interval(levels_of(pairs.baseline, pairs.candidate, pairs.weights), rule, why)
    if rule.alone:
        return _alone(pairs, rule, estimand, planned_cases)
    if rule.statistic.startswith("pass^"):
        # pass^k counts successes: higher is better whatever the direction of the scores.
        return _mean_of(*case_values(pairs, rule), pairs, rule.model_copy(update={"direction": "higher"}))
    if estimand == "suite":
        return _suite(pairs, rule, planned_cases)
    if rule.statistic == "ratio":
        return _ratio(pairs, rule)
    if rule.statistic in ("p50", "p95"):
        return _quantile(pairs, rule)
    return _mean(pairs, rule)


def case_values(pairs: Pairs, rule: MetricRule) -> tuple[Floats, Floats]:
    """Baseline's and candidate's value of each case on the scale of the statistic: means, or unbiased pass^k."""
    if not rule.statistic.startswith("pass^") or _why_no_pass_k(pairs, rule, "population") is not None:
        return pairs.baseline, pairs.candidate
    k = int(rule.statistic.removeprefix("pass^"))
    good = 1.0 if rule.direction == "higher" else 0.0
    cand = _hat(pairs.cand_values == good, pairs.cand_cases, pairs.candidate_trials, k)
    if rule.alone:
        return pairs.baseline, cand
    return _hat(pairs.base_values == good, pairs.base_cases, pairs.baseline_trials, k), cand


def _mean(pairs: Pairs, rule: MetricRule) -> Effect:
    if _one_binary_trial(pairs) and pairs.clusters is None and pairs.weights is None:
        return _paired_binary(pairs, rule)
    return _mean_of(pairs.baseline, pairs.candidate, pairs, rule)


def _mean_of(base: Floats, cand: Floats, pairs: Pairs, rule: MetricRule) -> Effect:
    turned = sign(rule) * (cand - base)
    result = cluster_mean(turned, pairs.clusters, pairs.weights)
    shown, wider = _tailed(result, turned, (base, cand), pairs)
    known = result.se is not None
    return Effect(
        *levels_of(base, cand, pairs.weights),
        estimate=result.estimate,
        se=result.se,
        df=result.df,
        interval=shown.interval if known else None,
        raw=unturn(rule),
        p_value=shown.p_value(0.0) if known else None,
        p_drop=shown.p_below(0.0) if known else None,
        p_null="difference = 0",
        method=shown.method,
        pass_bounds=wider,
    )


def _tailed(
    result: ClusterMean, values: Floats, sides: tuple[Floats, ...], pairs: Pairs
) -> tuple[ClusterMean | BootstrapT, Callable[[float], Bounds] | None]:
    """What is shown of an unbounded mean, and the interval that a pass has to clear where it has a long tail.

    Bootstrap-t is shown where the contributions of the clusters are skewed. A difference of two unchanged tails is
    not, and a sample that missed the tail looks harmless: so the levels of both sides are asked as well.
    """
    if pairs.value_range is not None or not result.se:
        return result, None
    contributions = result.skewness is not None and abs(result.skewness) > SKEWED
    if not contributions and not any(skewed(side) for side in sides):
        return result, None
    boot = bootstrap_t(values, pairs.clusters, pairs.weights, seed=SEED)

    def wider(confidence: float) -> Bounds:
        one, other = result.interval(confidence), boot.interval(confidence)
        return min(one[0], other[0]), max(one[1], other[1])

    return boot if contributions else result, wider


def skewed(values: Floats) -> bool:
    """Whether the moment coefficient of skewness of case values is beyond 1."""
    known = values[np.isfinite(values)]
    spread = float(known.std()) if known.size else 0.0
    return spread > 0 and abs(float(((known - known.mean()) ** 3).mean()) / spread**3) > SKEWED


def _paired_binary(pairs: Pairs, rule: MetricRule) -> Effect:
    turned = sign(rule) * (pairs.candidate - pairs.baseline)
    gained, lost = int((turned > 0).sum()), int((turned < 0).sum())
    score = tango(gained, lost, pairs.n_cases)
    test = mcnemar(lost, gained)
    wald = cluster_mean(turned)
    return Effect(
        *levels_of(pairs.baseline, pairs.candidate, None),
        estimate=score.estimate,
        se=wald.se,
        df=wald.df,
        interval=score.interval,
        raw=unturn(rule),
        p_value=test.p_midp,
        p_drop=score.p_below(0.0),
        p_null="difference = 0",
        method=f"{score.method}; p: {test.method}",
        tango=True,
    )


def _ratio(pairs: Pairs, rule: MetricRule) -> Effect:
    s = sign(rule)
    levels = levels_of(pairs.baseline, pairs.candidate, pairs.weights)[:2]
    if min(levels) <= 0 or min(pairs.baseline.min(), pairs.candidate.min()) < 0:
        why = f"a ratio needs amounts of at least 0 and totals above 0; the means are {levels[0]:g}, {levels[1]:g}"
        return without_interval((*levels, levels[1] / levels[0] if levels[0] > 0 else float("nan")), rule, why)
    result = ratio_of_totals(pairs.candidate, pairs.baseline, pairs.clusters, pairs.weights, seed=SEED)

    def interval(confidence: float) -> Bounds:
        return turn(result.interval(confidence), s, 1.0)

    return Effect(
        *levels,
        difference=result.estimate,
        estimate=s * (result.estimate - 1.0),
        se=result.se,
        df=result.df,
        interval=interval,
        raw=lambda bounds: turn_back(bounds, s, 1.0),
        p_value=result.p_value(1.0),
        p_drop=result.p_below(1.0) if s > 0 else result.p_above(1.0),
        p_null="ratio = 1",
        method=result.method,
    )


def _quantile(pairs: Pairs, rule: MetricRule) -> Effect:
    s = sign(rule)
    q = int(rule.statistic[1:]) / 100
    result = paired_quantile_difference(pairs.baseline, pairs.candidate, q, pairs.clusters, pairs.weights, seed=SEED)

    def interval(confidence: float) -> Bounds:
        return turn(result.interval(confidence), s, 0.0)

    p_below = result.p_below(0.0)
    return Effect(
        result.baseline,
        result.candidate,
        result.estimate,
        estimate=s * result.estimate,
        se=result.se,
        df=None,
        interval=interval,
        raw=unturn(rule),
        p_value=result.p_value(0.0),
        p_drop=p_below if s > 0 else result.p_above(0.0),
        p_null="difference = 0",
        method=result.method,
        unusable=_thin_tail(result.tail_cases, rule),
    )


def _why_no_pass_k(pairs: Pairs, rule: MetricRule, estimand: str) -> str | None:
    k = int(rule.statistic.removeprefix("pass^"))
    sides = [pairs.candidate_trials] if rule.alone else [pairs.baseline_trials, pairs.candidate_trials]
    fewest = min(int(trials.min()) for trials in sides)
    if pairs.value_range != "binary":
        return f"{rule.statistic} needs scores of 0 or 1"
    if fewest < k:
        return f"{rule.statistic} needs {k} trials of every case, some case has {fewest}"
    return "estimand suite is for statistic mean" if estimand == "suite" else None


def _hat(good: npt.NDArray[np.bool_], cases: Ints, trials: Ints, k: int) -> Floats:
    return pass_hat_k(np.bincount(cases, weights=good, minlength=len(trials)).astype(np.int64), trials, k)


def _suite(pairs: Pairs, rule: MetricRule, planned_cases: int | None) -> Effect:
    levels = levels_of(pairs.baseline, pairs.candidate, pairs.weights)
    if rule.statistic != "mean":
        return without_interval(levels, rule, "estimand suite is for statistic mean")
    s = sign(rule)
    result = suite_difference(
        s * pairs.base_values,
        pairs.base_cases,
        s * pairs.cand_values,
        pairs.cand_cases,
        pairs.weights,
        planned_cases=planned_cases,
    )
    if result.se is None:
        return without_interval(levels, rule, result.reason or "trial noise is unknown")
    return Effect(
        *levels,
        estimate=result.estimate,
        se=result.se,
        df=result.df,
        interval=result.interval,
        raw=unturn(rule),
        p_value=result.p_value(0.0),
        p_drop=result.p_below(0.0),
        p_null="difference = 0",
        method=result.method,
    )


def _alone(pairs: Pairs, rule: MetricRule, estimand: str, planned_cases: int | None) -> Effect:
    """The candidate's value against the bound; `at_most` is `at_least` turned. Rule zero reports its mean."""
    s = -1.0 if rule.rule == "at_most" else 1.0
    base, cand = case_values(pairs, rule)
    levels = levels_of(base, cand, pairs.weights)
    bound = rule.bound or 0.0
    single = _one_binary_trial(pairs, candidate_alone=True) and pairs.clusters is None and pairs.weights is None
    if single and estimand == "population" and 0 < bound < 1 and rule.statistic in ("mean", "pass^1"):
        return _exact(pairs, rule, levels, s)
    if rule.statistic in ("p50", "p95"):
        return _alone_quantile(pairs, rule, s)
    result = (
        suite_mean(s * pairs.cand_values, pairs.cand_cases, pairs.weights, planned_cases=planned_cases)
        if estimand == "suite"
        else cluster_mean(s * cand, pairs.clusters, pairs.weights)
    )
    if result.se is None:
        return without_interval(levels, rule, getattr(result, "reason", None) or "one cluster only")
    found: ClusterMean | SuiteMean | BootstrapT = result
    wider: Callable[[float], Bounds] | None = None
    if isinstance(result, ClusterMean):
        found, wider = _tailed(result, s * cand, (cand,), pairs)
    return Effect(
        *levels,
        estimate=result.estimate,
        se=result.se,
        df=result.df,
        interval=found.interval,
        raw=lambda bounds: turn_back(bounds, s, 0.0),
        p_value=found.p_value(s * bound),
        p_drop=found.p_below(s * bound),
        p_null=_null(rule),
        method=f"{found.method}, of the candidate alone",
        pass_bounds=wider,
    )


def _exact(pairs: Pairs, rule: MetricRule, levels: tuple[float, float, float], s: float) -> Effect:
    """One binary trial a case, no clusters: Clopper-Pearson."""
    exact = clopper_pearson(int(pairs.candidate.sum()), pairs.n_cases)
    wald = cluster_mean(pairs.candidate)
    bound = rule.bound or 0.0
    return Effect(
        *levels,
        estimate=s * levels[1],
        se=wald.se,
        df=wald.df,
        interval=lambda confidence: turn(exact.interval(confidence), s, 0.0),
        raw=lambda bounds: turn_back(bounds, s, 0.0),
        p_value=exact.p_value(bound),
        p_drop=exact.p_below(bound) if s > 0 else exact.p_above(bound),
        p_null=_null(rule),
        method=f"{exact.method}, of the candidate alone",
        tango=True,
    )


def _alone_quantile(pairs: Pairs, rule: MetricRule, s: float) -> Effect:
    """The candidate's own quantile: its difference from a side that is 0 throughout."""
    zeros = np.zeros(pairs.n_cases)
    q = int(rule.statistic[1:]) / 100
    result = paired_quantile_difference(zeros, pairs.candidate, q, pairs.clusters, pairs.weights, seed=SEED)
    bound = rule.bound or 0.0
    _, before, _ = levels_of(pairs.baseline, pairs.baseline, pairs.weights)
    return Effect(
        before,
        result.candidate,
        result.candidate - before,
        estimate=s * result.candidate,
        se=result.se,
        df=None,
        interval=lambda confidence: turn(result.interval(confidence), s, 0.0),
        raw=lambda bounds: turn_back(bounds, s, 0.0),
        p_value=result.p_value(bound),
        p_drop=result.p_below(bound) if s > 0 else result.p_above(bound),
        p_null=_null(rule),
        method=f"{result.method}, of the candidate alone",
        unusable=_thin_tail(result.tail_cases, rule),
    )


def _null(rule: MetricRule) -> str:
    return "none" if rule.bound is None else f"candidate = {rule.bound:g}"


def _thin_tail(tail_cases: float, rule: MetricRule) -> str | None:
    if tail_cases >= FEWEST_IN_TAIL:
        return None
    return f"only {tail_cases:.1f} cases lie beyond the {rule.statistic}; {FEWEST_IN_TAIL} are needed"


def _one_binary_trial(pairs: Pairs, *, candidate_alone: bool = False) -> bool:
    return (
        pairs.value_range == "binary"
        and (candidate_alone or bool((pairs.baseline_trials == 1).all()))
        and bool((pairs.candidate_trials == 1).all())
    )
