"""Neyman allocation and the best split between cases and trials."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalplat.stats import best_split, neyman, suite_mean, variance_components

SPREADS = st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 4.0]), min_size=1, max_size=12)


@given(SPREADS, st.integers(0, 60), st.integers(1, 3))
@example(spreads=[0.1, 0.3], more=0, least=1)
@example(spreads=[0.3, 0.1, 4.0, 0.0], more=0, least=3)
@settings(max_examples=300, deadline=None)
def test_whole_numbers_that_add_up_and_none_below_the_least(spreads, more, least):
    calls = len(spreads) * least + more
    result = neyman(spreads, calls, least=least)
    assert result.trials.sum() == calls
    assert result.trials.min() >= least
    assert result.trials.dtype == np.int64
    # More spread never gets fewer trials, but for one by rounding.
    order = np.argsort(spreads, kind="stable")
    assert (np.diff(result.trials[order]) >= -1).all()


def test_proportional_to_the_spreads():
    result = neyman([1.0, 2.0, 3.0, 4.0], 100)
    assert result.trials.tolist() == [10, 20, 30, 40]
    assert result.variance == pytest.approx((10.0 / 4) ** 2 / 100)  # Cochran (1977), 5.26: (sum share sd)^2 / calls
    assert result.uniform == pytest.approx(30 / 16 / 25)
    weighted = neyman([1.0, 1.0], 40, weights=[1, 3])
    assert weighted.trials.tolist() == [10, 30]


@given(SPREADS, st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_near_the_best_of_all_whole_allocations(spreads, more):
    spreads = spreads[:4]
    calls = len(spreads) + more
    every = (k for k in itertools.product(range(1, more + 2), repeat=len(spreads)) if sum(k) == calls)
    best = min(sum(s * s / n for s, n in zip(spreads, k, strict=True)) for k in every)
    found = neyman(spreads, calls)
    assert found.variance * len(spreads) ** 2 <= 1.35 * best + 1e-12


def test_a_case_that_happened_not_to_vary_is_not_called_noiseless():
    """Binary cases of one rate, five trials each: the spreads differ by luck alone, and so the split stays even."""
    rng = np.random.default_rng(0)
    scores = rng.random((60, 5)) < 0.8
    sd = scores.std(axis=1, ddof=1)
    assert (sd == 0).sum() > 10
    result = neyman(sd, 600, trials=np.full(60, 5))
    assert result.spreads.min() > 0.5 * result.spreads.max()
    assert result.trials.min() >= 6
    assert neyman(sd, 600).trials.min() == 1


def test_spreads_from_many_trials_are_hardly_shrunk():
    sd = np.array([0.1, 1.0, 2.0, 5.0])
    result = neyman(sd, 1000, trials=np.full(4, 10_000))
    assert result.spreads == pytest.approx(sd, abs=0.02)
    assert neyman(sd, 1000, trials=np.full(4, 2)).spreads.min() > 0.5


@pytest.mark.parametrize("binary", [False, True])
def test_an_allocation_from_history_beats_the_uniform_split(binary):
    """Half of the cases noisy, five trials of history: the variance of the suite's mean falls, in simulation."""
    rng = np.random.default_rng(1)
    chance = np.where(np.arange(40) % 2, 0.5, 0.99)
    sigma = np.sqrt(chance * (1 - chance)) if binary else np.where(np.arange(40) % 2, 1.0, 0.2)

    def scores(case, k):
        return (rng.random(k) < chance[case]).astype(float) if binary else sigma[case] * rng.normal(size=k)

    history = np.array([scores(case, 5).std(ddof=1) for case in range(40)])
    result = neyman(history, 400, trials=np.full(40, 5))
    shared = [
        np.var([np.mean([scores(c, int(k)).mean() for c, k in enumerate(split)]) for _ in range(400)])
        for split in (result.trials, np.full(40, 10))
    ]
    assert shared[0] < shared[1]
    truly = np.sum(sigma**2 / result.trials), np.sum(sigma**2 / 10)
    assert truly[0] < 0.95 * truly[1]


@pytest.mark.parametrize(("a", "b", "most"), [(2.0, 1.0, 1.01), (0.5, 0.2, 0.90), (400.0, 100.0, 1.01)])
def test_shrunk_spreads_never_lose_what_raw_ones_do(a, b, most):
    """Binary cases, five trials of history: raw spreads give one trial to whatever never failed, and cost double."""
    rng, shrunk, raw = np.random.default_rng(9), [], []
    for _ in range(20):
        p = rng.beta(a, b, 200)
        spreads, true = (rng.random((200, 5)) < p[:, None]).std(axis=1, ddof=1), p * (1 - p)
        for found, to in ((neyman(spreads, 2000, trials=np.full(200, 5)), shrunk), (neyman(spreads, 2000), raw)):
            to.append(np.sum(true / found.trials) / np.sum(true / 10))
    assert np.mean(shrunk) < most
    assert np.mean(raw) > 2


def test_what_it_promises_is_what_the_suite_then_has():
    rng = np.random.default_rng(2)
    sigma = rng.uniform(0.2, 2, 30)
    result = neyman(sigma, 600)
    cases = np.repeat(np.arange(30), result.trials)
    ses = [suite_mean(sigma[cases] * rng.normal(size=600), cases).se ** 2 for _ in range(200)]
    assert np.mean(ses) == pytest.approx(result.variance, rel=0.05)
    assert result.variance < result.uniform


