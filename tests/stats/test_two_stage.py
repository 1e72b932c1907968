"""The suite estimand where only a part of the planned cases was seen: two-stage sampling."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.stats import cluster_mean, suite_difference, suite_mean


def trials_of(rng, means, per_case, sigma=1.0):
    cases = np.repeat(np.arange(means.size), per_case)
    return means[cases] + sigma * rng.normal(size=cases.size), cases


def sides(seed, n=12, base=3, cand=2):
    rng = np.random.default_rng(seed)
    means = rng.normal(size=n)
    return *trials_of(rng, means, base), *trials_of(rng, means + 0.3 * rng.normal(size=n), cand)


def means_of(values, cases):
    return np.bincount(cases, values) / np.bincount(cases)


def test_cochrans_two_stage_variance_written_out():
    """Cochran (1977), 10.3 and 10.4: (1 - f) s1^2 / n + f sum of within variances / n^2."""
    base, base_cases, cand, cand_cases = sides(0)
    result = suite_difference(base, base_cases, cand, cand_cases, planned_cases=30)
    d = means_of(cand, cand_cases) - means_of(base, base_cases)
    within = cand.reshape(12, 2).var(axis=1, ddof=1) / 2 + base.reshape(12, 3).var(axis=1, ddof=1) / 3
    first, second = 0.6 * d.var(ddof=1) / 12, 0.4 * within.sum() / 144
    assert result.se == pytest.approx(math.sqrt(first + second))
    parts = (
        (0.4 * base.reshape(12, 3).var(axis=1, ddof=1) / 3 / 144, 2),
        (0.4 * cand.reshape(12, 2).var(axis=1, ddof=1) / 2 / 144, 1),
    )
    spread = first**2 / 11 + sum(np.sum(part**2) / df for part, df in parts)
    assert result.df == pytest.approx((first + second) ** 2 / spread)
    assert result.planned_cases == 30
    assert result.method.startswith("two-stage, 12 of 30 planned cases")


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_between_all_cases_seen_and_hardly_any(seed, weighted, clustered):
    """n = N is today's suite; n << N is the population's clustered mean of case differences."""
    base, base_cases, cand, cand_cases = arguments = sides(seed)
    w = np.random.default_rng(seed).uniform(0.5, 2, 12) if weighted else None
    clusters = np.arange(12) // 3 if clustered else None
    d = means_of(cand, cand_cases) - means_of(base, base_cases)
    plain = suite_difference(*arguments, w)
    everything = suite_difference(*arguments, w, planned_cases=12, clusters=clusters)
    assert (everything.estimate, everything.se, everything.df) == pytest.approx((plain.estimate, plain.se, plain.df))
    hardly = suite_difference(*arguments, w, planned_cases=10**9, clusters=clusters)
    population = cluster_mean(d, clusters, w)
    expected = population.estimate, population.se, population.df
    assert (hardly.estimate, hardly.se, hardly.df) == pytest.approx(expected, rel=1e-5)
    alone = suite_mean(cand, cand_cases, w, planned_cases=10**9, clusters=clusters)
    theirs = cluster_mean(means_of(cand, cand_cases), clusters, w)
    assert (alone.estimate, alone.se, alone.df) == pytest.approx((theirs.estimate, theirs.se, theirs.df), rel=1e-5)


def test_one_trial_a_case_takes_the_spread_of_cases_and_says_so():
    base, base_cases, cand, cand_cases = sides(1, base=4, cand=1)
    result = suite_difference(base, base_cases, cand, cand_cases, planned_cases=12)
    d = cand - means_of(base, base_cases)
    assert (result.se, result.df) == pytest.approx((d.std(ddof=1) / math.sqrt(12), 11.0))
    assert result.reason is None
    assert result.method.startswith("spread of case means (one trial a case: at most too wide), 12 of 12 planned")
    assert suite_difference(base, base_cases, cand, cand_cases).se is None


def test_without_a_plan_nothing_changes():
    base, base_cases, cand, cand_cases = sides(2)
    result = suite_difference(base, base_cases, cand, cand_cases)
    assert (result.planned_cases, result.method) == (None, "stratified by case, Welch-Satterthwaite df")


def test_one_case_of_many_tells_nothing_and_of_one_all():
    values, cases = [0.0, 1.0, 1.0], [0, 0, 0]
    part = suite_mean(values, cases, planned_cases=5)
    assert (part.se, part.reason) == (None, "one case of 5 planned cases tells nothing of the spread of cases")
    assert suite_mean(values, cases, planned_cases=1).se == suite_mean(values, cases).se
    two = suite_mean([0.0, 1.0, 1.0, 0.0], [0, 0, 1, 1], planned_cases=5, clusters=[0, 0])
    assert two.reason == "one cluster of 5 planned cases tells nothing of the spread of cases"


def test_what_never_varies_is_a_point():
    point = suite_mean(np.full(20, 0.1), np.arange(20) // 2, planned_cases=40)
    assert point.estimate == pytest.approx(0.1, rel=1e-15)
    assert (point.se, point.p_value(0.1), point.p_below(0.2)) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("planned", "trials", "weighted", "per_cluster"),
    [(60, 2, False, 1), (60, 1, False, 1), (60, 2, True, 1), (60, 2, False, 3), (60, 1, True, 3), (20, 2, False, 1)],
)
def test_level_when_a_third_or_all_of_the_planned_cases_were_seen(planned, trials, weighted, per_cluster):
    """One fixed suite whose cases differ in effect; the looks are random subsets: each bound misses 5 in 100."""
    rng = np.random.default_rng([planned, trials, weighted, per_cluster])
    seen = 20 if per_cluster == 1 else 21
    clusters = np.arange(planned) // per_cluster
    means = rng.normal(size=planned)
    effect = 0.5 * rng.normal(size=planned) + 0.5 * rng.normal(size=planned)[clusters]
    w = rng.uniform(0.4, 2, planned) if weighted else np.ones(planned)
    truth = float(np.dot(w, effect) / w.sum())
    low = high = 0
    variances, estimates = [], []
    for _ in range(1200):
        drawn = rng.permutation(planned // per_cluster)[: seen // per_cluster]
        at = np.flatnonzero(np.isin(clusters, drawn))
        result = suite_difference(
            *trials_of(rng, means[at], 4),
            *trials_of(rng, means[at] + effect[at], trials),
            w[at] if weighted else None,
            planned_cases=planned,
            clusters=None if per_cluster == 1 else clusters[at],
        )
        low += result.bound(0.05, "lower") > truth
        high += result.bound(0.05, "upper") < truth
        variances.append(result.se**2)
        estimates.append(result.estimate)
    assert low / 1200 < 0.072
    assert high / 1200 < 0.072
    wide = np.mean(variances) / np.var(estimates)
    assert wide > 0.85
    if trials > 1:
        assert low / 1200 > 0.03
        assert wide < 1.17


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"planned_cases": 11}, "planned_cases must be at least the 12 cases seen, not 11"),
        ({"planned_cases": 12.5}, "planned_cases must be a whole number"),
        ({"clusters": [0] * 12}, "clusters need planned_cases"),
        ({"planned_cases": 20, "clusters": [0, 1]}, "clusters must have 12 entries"),
    ],
)
def test_bad_plans_are_named(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        suite_difference(*sides(3), **options)


@pytest.mark.parametrize("unit", [1e-90, 1e-8, 1e90])
@pytest.mark.parametrize("planned", [None, 12, 30])
def test_scores_have_no_unit(unit, planned):
    base, base_cases, cand, cand_cases = sides(4)
    plain = suite_difference(base, base_cases, cand, cand_cases, planned_cases=planned)
    scaled = suite_difference(unit * base, base_cases, unit * cand, cand_cases, planned_cases=planned)
    expected = plain.estimate * unit, plain.se * unit, plain.df
    assert (scaled.estimate, scaled.se, scaled.df) == pytest.approx(expected, rel=1e-9, abs=0)
