"""Which changes of a policy let more pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.gates import loosened
from evalplat.records import GatePolicy, MetricRule, Stopping

RULE = {"metric": "correct", "margin": 0.05, "range": "binary"}
BASE = GatePolicy(metrics=(MetricRule(**RULE),))


def policy(*rules: dict, **more: object) -> GatePolicy:
    return GatePolicy(metrics=tuple(MetricRule(**rule) for rule in rules or (RULE,)), **more)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (policy({**RULE, "margin": 0.99}), "correct: margin 0.05 -> 0.99"),
        (policy({**RULE, "alpha": 0.2}), "correct: alpha 0.05 -> 0.2"),
        (policy({**RULE, "direction": "lower"}), "correct: direction higher -> lower"),
        (policy({**RULE, "range": (0.0, 2.0)}), "correct: range binary -> [0, 2]"),
        (policy({**RULE, "gating": False}, {**RULE, "metric": "x"}), "correct no longer has to hold"),
        (policy({**RULE, "metric": "x"}), "correct no longer has to hold to non_inferiority"),
        (policy({"metric": "correct", "rule": "no_significant_drop", "effect": 0.2}), "no longer has to hold"),
        (policy(estimand="suite"), "these cases only"),
        (policy(cluster="none"), "cluster as the data has it -> none"),
        (policy(anchor="none"), "no anchor"),
        (policy(stopping=Stopping(recheck=0)), "recheck 0.05 -> 0"),
    ],
)  # fmt: skip
def test_what_lets_more_pass_is_named(now: GatePolicy, said: str):
    (found,) = loosened(BASE, now)
    assert said in found


@pytest.mark.parametrize(
    "now",
    [
        BASE,
        policy({**RULE, "margin": 0.01}),
        policy({**RULE, "alpha": 0.01}),
        policy(RULE, {"metric": "leak", "rule": "zero", "max_rate": 0.1}),
        policy({"metric": "correct", "rule": "superiority", "range": "binary"}),
        policy(stopping=Stopping(looks=1, futility=False)),
        policy(slices=("slice.topic",), on_inconclusive="ask"),
    ],
)
def test_what_is_as_strict_or_stricter_is_not(now: GatePolicy):
    assert loosened(BASE, now) == ()


def test_bounds_are_laxer_on_their_own_side():
    least = policy({"metric": "m", "rule": "at_least", "bound": 0.8})
    most = policy({"metric": "m", "rule": "at_most", "bound": 0.8})
    assert loosened(least, policy({"metric": "m", "rule": "at_least", "bound": 0.7})) == ("m: bound 0.8 -> 0.7",)
    assert loosened(most, policy({"metric": "m", "rule": "at_most", "bound": 0.9})) == ("m: bound 0.8 -> 0.9",)
    assert not loosened(least, policy({"metric": "m", "rule": "at_least", "bound": 0.9}))
    assert not loosened(most, policy({"metric": "m", "rule": "at_most", "bound": 0.7}))


@given(st.floats(0, 1), st.floats(0, 1))
def test_of_two_margins_one_way_is_looser_and_never_both(one: float, other: float):
    before, after = (policy({**RULE, "margin": margin}) for margin in (one, other))
    assert bool(loosened(before, after)) == (other > one)
    assert not (loosened(before, after) and loosened(after, before))