def test_no_spread_at_all_is_split_evenly():
    assert neyman([0.0] * 4, 10).trials.tolist() == [3, 3, 2, 2]
    assert neyman([0.0] * 4, 10, trials=[5] * 4).variance == 0.0


@pytest.mark.parametrize(
    ("arguments", "options", "complaint"),
    [
        (([1.0, 1.0], 1), {}, "calls must be at least 2, 1 for each of 2 cases, not 1"),
        (([1.0, -1.0], 9), {}, "spreads must not be negative; entry 1"),
        (([1.0, math.nan], 9), {}, "spreads must be finite"),
        (([1.0], 9), {"trials": [1]}, "trials must be whole numbers of at least 2"),
        (([1.0], 9), {"weights": [0.0]}, "weights must be above 0"),
        (([1.0], 9.5), {}, "calls must be a whole number"),
        (([1.0], 9), {"least": 0}, "least must be at least 1"),
    ],
)
def test_bad_allocations_are_named(arguments, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        neyman(*arguments, **options)


# --- best split ---


def components(seed=0, among=0.5, sigma=2.0, per_cluster=1):
    rng = np.random.default_rng(seed)
    cases, clusters = np.repeat(np.arange(400), 6), np.arange(400) // per_cluster
    shift = among * rng.normal(size=400) + (0.4 * rng.normal(size=400)[clusters] if per_cluster > 1 else 0)
    base = sigma * rng.normal(size=2400)
    cand = shift[cases] + sigma * rng.normal(size=2400)
    return variance_components(base, cases, cand, cases, clusters)


@given(st.floats(0.0, 50), st.floats(0.1, 5), st.sampled_from(["both", "candidate"]), st.sampled_from([1, 5]))
@settings(max_examples=60, deadline=None)
def test_no_other_whole_split_is_better(cost_case, cost_trial, sides, per_cluster):
    parts, spend = components(per_cluster=per_cluster), 4000.0
    found = best_split(parts, cost_case, cost_trial, spend, sides=sides)
    each = 2 * cost_trial if sides == "both" else cost_trial
    assert found.cost == pytest.approx(found.cases * (cost_case + each * found.trials))
    assert found.cost <= spend * (1 + 1e-9)
    per = 400 / parts.effective_clusters

    def se(k):
        cases = math.floor(spend / (cost_case + each * k) * (1 + 1e-12))
        base = k if sides == "both" else parts.trials[0]
        return parts.se_at(cases / per, per, base, k)

    assert found.se == pytest.approx(se(found.trials))
    assert found.se <= min(se(k) for k in range(1, 101)) * (1 + 1e-9)


def test_closed_form_of_cochran():
    parts = components()
    found = best_split(parts, 30.0, 1.0)
    noise = parts.trial_baseline + parts.trial_candidate
    assert found.exact_trials == pytest.approx(math.sqrt(noise / parts.between_cases * 30 / 2))
    assert abs(found.trials - found.exact_trials) < 1
    assert (found.cases, found.se, found.cost) == (None, None, None)
    assert found.efficiency > 1.5


def test_free_cases_are_run_once_and_alike_cases_as_often_as_allowed():
    assert best_split(components(), 0.0, 1.0, 1000).trials == 1
    assert best_split(components(), 0.0, 1.0).efficiency == 1.0
    alike = variance_components([0.0, 1.0] * 20, np.repeat(range(20), 2), [0.0, 1.0] * 20, np.repeat(range(20), 2))
    found = best_split(alike, 1.0, 1.0, most_trials=7)
    assert (found.trials, found.exact_trials) == (7, math.inf)


def test_the_kept_baseline_makes_more_candidate_trials_worth_while():
    parts = components(among=1.0)
    both, kept = best_split(parts, 10, 1, 2000), best_split(parts, 10, 1, 2000, sides="candidate")
    assert kept.se < both.se


@pytest.mark.parametrize(
    ("arguments", "options", "complaint"),
    [
        ((-1.0, 1.0), {}, "cost_case must not be negative"),
        ((1.0, 0.0), {}, "cost_trial must be a finite number above 0"),
        ((1.0, 1.0, 2.0), {}, "spend must be at least 3, the cost of one case, not 2"),
        ((1.0, 1.0), {"sides": "left"}, "sides must be both or candidate"),
        ((1.0, 1.0), {"most_trials": 0}, "most_trials must be at least 1"),
    ],
)
def test_bad_splits_are_named(arguments, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        best_split(components(), *arguments, **options)


def test_without_repeated_trials_there_is_no_split():
    d = np.random.default_rng(3).normal(size=20)
    single = variance_components(np.zeros(20), np.arange(20), d, np.arange(20))
    with pytest.raises(ValueError, match="components hold no trial variance of the candidate"):
        best_split(single, 1.0, 1.0)
    repeated = variance_components(np.zeros(20), np.arange(20), np.tile(d, 2), np.tile(np.arange(20), 2))
    with pytest.raises(ValueError, match="of the baseline"):
        best_split(repeated, 1.0, 1.0)
    assert best_split(repeated, 1.0, 1.0, sides="candidate").trials == 1
