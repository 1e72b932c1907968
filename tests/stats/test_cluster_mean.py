"""cluster_mean against textbook values, scipy, and CR2 written out with matrices."""

import math
import time

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.stats import cluster_mean

SLEEP = (
    np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]),
    np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]),
)


def brute_force(y, clusters, w):
    """(estimate, se, df) of CR2 for an intercept, by n x n matrices: Pustejovsky & Tipton (2018), target identity."""
    n, x = y.size, np.ones((y.size, 1))
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    hat = x @ bread @ x.T * w
    estimate = (bread @ x.T @ (w * y)).item()
    rest, variance, directions = np.eye(n) - hat, 0.0, []
    for g in np.unique(clusters):
        own = np.flatnonzero(clusters == g)
        adjustment = np.linalg.inv(scipy.linalg.sqrtm(rest[own] @ rest[own].T).real)
        score = (bread @ x[own].T * w[own]) @ adjustment
        variance += (score @ (y[own] - estimate)).item() ** 2
        directions.append((score @ rest[own]).ravel())
    gram = np.array(directions) @ np.array(directions).T
    return estimate, math.sqrt(variance), np.trace(gram) ** 2 / np.sum(gram**2)


@st.composite
def clustered(draw, weighted):
    n_clusters = draw(st.integers(2, 6))
    sizes = draw(st.lists(st.integers(1, 5), min_size=n_clusters, max_size=n_clusters))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clusters = rng.permutation(np.repeat(np.arange(n_clusters), sizes))
    y = rng.normal(size=clusters.size) + rng.normal(size=n_clusters)[clusters]
    w = rng.uniform(0.05, 4.0, size=clusters.size) if weighted else np.ones(clusters.size)
    return y, clusters, w


@given(clustered(weighted=False))
@settings(max_examples=40, deadline=None)
def test_unweighted_closed_form_is_cr2(data):
    y, clusters, w = data
    result = cluster_mean(y, clusters)
    assert (result.estimate, result.se, result.df) == pytest.approx(brute_force(y, clusters, w), rel=1e-8)


@given(clustered(weighted=True))
@settings(max_examples=60, deadline=None)
def test_weighted_low_rank_form_is_cr2(data):
    y, clusters, w = data
    result = cluster_mean(y, clusters, w)
    assert (result.estimate, result.se, result.df) == pytest.approx(brute_force(y, clusters, w), rel=1e-7)


@given(clustered(weighted=True), st.floats(1e-6, 1e6) | st.sampled_from([1e-90, 1e90]))
@settings(max_examples=30, deadline=None)
def test_weights_have_no_unit_and_equal_weights_change_nothing(data, unit):
    y, clusters, w = data
    mine, scaled = cluster_mean(y, clusters, w), cluster_mean(y, clusters, w * unit)
    assert (mine.estimate, mine.se, mine.df) == pytest.approx((scaled.estimate, scaled.se, scaled.df), rel=1e-9)
    plain, flat = cluster_mean(y, clusters), cluster_mean(y, clusters, np.full(y.size, unit))
    assert (plain.estimate, plain.se, plain.df) == pytest.approx((flat.estimate, flat.se, flat.df), rel=1e-9)


@given(clustered(weighted=True))
@settings(max_examples=30, deadline=None)
def test_names_and_order_of_clusters_do_not_matter(data):
    y, clusters, w = data
    order = np.random.default_rng(0).permutation(y.size)
    mine = cluster_mean(y, clusters, w)
    other = cluster_mean(y[order], (clusters[order] + 1) * 10**9, w[order])
    assert (mine.estimate, mine.se, mine.df) == pytest.approx((other.estimate, other.se, other.df), rel=1e-9)


def test_reference_four_clusters_of_three():
    d = [1, 0, 0, -1, 1, 1, 0, 0, 0, -1, 1, 0]
    result = cluster_mean(d, np.repeat(range(4), 3))
    assert result.se == pytest.approx(0.09622504, abs=5e-9)
    assert result.df == 3.0
    assert (result.n, result.n_clusters) == (12, 4)


def test_unclustered_is_the_paired_t_test():
    first, second = SLEEP
    result = cluster_mean(first - second)
    assert result.estimate / result.se == pytest.approx(-4.062128, abs=5e-7)
    assert result.p_value() == pytest.approx(0.00283289, abs=5e-9)
    theirs = scipy.stats.ttest_rel(first, second)
    interval = theirs.confidence_interval(0.95)
    assert result.interval(0.95) == pytest.approx((interval.low, interval.high), rel=1e-12)
    below = scipy.stats.ttest_1samp(first - second, -1.0, alternative="less")
    assert result.p_below(-1.0) == pytest.approx(below.pvalue, rel=1e-12)
    assert result.p_above(-1.0) == pytest.approx(1 - below.pvalue, rel=1e-12)


def test_all_groups_of_one_case_are_unclustered():
    y = np.random.default_rng(1).normal(size=30)
    assert cluster_mean(y, np.arange(30)) == cluster_mean(y)


