"""bootstrap_t, ratio_of_totals and paired_quantile_difference."""

import math
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evalplat.stats import bootstrap_t, cluster_mean, paired_quantile_difference, ratio_of_totals


def skewed(n, seed=0):
    return np.random.default_rng(seed).lognormal(sigma=1.0, size=n)


# --- bootstrap-t ---


def test_bootstrap_t_agrees_with_a_loop_that_expands_every_resample():
    """Unequal clusters, each resample refitted by cluster_mean itself, each drawn cluster a cluster of its own."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 6, 25)
    clusters = np.repeat(np.arange(25), sizes)
    y = rng.lognormal(size=25)[clusters] * rng.lognormal(sigma=0.3, size=clusters.size)
    result = bootstrap_t(y, clusters, seed=1)
    loop = []
    for _ in range(4000):
        drawn = rng.integers(0, 25, 25)
        members = [y[clusters == g] for g in drawn]
        refit = cluster_mean(np.concatenate(members), np.repeat(np.arange(25), [m.size for m in members]))
        loop.append((refit.estimate - result.estimate) / refit.se)
    for level in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert np.quantile(result.replicates, level) == pytest.approx(np.quantile(loop, level), rel=0.07, abs=0.08)


def test_bootstrap_t_agrees_with_scipy_on_one_sample():
    y = skewed(60)
    star = np.random.default_rng(9).choice(y, (20_000, y.size))
    theirs = (star.mean(axis=1) - y.mean()) / scipy.stats.sem(star, axis=1)
    result = bootstrap_t(y, seed=3)
    low, high = np.quantile(theirs, [0.05, 0.95])
    expected = (y.mean() - high * scipy.stats.sem(y), y.mean() - low * scipy.stats.sem(y))
    assert result.interval(0.90) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("make", ["mean", "weighted", "ratio", "quantile"])
def test_one_seed_one_result(make):
    def run(seed):
        y, clusters = skewed(300), np.arange(300) // 4
        if make == "ratio":
            return ratio_of_totals(y, skewed(300, 1), clusters, seed=seed, resamples=999)
        if make == "quantile":
            return paired_quantile_difference(y, skewed(300, 1), 0.9, clusters, seed=seed, resamples=999)
        return bootstrap_t(y, clusters, y if make == "weighted" else None, seed=seed, resamples=999)

    assert run(1).interval(0.9) == run(1).interval(0.9) != run(2).interval(0.9)
    assert run(1).p_value(2.0) == run(1).p_value(2.0)


@given(st.integers(0, 10**6), st.floats(0.01, 0.49), st.sampled_from(["mean", "ratio", "quantile"]))
@settings(max_examples=40, deadline=None)
def test_bounds_and_p_values_are_two_sides_of_one_thing(seed, alpha, make):
    y, clusters = skewed(80, seed), np.arange(80) // 3
    if make == "mean":
        result = bootstrap_t(y, clusters, seed=0, resamples=999)
    elif make == "ratio":
        result = ratio_of_totals(y, skewed(80, seed + 1), clusters, seed=0, resamples=999)
    else:
        result = paired_quantile_difference(y, skewed(80, seed + 1), 0.5, clusters, seed=0, resamples=999)
    low, high = result.bound(alpha, "lower"), result.bound(alpha, "upper")
    assert low <= high
    assert result.interval(1 - 2 * alpha) == pytest.approx((low, high))
    step = 1e-9
    assert result.p_above(low - step) <= alpha + 1e-12 < result.p_above(low + step) + 3 / 1000
    assert result.p_below(high + step) <= alpha + 1e-12 < result.p_below(high - step) + 3 / 1000
    assert result.p_value(low - step) == pytest.approx(2 * result.p_above(low - step))


def test_bootstrap_t_follows_skewness_where_t_does_not():
    """Means of 300 log-normal values: the upper 95 % bound misses at 6 in 100 where t's misses at 9."""
    rng = np.random.default_rng(11)
    truth, boot, plain = math.exp(0.5), 0, 0
    for i in range(800):
        y = rng.lognormal(size=300)
        boot += bootstrap_t(y, seed=i, resamples=199).bound(0.05, "upper") < truth
        plain += cluster_mean(y).bound(0.05, "upper") < truth
    assert 0.03 < boot / 800 < 0.08
    assert boot < 0.8 * plain


