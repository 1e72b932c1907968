"""pass^k and pass@k."""

import itertools
import json

import numpy as np
import pytest

from evalplat.stats import pass_at_k, pass_hat_k


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
