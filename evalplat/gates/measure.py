"""Measure: paired cases + a metric's rule -> MetricComparison, with what the contract asks where data is thin."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from evalplat.records import Interval, MetricComparison, MetricRule, Sensitivity
from evalplat.stats import clopper_pearson

from .effect import Bounds, Effect, sign, width
from .effects import case_values, estimate
from .limits import FEWEST_CASES, FEWEST_CLUSTERS, FEWEST_DF, FEWEST_DIFFERING, NEAR_BOUND
from .needed import needed
from .pairing import Floats, Pairs, ends
from .stage import Levels


@dataclass(frozen=True, slots=True)
class Thin:
    """What is known of how much differs, on the scale of clusters."""

    differing: int
    worse: int
    worse_share_upper: float | None
    near_bound: bool


class Imputed(NamedTuple):
    """The same pairing with failed baseline trials at the best, and at the worst, that they could have been."""

    best: Pairs
    worst: Pairs


def measure(
    pairs: Pairs,
    rule: MetricRule,
    estimand: str,
    *,
    sensitivity: Imputed | None = None,
    slice_label: str | None = None,
    levels: Levels | None = None,
    planned_cases: int | None = None,
    plan: bool = True,
) -> MetricComparison:
    """One metric on its paired cases. `sensitivity` is the same pairing with failed baseline trials supplied.

    At a look of a test that looks more than once, `levels` are this look's, and the cases a random part of
    `planned_cases`. Without `plan` it is not said what would settle it, which no verdict hangs on.
    """
    level = levels or Levels.of(rule)
    effect = estimate(pairs, rule, estimand, planned_cases)
    thin = _thin(pairs, rule, estimand, effect, level)
    clusters = _n_clusters(pairs, estimand)
    unusable = _unusable(pairs, rule, effect, estimand)
    bounds = _bounds(effect.interval, level) if effect.interval else None
    low, high = effect.raw(bounds) if bounds else (None, None)
    comparison = MetricComparison(
        metric=rule.metric,
        statistic=rule.statistic,
        rule=rule.rule,
        direction=rule.direction,
        gating=rule.gating,
        dimension=rule.dimension,
        alpha=rule.alpha,
        margin=rule.margin,
        bound=rule.bound,
        max_rate=rule.max_rate,
        effect=rule.effect,
        range=pairs.value_range,
        range_declared=pairs.range_declared,
        slice=slice_label,
        n_cases=pairs.n_cases,
        n_clusters=clusters,
        n_trials=(int(pairs.baseline_trials.sum()), int(pairs.candidate_trials.sum())),
        clustered=pairs.clustered,
        baseline=finite(effect.baseline),
        candidate=finite(effect.candidate),
        difference=finite(effect.difference),
        se=effect.se,
        df=finite(effect.df),
        ci_low=finite(low),
        ci_high=finite(high),
        confidence=1 - (level.passing + level.failing),
        p_value=effect.p_value,
        p_null=effect.p_null,
        p_drop=effect.p_drop,
        method=effect.method,
        pass_interval=_pass_interval(effect, thin, level),
        differing_clusters=thin.differing,
        worse_clusters=thin.worse,
        worse_share_upper=thin.worse_share_upper,
        width=finite(width(pairs, rule)),
        unusable=unusable,
        level=levels.passing if levels is not None else None,
        **_shares(pairs, rule),
        **_zero(pairs, rule, clusters),
    )
    if sensitivity is not None:
        comparison = _with_sensitivity(comparison, sensitivity, rule, estimand, levels, planned_cases)
    if not plan:
        return comparison
    return comparison.model_copy(update={"needed": needed(pairs, rule, comparison, estimand)})


def _bounds(interval: Callable[[float], Bounds], level: Levels) -> Bounds:
    """The end that a pass has to clear at its level, and the end that a fail has to."""
    low, high = interval(1 - 2 * level.passing)
    return low, high if level.failing == level.passing else interval(1 - 2 * level.failing)[1]


def unmeasured(pairs: Pairs, rule: MetricRule) -> MetricComparison:
    """A metric of which no case has a usable score of both systems."""
    failed = f"{len(pairs.base_failed)} baseline and {len(pairs.cand_failed)} candidate trials have none"
    return MetricComparison(
        **rule.model_dump(exclude={"range", "worst", "best"}),
        range=pairs.value_range,
        range_declared=pairs.range_declared,
        n_cases=0,
        n_clusters=0,
        n_trials=(0, 0),
        clustered=False,
        confidence=1 - 2 * rule.alpha,
        p_null="ratio = 1" if rule.statistic == "ratio" else "difference = 0",
        method="none",
        unusable=f"no case has a usable score of both systems: {failed}",
    )


def finite(value: float | None) -> float | None:
    """The value, or None where it is absent, infinite or not a number."""
    return None if value is None or not np.isfinite(value) else float(value)


def _n_clusters(pairs: Pairs, estimand: str) -> int:
    if pairs.clusters is None or estimand == "suite":
        return pairs.n_cases
    return int(pairs.clusters.max()) + 1


def _unusable(pairs: Pairs, rule: MetricRule, effect: Effect, estimand: str) -> str | None:
    """Why neither pass nor fail can be said, in one clause; None where they can."""
    clusters = _n_clusters(pairs, estimand)
    if pairs.too_many_lack:
        share = len(pairs.lacking) / pairs.n_expected
        return (
            f"{len(pairs.lacking)} of the baseline's {pairs.n_expected} cases ({share:.1%}) are lacking in the "
            "candidate; run them, or compare the common ones with --cases intersect"
        )
    if pairs.cand_unknown:
        return (
            f"{len(pairs.cand_unknown)} failed candidate trials have no value; "
            "declare the metric's range, or `worst` in the policy"
        )
    if rule.rule == "zero":
        if pairs.value_range is None and rule.direction == "higher":
            return "rule zero cannot know a failure; declare the metric's range in the policy"
    elif effect.unusable:
        return effect.unusable
    if pairs.n_cases < FEWEST_CASES:
        return f"{pairs.n_cases} paired cases are too few; at least {FEWEST_CASES} are needed"
    if clusters < FEWEST_CLUSTERS:
        return f"{clusters} clusters are too few; at least {FEWEST_CLUSTERS} are needed"
    if rule.rule != "zero" and effect.df is not None and effect.df < FEWEST_DF:
        return f"{effect.df:.1f} degrees of freedom are too few; clusters of more even size are needed"
    return None


def _thin(pairs: Pairs, rule: MetricRule, estimand: str, effect: Effect, level: Levels) -> Thin:
    """Where few things differ a t interval lies: count the clusters that differ and bound the share that got worse.

    Clusters of uneven weight count as their effective number, and the worse ones by their share of the weight.
    """
    loss = _loss(pairs, rule)
    weight = np.ones(pairs.n_cases) if pairs.weights is None else pairs.weights
    group = pairs.clusters if pairs.clusters is not None and estimand != "suite" else np.arange(pairs.n_cases)
    size = np.bincount(group, weights=weight)
    differs = np.bincount(group, weights=loss != 0) > 0
    worse = differs & (np.bincount(group, weights=weight * loss) > 0)
    n_differing = int(differs.sum())
    upper = None
    if n_differing < FEWEST_DIFFERING and rule.rule != "zero":
        effective = max(1, math.floor(float(size.sum() ** 2 / np.sum(size**2)) + 1e-9))
        share = float(size[worse].sum() / size.sum())
        upper = clopper_pearson(min(effective, math.ceil(share * effective - 1e-9)), effective).upper(level.passing)
    return Thin(n_differing, int(worse.sum()), upper, _near_bound(pairs, rule, effect))


def _loss(pairs: Pairs, rule: MetricRule) -> Floats:
    """By case, how much worse: than the baseline, or for a rule about the candidate alone than the best end."""
    base, cand = case_values(pairs, rule)
    if rule.alone:
        s = -1.0 if rule.direction == "lower" and not rule.statistic.startswith("pass^") else 1.0
        if pairs.value_range is not None:
            lo, hi = ends(pairs.value_range)
            best = hi if s > 0 else lo
        else:
            best = s * float((s * cand).max())
        return s * (best - cand)
    s = 1.0 if rule.statistic.startswith("pass^") else sign(rule)
    return s * (base - cand)


def _near_bound(pairs: Pairs, rule: MetricRule, effect: Effect) -> bool:
    if rule.statistic.startswith("pass^"):
        lo, hi = 0.0, 1.0
    elif pairs.value_range is None or effect.tango or rule.rule == "zero":
        return False
    else:
        lo, hi = ends(pairs.value_range)
    means = (effect.candidate,) if rule.alone else (effect.baseline, effect.candidate)
    return any(min(mean - lo, hi - mean) <= NEAR_BOUND * (hi - lo) for mean in means)


def _pass_interval(effect: Effect, thin: Thin, level: Levels) -> Interval | None:
    if effect.interval is None or not (thin.near_bound or effect.pass_bounds is not None):
        return None
    confidence = 1 - 2 * level.near
    bounds = (effect.pass_bounds or effect.interval)(confidence)
    low, high = effect.raw(bounds)
    return Interval(low=finite(low), high=finite(high), confidence=confidence)


def _shares(pairs: Pairs, rule: MetricRule) -> dict[str, Any]:
    """In users' terms: of all questions, by their weights, how many lose and how many gain."""
    told = {"weighted": pairs.weights is not None}
    if pairs.value_range != "binary" or rule.alone or rule.statistic != "mean":
        return told
    change = sign(rule) * (pairs.candidate - pairs.baseline)
    worse, better = (
        float(np.average(np.maximum(turn * change, 0.0), weights=pairs.weights)) for turn in (-1.0, 1.0)
    )  # fmt: skip
    return {**told, "worse_share": worse, "better_share": better}