def test_bootstrap_t_needs_eight_clusters_and_something_that_varies():
    y = skewed(21)
    few = bootstrap_t(y, np.arange(21) // 3, seed=0)
    assert few.replicates is None
    assert few.interval(0.9) == cluster_mean(y, np.arange(21) // 3).interval(0.9)
    assert "fewer than 8" in few.method
    flat = bootstrap_t(np.full(50, 0.1), seed=0)
    assert flat.interval(0.9) == (0.1, 0.1)
    assert flat.p_value(0.1) == 1.0
    assert flat.p_below(0.2) == 0.0
    alone = bootstrap_t([1.0, 2.0], [0, 0], seed=0)
    assert (alone.se, alone.p_value()) == (None, 1.0)


def test_what_resamples_cannot_tell_is_an_open_end():
    """One of 40 values differs: over a third of the resamples do not hold it, and bound the mean by nothing."""
    y = np.zeros(40)
    y[7] = 1.0
    result = bootstrap_t(y, seed=0)
    assert result.interval(0.9)[1] == math.inf
    assert result.p_below(0.5) > 0.3
    assert bootstrap_t(skewed(40), seed=0, resamples=99).bound(0.001, "upper") == math.inf


def test_many_clusters_take_bounded_memory_and_little_time():
    y = skewed(200_000)
    tracemalloc.start()
    result = bootstrap_t(y, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 2**20
    assert result.interval(0.9) == pytest.approx(cluster_mean(y).interval(0.9), rel=1e-3)


# --- ratio of totals ---


def test_ratio_reference_values():
    top, bottom = np.array([3.0, 5.0, 4.0, 8.0]), np.array([2.0, 5.0, 5.0, 4.0])
    result = ratio_of_totals(top, bottom, seed=0)
    assert (result.estimate, result.numerator, result.denominator) == (1.25, 20.0, 16.0)
    # Cochran (1977), 6.4: se(R) = sqrt(s_d^2 / n) / mean(x), d = y - R x.
    assert result.se == pytest.approx(np.std(top - 1.25 * bottom, ddof=1) / 2 / 4)
    assert result.log_se == pytest.approx(result.se / 1.25)
    t = scipy.stats.t.ppf(0.95, 3)
    assert result.interval(0.9) == pytest.approx(
        (1.25 * math.exp(-t * result.log_se), 1.25 * math.exp(t * result.log_se))
    )


@given(st.integers(0, 10**6), st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_ratio_turned_over_is_the_reciprocal_and_has_no_unit(seed, unit):
    top, bottom, clusters = skewed(60, seed), skewed(60, seed + 1), np.arange(60) // 3
    result = ratio_of_totals(top, bottom, clusters, seed=4, resamples=499)
    low, high = result.interval(0.8)
    turned = ratio_of_totals(bottom, top, clusters, seed=4, resamples=499)
    assert turned.interval(0.8) == pytest.approx((1 / high, 1 / low), rel=1e-6)
    assert turned.p_above() == pytest.approx(result.p_below())
    scaled = ratio_of_totals(top * unit, bottom, clusters, seed=4, resamples=499)
    assert scaled.interval(0.8) == pytest.approx((low * unit, high * unit), rel=1e-6)


def test_ratio_with_whole_weights_has_the_estimate_of_repeated_cases():
    top, bottom, w = skewed(30), skewed(30, 1), np.arange(30) % 3 + 1
    weighted = ratio_of_totals(top, bottom, None, w, seed=0, resamples=199)
    repeated = ratio_of_totals(np.repeat(top, w), np.repeat(bottom, w), seed=0, resamples=199)
    assert weighted.estimate == pytest.approx(repeated.estimate)


def test_ratio_of_proportional_amounts_is_a_point():
    bottom = skewed(500)
    result = ratio_of_totals(1.1 * bottom, bottom, seed=0)
    assert result.log_se == 0.0
    assert result.interval(0.9) == pytest.approx((1.1, 1.1))
    assert result.p_below(1.2) == 0.0
    assert result.p_value(1.1) == 1.0
    same = ratio_of_totals(bottom, bottom[::1], seed=0)
    assert (same.estimate, same.p_value()) == (1.0, 1.0)


def test_ratio_holds_its_level_over_clusters():
    """Cost of 30 clusters, true ratio 1, both sides skewed: each bound misses about 5 in 100."""
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(30), np.resize([1, 2, 5], 30))
    below = above = 0
    for i in range(500):
        shared = rng.lognormal(sigma=0.6, size=30)[clusters]
        top, bottom = (shared * rng.lognormal(sigma=0.5, size=clusters.size) for _ in range(2))
        top *= rng.lognormal(sigma=0.2, size=30)[clusters] * math.exp(-0.02)
        result = ratio_of_totals(top, bottom, clusters, seed=i, resamples=499)
        below += result.p_below() < 0.05
        above += result.p_above() < 0.05
    assert 0.02 < below / 500 < 0.08
    assert 0.02 < above / 500 < 0.08


@pytest.mark.parametrize(
    ("top", "bottom", "complaint"),
    [
        ([1.0, -1.0], [1.0, 1.0], "numerator must not be negative for a ratio of totals; entry 1 is"),
        ([1.0, 1.0], [0.0, 0.0], "denominator adds up to 0"),
        ([0.0, 0.0], [1.0, 1.0], "numerator adds up to 0"),
        ([1.0, 1.0], [1.0], "denominator must have 2 entries"),
    ],
)
def test_ratio_refuses_what_has_none(top, bottom, complaint):
    with pytest.raises(ValueError, match=complaint):
        ratio_of_totals(top, bottom, seed=0)


# --- quantiles ---


@given(
    st.lists(st.integers(-5, 5) | st.floats(-100, 100).filter(lambda x: abs(x) > 1e-9), min_size=2, max_size=60),
    st.floats(0.02, 0.98) | st.sampled_from([0.05, 0.25, 0.5, 0.75, 0.95]),
)
@settings(max_examples=100, deadline=None)
def test_quantile_is_numpys(values, q):
    rank = q * len(values)
    assume(rank == round(rank) or abs(rank - round(rank)) > 1e-6)  # ranks that differ by rounding are one to us
    result = paired_quantile_difference(values, np.zeros(len(values)), q, seed=0, resamples=99)
    assert result.baseline == pytest.approx(np.quantile(values, q, method="averaged_inverted_cdf"), abs=1e-12)
    assert result.estimate == -result.baseline


def test_quantile_with_whole_weights_is_that_of_repeated_cases():
    x, y, w = skewed(40), skewed(40, 1), np.arange(40) % 4 + 1
    for q in (0.5, 0.9):
        weighted = paired_quantile_difference(x, y, q, None, w, seed=0, resamples=99)
        repeated = paired_quantile_difference(np.repeat(x, w), np.repeat(y, w), q, seed=0, resamples=99)
        assert weighted.estimate == repeated.estimate


def test_quantile_replicates_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 40, 200)
    x, y = rng.lognormal(size=200), rng.lognormal(size=200)
    for q in (0.5, 0.95):
        result = paired_quantile_difference(x, y, q, clusters, seed=0)
        members = [np.flatnonzero(clusters == g) for g in range(40)]
        loop = []
        for _ in range(3000):
            rows = np.concatenate([members[g] for g in rng.integers(0, 40, 40)])
            low, high = (np.quantile(v[rows], q, method="averaged_inverted_cdf") for v in (x, y))
            loop.append(high - low)
        for level in (0.1, 0.5, 0.9):
            spread = np.std(loop)
            assert np.quantile(result.replicates, level) == pytest.approx(np.quantile(loop, level), abs=0.15 * spread)
        assert result.se == pytest.approx(np.std(loop), rel=0.08)


def test_quantile_looks_beyond_its_window_where_a_resample_does():
    """One cluster holds most cases: how often it is drawn moves the rank farther than any usual window."""
    rng = np.random.default_rng(6)
    clusters = np.concatenate([np.zeros(3000, dtype=int), np.arange(1, 40)])
    x = np.sort(rng.normal(size=clusters.size))
    x[3000:] += 10
    result = paired_quantile_difference(np.zeros(x.size), x, 0.5, clusters, seed=0, resamples=2000)
    without = np.mean(result.replicates > 10)
    assert without == pytest.approx((39 / 40) ** 40, abs=0.04)


def test_quantile_of_identical_sides_is_no_change():
    x = skewed(50)
    result = paired_quantile_difference(x, x, 0.95, seed=0)
    assert (result.estimate, result.se) == (0.0, 0.0)
    assert result.interval(0.9) == (0.0, 0.0)
    assert result.p_value() == result.p_below() == 1.0
    assert result.p_below(0.1) < 0.001


def test_quantile_of_one_cluster_tells_nothing():
    result = paired_quantile_difference([1.0, 2.0], [2.0, 3.0], 0.5, [0, 0], seed=0)
    assert (result.se, result.interval(0.9), result.p_value()) == (None, (-math.inf, math.inf), 1.0)


def test_quantile_holds_its_level():
    """Medians and p95 of 100 paired latencies in 25 clusters, equal in distribution."""
    rng = np.random.default_rng(8)
    clusters = np.arange(100) // 4
    for q in (0.5, 0.95):
        wrong = 0
        for i in range(300):
            shared = rng.normal(size=25)[clusters]
            x, y = (np.exp(0.5 * shared + 0.5 * rng.normal(size=100)) for _ in range(2))
            result = paired_quantile_difference(x, y, q, clusters, seed=i, resamples=499)
            wrong += min(result.p_below(), result.p_above()) < 0.05
        assert wrong / 300 < 0.13


@pytest.mark.parametrize("q", [0.0, 1.0, math.nan, 95])
def test_quantile_refuses_what_is_none(q):
    with pytest.raises(ValueError, match="q must lie"):
        paired_quantile_difference([1.0], [1.0], q, seed=0)


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"seed": 0.5}, {"seed": 0, "resamples": 10}])
def test_seed_and_resamples_are_checked(arguments):
    for call in (
        lambda: bootstrap_t([1.0, 2.0], **arguments),
        lambda: ratio_of_totals([1.0, 2.0], [1.0, 2.0], **arguments),
        lambda: paired_quantile_difference([1.0, 2.0], [1.0, 2.0], 0.5, **arguments),
    ):
        with pytest.raises(ValueError, match=r"seed|resamples"):
            call()


