"""How often the gate is wrong, by simulation. The long tables are `make slow`'s."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from instruments.tables import paired_table

from evalplat.gates import compare, decide
from evalplat.records import GatePolicy, MetricRule

DRAWS = 10_000


@cache
def passes_with(n: int, wrong: int, margin: float) -> bool:
    """Whether a candidate that is wrong on `wrong` of `n` cases passes against a baseline that is always right."""
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=margin),))
    cand = np.r_[np.zeros(wrong), np.ones(n - wrong)]
    table = paired_table(np.ones(n), cand)
    return decide(compare(table, policy, baseline="base", candidate="cand"), policy).verdict == "pass"


@pytest.mark.parametrize("n", [20, 30, 58])
def test_a_perfect_baseline_and_a_candidate_worse_by_the_margin_pass_at_most_at_alpha(n: int):
    wrong = np.random.default_rng(n).binomial(n, 0.05, DRAWS)
    share = np.mean([passes_with(n, int(count), 0.05) for count in wrong])
    assert share <= 0.05


def test_enough_cases_do_pass():
    assert passes_with(59, 0, 0.05)
    assert passes_with(400, 4, 0.05)


@pytest.mark.parametrize("trials", [1, 5])
def test_unchanged_agents_with_moving_clusters_are_rarely_called_worse(trials: int):
    """Clusters of 20 whose skills move up and down, not on average: pooled tests call 30 to 45 in 100 changed."""
    rng = np.random.default_rng(29 + trials)
    clusters = np.repeat(np.arange(15), 20)
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.05),))
    fails = 0
    for _ in range(300):
        arms = []
        for _arm in range(2):
            skill = np.clip(0.65 + rng.normal(0, 0.15, 15)[clusters], 0, 1)
            arms.append((rng.random((300, trials)) < skill[:, None]).astype(float))
        table = paired_table(*arms, clusters=clusters)
        fails += decide(compare(table, policy, baseline="base", candidate="cand"), policy).verdict == "fail"
    # One-sided alpha .05: 15 expected of 300, 29 has a chance below .001.
    assert fails <= 29
