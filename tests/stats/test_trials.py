"""The suite estimand, variance components, and what is needed."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from evalplat.stats import (
    cluster_mean,
    needed_clusters,
    needed_trials,
    power_of,
    suite_difference,
    suite_mean,
    variance_components,
)


def trials_of(rng, means, per_case, sigma=1.0):
    """(values, cases) of `per_case` trials around each mean."""
    cases = np.repeat(np.arange(means.size), per_case)
    return means[cases] + sigma * rng.normal(size=cases.size), cases


# --- suite ---


def test_suite_difference_on_one_case_is_welch():
    rng = np.random.default_rng(0)
    base, cand = rng.normal(size=7), rng.normal(0.5, 3, size=12)
    result = suite_difference(base, np.zeros(7, int), cand, np.zeros(12, int))
    theirs = scipy.stats.ttest_ind(cand, base, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert result.df == pytest.approx(theirs.df)
    assert result.p_value() == pytest.approx(theirs.pvalue)
    assert result.interval(0.95) == pytest.approx((interval.low, interval.high))


def test_suite_mean_is_the_stratified_mean():
    values, cases = [0.0, 1.0, 2.0, 4.0, 6.0, 5.0], [3, 3, 3, 8, 8, 8]
    result = suite_mean(values, cases, [1.0, 3.0])
    assert result.estimate == pytest.approx(0.25 * 1 + 0.75 * 5)
    assert result.se == pytest.approx(math.sqrt(0.25**2 * 1 / 3 + 0.75**2 * 1 / 3))
    assert result.df == pytest.approx((0.0625 + 0.5625) ** 2 / ((0.0625**2 + 0.5625**2) / 2))
    assert (result.n_cases, result.n_trials, result.reason) == (2, 6, None)


def test_suite_is_certain_of_what_never_varies_and_not_of_what_ran_once():
    values, cases = np.tile([0.1, 0.7], 3), np.tile([0, 1], 3)
    point = suite_difference(values, cases, values, cases)
    assert (point.estimate, point.se, point.p_value()) == (0.0, 0.0, 1.0)
    once = suite_difference(values, cases, [0.0, 1.0, 1.0], [0, 1, 1])
    assert once.se is None
    assert once.reason == "1 of 2 cases of the candidate have one trial, which tells nothing of the noise"
    assert once.interval(0.9) == (-math.inf, math.inf)
    assert once.p_below(5.0) == 1.0
    assert (once.baseline, once.candidate) == pytest.approx((0.4, 0.5))


def test_suite_ignores_what_varies_between_cases():
    """Cases that differ by hundreds, noise 1 within: only the noise counts, and the level holds."""
    rng = np.random.default_rng(1)
    means, wrong = 100 * rng.normal(size=30), 0
    for _ in range(1000):
        base, base_cases = trials_of(rng, means, 3)
        cand, cand_cases = trials_of(rng, means, 4)
        result = suite_difference(base, base_cases, cand, cand_cases)
        wrong += result.p_value() < 0.05
    assert result.se == pytest.approx(math.sqrt((1 / 3 + 1 / 4) / 30), rel=0.3)
    assert 0.03 < wrong / 1000 < 0.075


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (([1.0], [0], [1.0], [1]), "2 occur on one side only, such as 0"),
        (([1.0], [0, 1], [1.0], [0]), "base_cases must have 1 entries"),
        (([math.nan], [0], [1.0], [0]), "base_values must be finite"),
        (([], [], [1.0], [0]), "base_values must be one-dimensional and not empty"),
        (([1.0], [0], [1.0], [0], [1.0, 2.0]), "weights must have 1 entries"),
    ],
)
def test_bad_trials_are_named(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        suite_difference(*arguments)
    if len(arguments) == 4:
        with pytest.raises(ValueError, match=complaint):
            variance_components(*arguments)


# --- variance components ---


def test_components_reproduce_the_standard_error_of_a_balanced_design():
    """Equal clusters, equal trials, nothing truncated: se_here is the clustered standard error, exactly."""
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(20), 5)
    shift = (2 * rng.normal(size=20))[clusters] + 2 * rng.normal(size=100)
    base, base_cases = trials_of(rng, np.zeros(100), 4)
    cand, cand_cases = trials_of(rng, shift, 3)
    found = variance_components(base, base_cases, cand, cand_cases, clusters)
    d = cand.reshape(100, 3).mean(axis=1) - base.reshape(100, 4).mean(axis=1)
    assert found.truncated == ()
    assert found.trials == pytest.approx((4.0, 3.0))
    assert found.effective_clusters == 20
    assert found.se_here(4, 3) == pytest.approx(cluster_mean(d, clusters).se, rel=1e-12)
    assert found.se_at(20, 5, 4, 3) == pytest.approx(found.se_here(4, 3), rel=1e-12)
    assert found.trial_baseline == pytest.approx(np.var(base.reshape(100, 4), axis=1, ddof=1).mean())


def test_components_are_unbiased_in_an_unbalanced_design():
    rng = np.random.default_rng(3)
    sizes = np.resize([1, 2, 3, 8], 24)
    clusters = np.repeat(np.arange(24), sizes)
    n = clusters.size
    per_base, per_cand = rng.integers(1, 4, n), rng.integers(2, 6, n)
    found = []
    for _ in range(400):
        means = rng.normal(size=n)
        base = trials_of(rng, means, per_base, 1.5)
        shift = 1.2 * rng.normal(size=24)[clusters] + 0.8 * rng.normal(size=n)
        cand = trials_of(rng, means + shift, per_cand, 2.0)
        part = variance_components(*base, *cand, clusters)
        found.append((part.between_clusters, part.between_cases, part.trial_baseline, part.trial_candidate))
    error = np.std(found, axis=0) / 20
    # Truncation at 0 adds a little to `between_cases`, never takes away.
    assert (np.abs(np.mean(found, axis=0) - [1.44, 0.64, 2.25, 4.0]) < 4 * error + [0, 0.05, 0, 0]).all()


def test_components_below_zero_are_set_to_zero_and_named():
    values, cases = np.tile([0.0, 1.0], 10), np.repeat(np.arange(10), 2)
    found = variance_components(values, cases, values, cases, np.arange(10) // 2)
    assert (found.between_clusters, found.between_cases) == (0.0, 0.0)
    assert "between_cases" in found.truncated


def test_components_without_repeated_trials_say_so():
    rng = np.random.default_rng(4)
    d = rng.normal(size=40)
    found = variance_components(np.zeros(40), np.arange(40), d, np.arange(40))
    assert (found.trial_baseline, found.trial_candidate, found.between_clusters) == (None, None, 0.0)
    assert found.se_here(1, 1) == pytest.approx(cluster_mean(d).se)
    with pytest.raises(ValueError, match="trials_candidate cannot vary"):
        found.se_here(1, 2)
    needed = needed_trials(found, 0.1)
    assert (needed.candidate, needed.both) == (None, None)
    assert "two trials of the candidate" in needed.reason


def test_components_need_two_clusters():
    with pytest.raises(ValueError, match="at least 2 clusters"):
        variance_components([1.0, 2.0], [0, 1], [1.0, 2.0], [0, 1], [0, 0])


# --- needed ---


@given(st.floats(0.05, 3.0), st.floats(0.01, 0.1), st.floats(0.5, 0.95))
@settings(max_examples=50, deadline=None)
def test_needed_clusters_is_the_sample_size_of_a_t_test(sd, alpha, power):
    mine = needed_clusters(sd / math.sqrt(30), 30, 1.0, alpha, power)

    def theirs(clusters):
        return TTestPower().power(1.0 / sd, clusters, alpha, alternative="larger")

    assert theirs(mine.clusters) >= power - 1e-9
    assert mine.clusters == 2 or theirs(mine.clusters - 1) < power
    assert mine.low <= mine.clusters <= mine.high


def test_needed_clusters_gives_the_power_in_simulation():
    """What it asks for at margin .5, with clusters of standard deviation 1, gives 80 in 100."""
    needed = needed_clusters(1 / math.sqrt(40), 40, 0.5).clusters
    d = np.random.default_rng(5).normal(size=(4000, needed))
    t = (d.mean(axis=1) + 0.5) / (d.std(axis=1, ddof=1) / math.sqrt(needed))
    assert np.mean(t > scipy.stats.t.ppf(0.95, needed - 1)) == pytest.approx(0.80, abs=0.03)


def test_needed_clusters_range_holds_the_truth_as_often_as_it_says():
    truth = needed_clusters(1 / math.sqrt(25), 25, 0.2).clusters
    rng, held = np.random.default_rng(6), 0
    for _ in range(300):
        seen = needed_clusters(np.std(rng.normal(size=25), ddof=1) / 5, 25, 0.2)
        held += seen.low <= truth <= seen.high
    assert held / 300 == pytest.approx(0.80, abs=0.07)


def test_power_is_one_without_noise_and_alpha_without_effect():
    assert power_of(0.0, 5, 0.1, 0.05) == power_of(1e-300, 1, 1.0, 0.05) == 1.0
    assert power_of(1.0, 10, 1e-9, 0.05) == pytest.approx(0.05, abs=1e-6)
    assert power_of(1.0, 1e8, 1.6448536 + 0.8416212, 0.05) == pytest.approx(0.80, abs=1e-5)


def test_needed_trials_are_the_smallest_that_do():
    rng = np.random.default_rng(7)
    base = trials_of(rng, np.zeros(60), 3)
    cand = trials_of(rng, 0.2 * rng.normal(size=60), 3)
    parts = variance_components(*base, *cand)
    df = parts.effective_clusters - 1
    for effect in (0.25, 0.3, 0.5):
        needed = needed_trials(parts, effect)
        for count, se in (
            (needed.candidate, lambda k: parts.se_here(3, k)),
            (needed.both, lambda k: parts.se_here(k, k)),
        ):
            assert power_of(se(count), df, effect, 0.05) >= 0.80 - 1e-9
            assert count == 1 or power_of(se(count - 1), df, effect, 0.05) < 0.80
    tight = needed_trials(parts, 0.16)
    assert tight.candidate is None
    assert tight.both is not None
    assert tight.reason == "the candidate's trials alone do not suffice"


def test_no_number_of_trials_quiets_noisy_cases():
    rng = np.random.default_rng(8)
    base = trials_of(rng, np.zeros(30), 2, 0.1)
    cand = trials_of(rng, rng.normal(size=30), 2, 0.1)
    needed = needed_trials(variance_components(*base, *cand), 0.1)
    assert (needed.candidate, needed.both) == (None, None)
    assert needed.reason == "clusters and cases alone are too noisy"


@pytest.mark.parametrize(
    "call",
    [
        lambda: needed_clusters(0.1, 30, 0.0),
        lambda: needed_clusters(-0.1, 30, 0.1),
        lambda: needed_clusters(0.1, 1, 0.1),
        lambda: needed_clusters(math.nan, 30, 0.1),
        lambda: needed_clusters(0.1, 30, 0.1, 0.05, 0.04),
        lambda: power_of(-1, 5, 0.1, 0.05),
        lambda: needed_clusters(1e9, 30, 1e-9),
    ],
)
def test_bad_plans_are_named(call):
    with pytest.raises(ValueError, match=r"must|out of reach"):
        call()
