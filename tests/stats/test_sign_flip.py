"""sign_flip against Fisher's own numbers, scipy's permutation test, and a loop over every flip."""

import itertools
import math
import time
import tracemalloc

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.stats import cluster_mean, mcnemar, sign_flip

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def t_of(y, clusters, w, null):
    result = cluster_mean(y, clusters, w)
    return (result.estimate - null) / result.se


def by_loop(y, clusters, w, null):
    """(p_below, p_above, p_value): cluster_mean refitted on every flip."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=int(clusters.max()) + 1)))
    t = np.array([t_of(null + s[clusters] * (y - null), clusters, w, null) for s in signs])
    seen = t_of(y, clusters, w, null)
    return np.mean(t <= seen + 1e-9), np.mean(t >= seen - 1e-9), np.mean(np.abs(t) >= abs(seen) - 1e-9)


def test_darwins_plants():
    result = sign_flip(DARWIN, seed=0)
    assert result.p_value == pytest.approx(0.05267334, abs=5e-9)
    assert result.exact
    theirs = scipy.stats.permutation_test(
        (np.array(DARWIN, float),), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert result.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert result.statistic == pytest.approx(scipy.stats.ttest_1samp(DARWIN, 0).statistic)


@st.composite
def clustered(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clusters = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    y = rng.normal(0.3, 1, clusters.size) + rng.normal(size=len(sizes))[clusters]
    if draw(st.booleans()):  # ties in plenty
        y = np.round(y)
        y[np.argmax(clusters == 0)] += 0.5  # so that no flip is without variance
    return y, clusters, rng.uniform(0.2, 3, clusters.size) if draw(st.booleans()) else None


@given(clustered(), st.sampled_from([0.0, 0.137, -1.3]))
@settings(max_examples=40, deadline=None)
def test_every_flip_is_counted_with_its_own_standard_error(data, null):
    y, clusters, w = data
    y = y + 1e-3 * np.random.default_rng(0).normal(size=y.size)
    result = sign_flip(y, clusters, w, null=null, seed=0)
    assert result.exact
    assert (result.p_below, result.p_above, result.p_value) == pytest.approx(by_loop(y, clusters, w, null), abs=1e-12)
    assert result.statistic == pytest.approx(t_of(y, clusters, w, null))


@given(st.integers(0, 10**6), st.sampled_from(["two-sided", "less", "greater"]))
@settings(max_examples=15, deadline=None)
def test_agreement_with_scipy_on_equal_clusters_with_ties(seed, side):
    """Rounded to tenths: many flips tie up to rounding, and scipy counts those as at least as extreme too."""
    rng = np.random.default_rng(seed)
    y, clusters = np.round(rng.normal(0.2, 1, 36), 1), np.repeat(np.arange(12), 3)
    sums = np.bincount(clusters, y)
    theirs = scipy.stats.permutation_test(
        (sums,), np.sum, permutation_type="samples", alternative=side, n_resamples=np.inf, vectorized=True
    )
    result = sign_flip(y, clusters, seed=0)
    mine = {"two-sided": result.p_value, "less": result.p_below, "greater": result.p_above}[side]
    assert mine == pytest.approx(theirs.pvalue, abs=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [[3], [1, 2, 9]])
def test_random_flips_agree_with_scipy_and_with_a_loop(sizes, weighted):
    """200 uneven clusters: the same share of flips lies beyond, to Monte Carlo error."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(200), np.resize(sizes, 200))
    y = rng.normal(0.1, 1, clusters.size) + rng.lognormal(0, 1, 200)[clusters] - 1.6
    w = rng.uniform(0.5, 2, y.size) if weighted else None
    result = sign_flip(y, clusters, w, seed=3, draws=20_000)
    assert not result.exact
    seen, signs = t_of(y, clusters, w, 0), rng.choice([-1.0, 1.0], (3000, 200))
    loop = np.array([t_of(s[clusters] * y, clusters, w, 0) for s in signs])
    assert result.p_value == pytest.approx(np.mean(np.abs(loop) >= abs(seen)), abs=0.03)
    assert result.p_below == pytest.approx(np.mean(loop <= seen), abs=0.03)
    if sizes == [3] and not weighted:
        theirs = scipy.stats.permutation_test(
            (np.bincount(clusters, y),), np.sum, permutation_type="samples", n_resamples=20_000, vectorized=True,
            rng=np.random.default_rng(4),
        )  # fmt: skip
        # Theirs doubles the smaller tail, which doubles its Monte Carlo error too: .007.
        assert result.p_value == pytest.approx(theirs.pvalue, abs=0.03)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 500))
@settings(max_examples=40, deadline=None)
def test_on_binary_pairs_it_is_mcnemars_exact_test(b, c, ties):
    y = np.repeat([1, -1, 0], [b, c, ties])
    result = sign_flip(y, seed=0)
    assert result.p_value == pytest.approx(mcnemar(b, c).p_exact, rel=1e-9)
    assert result.exact