@given(clustered(weighted=True), st.floats(0.001, 0.4), st.floats(-2, 2))
@settings(max_examples=50, deadline=None)
def test_bounds_and_p_values_are_two_sides_of_one_thing(data, alpha, null):
    result = cluster_mean(*data)
    low, high = result.bound(alpha, "lower"), result.bound(alpha, "upper")
    assert result.interval(1 - 2 * alpha) == pytest.approx((low, high), rel=1e-9)
    assert result.p_below(high) == pytest.approx(alpha, rel=1e-6)
    assert result.p_above(low) == pytest.approx(alpha, rel=1e-6)
    assert result.p_value(null) == pytest.approx(2 * min(result.p_below(null), result.p_above(null)))


def test_one_cluster_tells_nothing():
    result = cluster_mean([1.0, 2.0, 4.0], [7, 7, 7])
    assert (result.se, result.df, result.skewness) == (None, 0.0, None)
    assert result.interval(0.9) == (-math.inf, math.inf)
    assert result.p_value() == result.p_below(100) == 1.0


def test_one_cluster_with_all_the_weight_tells_nothing():
    result = cluster_mean([1.0, 2.0, 3.0], None, [1e30, 1.0, 1.0])
    assert result.se is None
    assert result.estimate == pytest.approx(1.0)


@pytest.mark.parametrize("small", [10.0**-e for e in range(2, 13)])
@pytest.mark.parametrize("n", [2, 3, 10])
def test_where_one_case_has_nearly_all_the_weight_one_degree_of_freedom_is_left(small, n):
    w = np.full(n, small)
    w[0] = 1.0
    assert cluster_mean(np.random.default_rng(1).normal(size=n), None, w).df == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("clusters", [None, [0, 0, 1, 1, 2, 2]])
@pytest.mark.parametrize("weights", [None, [1, 2, 3, 1, 2, 3]])
@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e9])
def test_no_variation_is_a_point(clusters, weights, value):
    result = cluster_mean([value] * 6, clusters, weights)
    assert (result.estimate, result.se, result.skewness) == (value, 0.0, None)
    assert result.interval(0.95) == (value, value)
    assert result.p_value(value) == result.p_below(value) == result.p_above(value) == 1.0
    assert result.p_value(value + 1) == result.p_below(value + 1) == 0.0
    assert result.p_above(value + 1) == 1.0


def test_clusters_that_cancel_leave_no_rounding_to_be_found():
    values = np.tile([0.1, 0.2, -0.3], 50)
    assert values.mean() != 0
    result = cluster_mean(values, np.repeat(range(50), 3))
    assert (result.estimate, result.se) == (0.0, 0.0)
    assert result.p_value() == 1.0


def test_a_large_offset_is_no_rounding():
    values = np.array([1e9, 1e9 + 1] * 500)
    assert cluster_mean(values).se == pytest.approx(cluster_mean(values - 1e9).se, rel=1e-6)


def test_skewness_is_that_of_the_contributions():
    y = np.random.default_rng(2).lognormal(size=200)
    assert cluster_mean(y).skewness == pytest.approx(scipy.stats.skew(y), rel=1e-9)


def test_a_million_rows_in_well_under_a_second():
    rng = np.random.default_rng(3)
    y, clusters = rng.normal(size=10**6), rng.integers(0, 10**4, 10**6)
    start = time.process_time()
    cluster_mean(y, clusters)
    cluster_mean(y, clusters, y**2 + 0.1)
    assert time.process_time() - start < 1.0


def test_type_one_error_over_uneven_clusters_that_move():
    """Clusters of 2 to 20 cases that move up and down together, mean effect 0: the usual t test is wrong 3 in 10."""
    rng = np.random.default_rng(4)
    sizes = np.resize([2, 4, 6, 10, 20], 20)
    clusters = np.repeat(np.arange(20), sizes)
    wrong = plain = 0
    for _ in range(2000):
        y = rng.normal(size=20)[clusters] + rng.normal(size=clusters.size)
        wrong += cluster_mean(y, clusters).p_value() < 0.05
        plain += cluster_mean(y).p_value() < 0.05
    assert 0.03 < wrong / 2000 < 0.07
    assert plain / 2000 > 0.3


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (([],), "values must be one-dimensional and not empty"),
        (([[1.0]],), "values must be one-dimensional"),
        (([1.0, math.nan],), "values must be finite; entry 1"),
        (([1.0, math.inf],), "values must be finite"),
        ((["a"],), "values must be numbers"),
        (([1e300, 1.0],), r"values must be at most 1e\+100"),
        (([1e-300, 2e-300],), "values must be at most .* change the unit"),
        (([1.0, 2.0], [0]), "clusters must have 2 entries, not 1"),
        (([1.0, 2.0], [0, -1]), "clusters must be codes from 0; entry 1 is negative"),
        (([1.0, 2.0], [0.0, 1.0]), "clusters must be a one-dimensional array of whole numbers"),
        (([1.0, 2.0], None, [1.0]), "weights must have 2 entries"),
        (([1.0, 2.0], None, [1.0, 0.0]), "weights must be above 0; entry 1"),
    ],
)
def test_bad_input_is_named(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        cluster_mean(*arguments)


def test_bad_levels_are_named():
    result = cluster_mean([1.0, 2.0, 4.0])
    for call in (
        lambda: result.interval(1.0),
        lambda: result.bound(0.0, "lower"),
        lambda: result.bound(0.05, "left"),
        lambda: result.p_below(math.nan),
    ):
        with pytest.raises(ValueError, match="must"):
            call()
