"""pass^k and pass@k."""

import itertools
import json

import numpy as np
import pytest

from evalplat.stats import cluster_mean, pass_at, pass_at_k, pass_hat, pass_hat_k


def test_both_are_the_share_of_subsets_of_k_trials():
    for n, k in ((1, 1), (4, 1), (4, 2), (5, 3), (6, 6)):
        for c in range(n + 1):
            outcomes = [1] * c + [0] * (n - c)
            subsets = list(itertools.combinations(outcomes, k))
            assert pass_hat_k([c], [n], k)[0] == pytest.approx(np.mean([all(s) for s in subsets]))
            assert pass_at_k([c], [n], k)[0] == pytest.approx(np.mean([any(s) for s in subsets]))


def test_many_trials_do_not_overflow():
    assert pass_hat_k([5000], [10_000], 1000)[0] == pytest.approx(0.0, abs=1e-300)
    assert pass_at_k([1], [10_000], 5000)[0] == pytest.approx(0.5)


def test_tau_airline_published(shared_data):
    rows = [json.loads(line) for line in (shared_data / "tau_airline_outcomes.jsonl").read_text().splitlines()]
    tasks = sorted({row["task_id"] for row in rows}, key=str)
    successes = [sum(row["score"] for row in rows if row["task_id"] == task) for task in tasks]
    trials = [sum(row["task_id"] == task for row in rows) for task in tasks]
    whole = np.asarray(successes, dtype=int)
    published = [pass_hat_k(whole, trials, k).mean() for k in (1, 2, 3, 4)]
    assert published == pytest.approx([0.42, 0.2733, 0.22, 0.20], abs=5e-5)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (([3], [2], 1), "must not exceed trials"),
        (([1, 1], [4, 2], 3), r"pass\^3 needs 3 trials of every case; entry 1 has 2"),
        (([1], [2], 0), "k must be at least 1"),
        (([], [], 1), "must not be empty"),
        (([0.5], [2], 1), "whole numbers"),
        (([1], [2, 2], 1), "must have 1 entries"),
    ],
)
def test_bad_input_is_named(arguments, complaint):
    for method in (pass_hat_k, pass_at_k):
        with pytest.raises(ValueError, match=complaint):
            method(*arguments)


def test_intervals_are_those_of_the_case_estimates():
    rng = np.random.default_rng(0)
    trials = rng.integers(4, 9, 40)
    successes = rng.binomial(trials, rng.beta(2, 1, 40))
    clusters, weights = np.arange(40) // 3, rng.uniform(0.5, 2, 40)
    for mean, by_case, name in ((pass_hat, pass_hat_k, "pass^3: "), (pass_at, pass_at_k, "pass@3: ")):
        result = mean(successes, trials, 3, clusters, weights)
        expected = cluster_mean(by_case(successes, trials, 3), clusters, weights)
        assert (result.estimate, result.se, result.df) == (expected.estimate, expected.se, expected.df)
        assert result.interval(0.9) == expected.interval(0.9)
        assert result.method == name + expected.method
    assert pass_hat(successes, trials, 1).estimate == pytest.approx(np.mean(successes / trials))
    assert pass_hat(successes, trials, 2).estimate <= pass_at(successes, trials, 2).estimate


def test_intervals_cover_the_true_pass_k():
    """60 cases in twelve clusters, five trials each, unbiased and covered 90 in 100, away from the ends."""
    rng = np.random.default_rng(1)
    clusters, held, means = np.arange(60) // 5, 0, []
    truth = np.mean(rng.beta(2, 1, (200_000, 2)).mean(axis=1) ** 3)
    for _ in range(1500):
        skill = (rng.beta(2, 1, 12)[clusters] + rng.beta(2, 1, 60)) / 2
        found = pass_hat(rng.binomial(5, skill), np.full(60, 5), 3, clusters)
        low, high = found.interval(0.9)
        held += low <= truth <= high
        means.append(found.estimate)
    assert 0.87 < held / 1500 < 0.93
    assert np.mean(means) == pytest.approx(truth, abs=0.01)


def test_any_success_is_not_all_failures():
    trials = np.array([4, 5, 6, 4, 9])
    successes = np.array([0, 5, 2, 1, 3])
    found, turned = pass_at(successes, trials, 2), pass_hat(trials - successes, trials, 2)
    assert (found.estimate, found.se, found.df) == pytest.approx((1 - turned.estimate, turned.se, turned.df))


def test_all_cases_at_one_end_are_a_point():
    result = pass_hat(np.full(30, 4), np.full(30, 4), 4)
    assert (result.estimate, result.se, result.interval(0.9)) == (1.0, 0.0, (1.0, 1.0))


def test_bad_input_of_the_means_is_named():
    for mean in (pass_hat, pass_at):
        with pytest.raises(ValueError, match="must not exceed trials"):
            mean([3], [2], 1)
        with pytest.raises(ValueError, match="clusters must have 2 entries"):
            mean([1, 1], [2, 2], 1, [0])