def test_alike_values_are_flipped_by_counts_as_well_as_one_by_one():
    """1,000 values of five sizes take binomial counts; moved apart by nothing that matters, they take bytes."""
    rng = np.random.default_rng(2)
    y = rng.choice([-3, -2, -1, 0, 1, 2, 3, 5], 1000, p=[0.11, 0.1, 0.1, 0.3, 0.1, 0.1, 0.12, 0.07])
    y[y == 5] = -5
    few = sign_flip(y, seed=0, draws=40_000)
    many = sign_flip(y + 1e-9 * rng.normal(size=1000), seed=0, draws=40_000)
    assert not few.exact
    assert few.p_value == pytest.approx(many.p_value, abs=0.015)
    assert few.p_value == pytest.approx(cluster_mean(y).p_value(), abs=0.02)


def test_one_seed_one_result():
    y = np.random.default_rng(4).normal(size=300)
    assert sign_flip(y, seed=1) == sign_flip(y, seed=1)
    assert sign_flip(y, seed=1).p_value != sign_flip(y, seed=2).p_value


@given(clustered(), st.floats(0.01, 100))
@settings(max_examples=30, deadline=None)
def test_mirrored_and_rescaled_values_give_the_same_answer(data, unit):
    y, clusters, w = data
    result, turned = sign_flip(y, clusters, w, seed=0), sign_flip(-y, clusters, w, seed=0)
    assert (turned.p_below, turned.p_above) == pytest.approx((result.p_above, result.p_below))
    assert sign_flip(y * unit, clusters, w, seed=0).p_value == pytest.approx(result.p_value)
    assert result.p_value == pytest.approx(min(1, 2 * min(result.p_below, result.p_above)))


def test_what_never_varies_is_as_sure_as_its_flips():
    result = sign_flip([0.3] * 10, seed=0)
    assert (result.statistic, result.p_value, result.p_above) == (math.inf, 2 / 2**10, 1 / 2**10)
    zero = sign_flip([0.1] * 10, null=0.1, seed=0)
    assert (zero.statistic, zero.p_value, zero.p_below) == (0.0, 1.0, 1.0)
    typed = sign_flip([0.1 + 0.2] * 10, null=0.3, seed=0)
    assert typed.p_value == 1.0
    cancel = sign_flip(np.tile([0.1, 0.2, -0.3], 50), np.repeat(range(50), 3), seed=0)
    assert cancel.p_value == 1.0
    many = sign_flip([0.3] * 1000, seed=0, draws=999)
    assert many.p_value < 1e-3 or not many.exact
    one = sign_flip([1.0, 2.0], [0, 0], seed=0)
    assert (one.statistic, one.p_value, one.p_below) == (None, 1.0, 1.0)


def test_never_more_certain_than_its_draws():
    y = 5 + np.random.default_rng(5).normal(size=200)
    result = sign_flip(y, seed=0, draws=999)
    assert result.p_value == result.p_above == 1 / 1000
    assert result.p_below == 1.0


def test_level_over_uneven_clusters_that_move():
    """Ten uneven clusters that move together: 5 in 100, where the plain t test is wrong in over 30."""
    rng = np.random.default_rng(6)
    sizes = np.resize([2, 6, 20], 10)
    clusters = np.repeat(np.arange(10), sizes)
    wrong = plain = 0
    for i in range(1500):
        y = rng.normal(size=10)[clusters] + rng.normal(size=clusters.size)
        wrong += sign_flip(y, clusters, seed=i).p_value < 0.05
        plain += cluster_mean(y).p_value() < 0.05
    assert 0.03 < wrong / 1500 < 0.065
    assert plain / 1500 > 0.3


def test_a_million_rows_in_ten_thousand_clusters_quickly_and_in_bounded_memory():
    rng = np.random.default_rng(7)
    y, clusters = rng.normal(size=10**6), rng.integers(0, 10**4, 10**6)
    start = time.process_time()
    sign_flip(y, clusters, seed=0, draws=10_000)
    assert time.process_time() - start < 2.0
    tracemalloc.start()
    sign_flip(y, clusters, seed=0, draws=10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**20


@pytest.mark.parametrize(
    ("arguments", "options", "complaint"),
    [
        (([],), {}, "values must be one-dimensional and not empty"),
        (([1.0, math.nan],), {}, "values must be finite"),
        (([1.0, 2.0], [0]), {}, "clusters must have 2 entries"),
        (([1.0, 2.0], None, [1.0, -1.0]), {}, "weights must be above 0"),
        (([1.0, 2.0],), {"draws": 10}, "draws must be at least 99"),
        (([1.0, 2.0],), {"seed": -1}, "seed must be at least 0"),
        (([1.0, 2.0],), {"null": math.inf}, "null must be a finite number"),
    ],
)
def test_bad_input_is_named(arguments, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        sign_flip(*arguments, **{"seed": 0, **options})