# --- kinds of units, and counts that are kept ---


@pytest.mark.parametrize("cluster_size", [1, 4])
def test_values_of_few_kinds_are_drawn_by_counts_with_the_same_distribution(cluster_size):
    """Binary pairs: multinomial counts, against the same values moved apart by nothing that matters."""
    rng = np.random.default_rng(3)
    y = rng.choice([-1.0, 0.0, 1.0], 320, p=[0.15, 0.65, 0.2])
    clusters = np.arange(320) // cluster_size
    few = bootstrap_t(y, clusters, seed=1)
    many = bootstrap_t(y + 1e-9 * rng.normal(size=320), clusters, seed=1)
    assert few.replicates.size == many.replicates.size == 9999
    for level in (0.01, 0.05, 0.5, 0.95, 0.99):
        assert np.quantile(few.replicates, level) == pytest.approx(np.quantile(many.replicates, level), abs=0.09)


def test_ratio_of_amounts_of_few_kinds_has_the_same_distribution():
    rng = np.random.default_rng(4)
    top, bottom = rng.choice([1.0, 2.0, 5.0], 400, p=[0.6, 0.3, 0.1]), rng.choice([1.0, 3.0], 400)
    few = ratio_of_totals(top, bottom, seed=1)
    many = ratio_of_totals(top + 1e-9 * rng.random(400), bottom, seed=1)
    assert few.interval(0.9) == pytest.approx(many.interval(0.9), rel=3e-3)