def _zero(pairs: Pairs, rule: MetricRule, clusters: int) -> dict[str, float | int]:
    """Rule zero: failures of the candidate, and the upper bound of their rate over clusters."""
    if rule.rule != "zero":
        return {}
    lo, hi = ends(pairs.value_range) if pairs.value_range is not None else (0.0, float("inf"))
    failed = pairs.cand_values > lo if rule.direction == "lower" else pairs.cand_values < hi
    cases = np.unique(pairs.cand_cases[failed])
    failing = len(cases) if pairs.clusters is None else len(np.unique(pairs.clusters[cases]))
    return {"failures": int(failed.sum()), "rate_upper": clopper_pearson(failing, clusters).upper(rule.alpha)}


def _with_sensitivity(
    comparison: MetricComparison,
    imputed: Imputed,
    rule: MetricRule,
    estimand: str,
    levels: Levels | None,
    planned_cases: int | None,
) -> MetricComparison:
    """What failed baseline trials could change: of a pass had they been right, of a fail had they been wrong."""
    best, worst = (
        measure(pairs, rule, estimand, levels=levels, planned_cases=planned_cases, plan=False) for pairs in imputed
    )
    interval, unusable = best.pass_interval, best.unusable
    if imputed.best.base_unknown:
        unusable = (
            f"{len(imputed.best.base_unknown)} failed baseline trials have no best value; "
            "declare the metric's range, or `best` in the policy"
        )
    sensitivity = Sensitivity(
        n_baseline_failures=len(imputed.best.base_failed),
        difference=best.difference,
        se=best.se,
        ci_low=interval.low if interval else best.ci_low,
        ci_high=interval.high if interval else best.ci_high,
        worse_share_upper=best.worse_share_upper,
        worst=Interval(low=worst.ci_low, high=worst.ci_high, confidence=worst.confidence),
        unusable=unusable,
    )
    drops = [p for p in (comparison.p_drop, worst.p_drop) if p is not None]
    return comparison.model_copy(update={"sensitivity": sensitivity, "p_drop": max(drops) if drops else None})
