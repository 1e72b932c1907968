"""Which side of an agent a metric is about, how each stands, which metric decides, and what users lose and gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.gates import compare, decide, deciding, dimension_of, lights
from evalplat.records import DIMENSIONS, Column, Decision, GatePolicy, MetricRule, ScoreTable


def table(scores: dict[str, tuple[list[float], list[float]]], weights: list[float] | None = None) -> ScoreTable:
    """Systems a and b, one trial a case; `scores` is by metric those of a and of b."""
    rows = [
        (system, f"c{case:04d}", metric, value, 1.0 if weights is None else weights[case])
        for metric, sides in scores.items()
        for system, side in zip("ab", sides, strict=True)
        for case, value in enumerate(side)
    ]
    return ScoreTable(
        system=Column.of([row[0] for row in rows]),
        case=Column.of([row[1] for row in rows]),
        metric=Column.of([row[2] for row in rows]),
        trial=np.zeros(len(rows), dtype=np.int32),
        score=np.array([row[3] for row in rows]),
        error=Column.of([None for _ in rows]),
        weight=None if weights is None else np.array([row[4] for row in rows]),
    )


def gated(policy: GatePolicy, scores: dict[str, tuple[list[float], list[float]]], **more: list[float]) -> Decision:
    return decide(compare(table(scores, **more), policy, baseline="a", candidate="b"), policy)


EQUAL = ([1.0, 0.0] * 100, [1.0, 0.0] * 100)
WORSE = ([1.0, 1.0] * 100, [1.0, 0.0] * 100)


@pytest.mark.parametrize(
    ("rule", "kind", "dimension"),
    [
        ({"metric": "correct", "margin": 0.1}, "expectation", "quality"),
        ({"metric": "correct", "margin": 0.1}, None, "quality"),
        ({"metric": "correct", "margin": 0.1, "dimension": "safety"}, "expectation", "safety"),
        ({"metric": "correct", "rule": "zero", "max_rate": 0.1}, "expectation", "safety"),
        ({"metric": "correct", "margin": 0.1, "statistic": "pass^3"}, "expectation", "reliability"),
        ({"metric": "held", "margin": 0.1}, "resisted", "safety"),
        ({"metric": "held", "margin": 0.1, "statistic": "pass^2"}, "resisted", "safety"),
        ({"metric": "done", "margin": 0.1}, "finished", "reliability"),
        ({"metric": "used", "margin": 0.1, "direction": "lower"}, "tokens", "cost"),
        ({"metric": "cost_usd", "margin": 0.1, "direction": "lower"}, None, "cost"),
        ({"metric": "output_tokens", "margin": 0.1, "direction": "lower"}, "imported", "cost"),
        ({"metric": "latency_s", "statistic": "p95", "margin": 0.1, "direction": "lower"}, None, "speed"),
        ({"metric": "toxicity", "margin": 0.1, "direction": "lower"}, "imported", "safety"),
        # The suite's own scorer says more than a name.
        ({"metric": "says_the_cost", "margin": 0.1}, "contains", "quality"),
    ],
)
def test_a_metric_is_of_the_dimension_that_it_measures(rule: dict[str, object], kind: str | None, dimension: str):
    made = MetricRule.model_validate(rule)
    scores = {made.metric: ([1.0, 0.0, 1.0] * 40, [1.0, 0.0, 1.0] * 40)}
    found = compare(table(scores), GatePolicy(metrics=(made,)), baseline="a", candidate="b").metrics[0]
    assert dimension_of(found, kind) == dimension


def test_lights_tell_what_decides_what_informs_and_what_nobody_measured():
    policy = GatePolicy(
        metrics=(
            MetricRule(metric="right", margin=0.2),
            MetricRule(metric="kind", margin=0.1, gating=False),
            MetricRule(metric="total_tokens", statistic="ratio", margin=0.1, direction="lower", gating=False),
        )
    )
    tokens = ([10.0, 20.0] * 100, [20.0, 40.0] * 100)
    found = lights(gated(policy, {"right": EQUAL, "kind": WORSE, "total_tokens": tokens}))
    assert tuple(light.dimension for light in found) == DIMENSIONS
    told = {light.dimension: (light.verdict, light.gating, light.metrics) for light in found}
    # An informative fail does not turn the light of a dimension that has gating metrics.
    assert told["quality"] == ("pass", True, (0, 1))
    assert told["cost"] == ("fail", False, (2,))
    for name in ("safety", "reliability", "speed"):
        assert told[name] == (None, False, ())


def test_the_deciding_metric_is_the_failing_one_else_the_open_one_else_the_tightest():
    rules = [MetricRule(metric=name, margin=0.1) for name in ("one", "two", "three")]
    policy = GatePolicy(metrics=tuple(rules))
    noisy = ([1.0, 0.0] * 100, [0.0, 1.0] * 100)
    slightly = ([1.0] * 100 + [0.0] * 100, [1.0] * 96 + [0.0] * 104)
    assert deciding(gated(policy, {"one": noisy, "two": WORSE, "three": EQUAL})) == 1
    assert deciding(gated(policy, {"one": EQUAL, "two": EQUAL, "three": noisy})) == 2
    assert deciding(gated(policy, {"one": EQUAL, "two": slightly, "three": EQUAL})) == 1


def test_of_failing_metrics_answers_come_before_money_however_sure_that_is():
    cheap = MetricRule(metric="cost_usd", statistic="ratio", margin=0.1, direction="lower")
    policy = GatePolicy(metrics=(cheap, MetricRule(metric="right", margin=0.02)))
    somewhat = ([1.0] * 160 + [0.0] * 40, [1.0] * 130 + [0.0] * 70)
    decision = gated(policy, {"cost_usd": ([1.0, 2.0] * 100, [2.0, 4.0] * 100), "right": somewhat})
    assert [one.verdict for one in decision.metrics] == ["fail", "fail"]
    first, second = (one.comparison.p_adjusted or 0.0 for one in decision.metrics)
    assert first < second and deciding(decision) == 1
    assert deciding(decision, {"right": "latency"}) == 0


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0.1, 10.0)), min_size=20, max_size=60),
    st.sampled_from(["higher", "lower"]),
)
def test_what_is_lost_and_gained_is_the_difference(cases: list[tuple[bool, bool, float]], direction: str):
    before, after, weights = (list(map(float, column)) for column in zip(*cases, strict=True))
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.5, direction=direction, range="binary"),))
    scores = {"m": (before, after)}
    found = compare(table(scores, weights=weights), policy, baseline="a", candidate="b").metrics[0]
    assert found.weighted == (len(set(weights)) > 1)
    sign = 1.0 if direction == "higher" else -1.0
    assert found.better_share - found.worse_share == pytest.approx(sign * found.difference, abs=1e-9)
    lost = sum(w for b, a, w in zip(before, after, weights, strict=True) if sign * (a - b) < 0) / sum(weights)
    assert found.worse_share == pytest.approx(lost, abs=1e-9)


def test_a_stated_dimension_is_part_of_the_policy_and_silence_changes_no_hash():
    silent = MetricRule(metric="m", margin=0.1)
    stated = silent.model_copy(update={"dimension": "safety"})
    assert GatePolicy(metrics=(stated,)).content_hash != GatePolicy(metrics=(silent,)).content_hash
    # As it was before policies could state one.
    before = "adf34d57098716bdb7cb73a88040388162528ccdc61b4e105a1d50043d5dd8b7"
    assert GatePolicy(metrics=(silent,)).content_hash == before
