"""Simulated pairs: the effect is what was asked for, and the gate sees them as it sees a score table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments.tables import paired_table

from evalplat.gates import Binary, Bounded, Latent, Lognormal, Normal, Shape, compare, decide, judge, pairs_of, simulate
from evalplat.gates.simulation import moved
from evalplat.records import GatePolicy, MetricRule

rates = st.floats(0.01, 0.99)


@given(mean=rates, to=rates, spread=st.lists(st.floats(0, 1, width=16), min_size=2, max_size=50))
def test_moved_rates_stay_rates_and_have_the_mean_that_was_asked_for(mean, to, spread):
    drawn = np.array(spread)
    centred = moved(drawn, float(drawn.mean()), np.asarray(mean)) if 0 < drawn.mean() < 1 else np.full(2, mean)
    result = moved(centred, mean, np.asarray(to))
    assert result.min() >= 0 and result.max() <= 1
    assert result.mean() == pytest.approx(to, abs=1e-9)


MODELS = [
    (Binary(0.65, cluster=0.1, case=0.3, cluster_shock=0.1, case_shock=0.05), -0.1),
    (Binary(0.95, cluster=0.2, case=0.6, cluster_shock=0.3), -0.03),
    (Binary(0.5, cluster_shock=0.2), 0.2),
    (Bounded(4, low=1, high=5, cluster=0.1, case=0.2, cluster_shock=0.1, trial=0.3), -0.5),
    (Normal(3, cluster=0.5, case=0.5, cluster_shock=0.4, trial=1.0), -0.4),
    (Lognormal(2, cluster=0.3, case=0.3, cluster_shock=0.2, trial=0.3), 0.3),
]


@pytest.mark.parametrize(("model", "effect"), MODELS, ids=[type(m).__name__ + str(m.level) for m, _ in MODELS])
def test_the_mean_effect_is_exact_near_the_ceiling_too(model, effect):
    rng = np.random.default_rng(5)
    shape = Shape.of_sizes([3, 5, 1, 7], (1, 2))
    drawn = [simulate(shape, model, effect, rng) for _ in range(6000)]
    for found, truth in (
        (np.array([(p.candidate - p.baseline).mean() for p in drawn]), effect),
        (np.array([p.baseline.mean() for p in drawn]), model.level),
    ):
        assert abs(found.mean() - truth) < 4 * found.std() / np.sqrt(len(found))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    trials=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    which=st.sampled_from([model for model, _ in MODELS]),
    clustered=st.booleans(),
)
def test_judging_pairs_and_gating_their_score_table_are_one(seed, trials, which, clustered):
    shape = Shape.of_sizes([4] * 10 if clustered else [1] * 40, trials)
    pairs = simulate(shape, which, 0.0, np.random.default_rng(seed))
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.3, range=pairs.value_range),))
    order = np.argsort(sorted(range(40), key=str))  # the gate sorts cases by id
    arms = (values.reshape(40, -1)[order] for values in (pairs.base_values, pairs.cand_values))
    table = paired_table(*arms, clusters=None if shape.clusters is None else shape.clusters[order])
    gated = decide(compare(table, policy, baseline="base", candidate="cand"), policy)
    judged = judge([pairs], policy)
    assert judged.verdict == gated.verdict
    found = gated.metrics[0].comparison.model_copy(update={"needed": None})
    assert judged.metrics == (gated.metrics[0].model_copy(update={"comparison": found}),)


def test_unchanged_agents_of_the_sharp_kind_are_alike_and_those_of_the_weak_kind_are_not():
    rng = np.random.default_rng(0)
    shape = Shape.of_sizes([50] * 40, (20, 20))
    for shock, low, high in ((0.0, 0.0, 0.02), (0.15, 0.2, 0.32)):
        pairs = simulate(shape, Binary(0.65, cluster=0.1, case=0.2, cluster_shock=shock), 0.0, rng)
        change = np.bincount(shape.groups, weights=pairs.candidate - pairs.baseline) / 50
        assert low <= change.std() <= high


def test_one_draw_serves_several_effects():
    shape, model = Shape.of_sizes([2] * 30), Binary(0.7, case=0.3)
    latent = Latent.draw(shape, np.random.default_rng(3))
    same, worse = (pairs_of(shape, model, latent, effect) for effect in (0.0, -0.2))
    assert (same.baseline == worse.baseline).all()
    assert (worse.candidate <= same.candidate).all() and (worse.candidate < same.candidate).any()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Binary(1.0), "mean"),
        (lambda: Binary(0.5, case=1.0), "case"),
        (lambda: Lognormal(0.0), "mean"),
        (lambda: Bounded(5, low=1, high=5), "mean"),
        (lambda: Bounded(0.5, trial=1.0), "trial"),
        (lambda: Shape(0), "n_cases"),
        (lambda: Shape(3, trials=(0, 1)), "trials"),
        (lambda: Shape(3, clusters=np.zeros(2, dtype=np.int64)), "clusters"),
        (lambda: Shape(3, weights=np.ones(2)), "weights"),
        (lambda: simulate(Shape(3), Binary(0.9), 0.1, np.random.default_rng(0)), "effect"),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(make, says):
    with pytest.raises(ValueError, match=says):
        make()