def test_a_million_binary_pairs_take_milliseconds_more_than_their_mean():
    y = np.random.default_rng(5).choice([-1.0, 0.0, 1.0], 10**6, p=[0.1, 0.8, 0.1])
    start = time.process_time()
    result = bootstrap_t(y, seed=0, resamples=10_000)
    assert time.process_time() - start < 1.0
    assert result.interval(0.9) == pytest.approx(cluster_mean(y).interval(0.9), rel=0.03, abs=1e-5)


@pytest.mark.parametrize("method", ["mean", "ratio", "quantile"])
def test_kept_counts_change_nothing_and_other_seeds_and_sizes_do_not_mix(method):
    def run(n, seed):
        y, other = skewed(n), skewed(n, 1)
        if method == "ratio":
            return ratio_of_totals(y, other, seed=seed, resamples=399).interval(0.9)
        if method == "quantile":
            return paired_quantile_difference(y, other, 0.5, seed=seed, resamples=399).interval(0.9)
        return bootstrap_t(y, seed=seed, resamples=399).interval(0.9)

    keys = [(n, seed) for n in (40, 57, 2500) for seed in (101, 102)]
    first = {key: run(*key) for key in keys}
    assert {key: run(*key) for key in reversed(keys)} == first
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda key: run(*key), keys * 8)) == [first[key] for key in keys * 8]


def test_counts_that_are_kept_stay_within_bounds():
    tracemalloc.start()
    for seed in range(200, 212):
        bootstrap_t(skewed(1500), seed=seed, resamples=9999)  # 15 MB of counts each
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 48 * 2**20


def test_a_repeated_call_costs_a_fraction_of_the_first():
    y = skewed(300)
    times = []
    for _ in range(4):
        start = time.process_time()
        bootstrap_t(y, seed=987_654)
        times.append(time.process_time() - start)
    assert min(times[1:]) < 0.5 * times[0]
