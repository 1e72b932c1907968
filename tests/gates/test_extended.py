"""An extended test: its looks are planned, and its error shared out, from the start."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalplat.gates import Continue, State, Stop, compare, decide, next_step, schedule
from evalplat.records import Column, GatePolicy, MetricRule, ScoreTable
from evalplat.records.policy import Extension
from evalplat.stats import boundaries

N = 60


def policy(calls: int | None = None, on: str = "extend") -> GatePolicy:
    return GatePolicy.model_validate(
        {
            "metrics": [{"metric": "m", "margin": 0.1, "range": "binary"}],
            "on_inconclusive": on,
            "extend": None if calls is None else {"calls": calls},
        }
    )


def table(system: str, scores: np.ndarray) -> ScoreTable:  # type: ignore[type-arg]
    """`scores` (cases, trials)."""
    cases, trials = scores.shape
    n = cases * trials
    names = [f"c{i:03d}" for i in range(cases) for _ in range(trials)]
    return ScoreTable(
        system=Column.of([system] * n),
        case=Column.of(names),
        metric=Column.of(["m"] * n),
        trial=np.tile(np.arange(trials, dtype=np.int32), cases),
        score=scores.astype(float).ravel(),
        error=Column.of([None] * n),
    )


def planned(base: ScoreTable, most: int):  # type: ignore[no-untyped-def]
    return schedule(base, policy(), baseline="b", looks=5, seed=1).extended(1, most)


def test_looks_of_an_extended_test_are_those_of_the_test_and_further_trials_of_all_cases():
    base = table("b", np.ones((N, 1)))
    plain = schedule(base, policy(), baseline="b", looks=5, seed=1)
    long = planned(base, 3)
    assert long.cases == (*plain.cases, N, N) and long.trials == (*([1] * len(plain.cases)), 2, 3)
    assert [long.share(look) for look in range(1, len(long.cases) + 1)] == pytest.approx(
        [*(plain.share(look) / 3 for look in range(1, len(plain.cases) + 1)), 2 / 3, 1.0]
    )
    assert planned(base, 1) == plain
    many = planned(base, 200)
    shares = [many.share(look) for look in range(1, len(many.cases) + 1)]
    assert shares[-1] == 1.0 and min(np.diff(shares)) >= 0.01 - 1e-9 and many.trials[-1] == 200
    boundaries(tuple(shares), 0.05)


def test_a_look_sees_no_trial_that_is_not_its_own():
    rng = np.random.default_rng(3)
    base = table("b", rng.random((N, 1)) < 0.8)
    scores = (rng.random((N, 3)) < 0.8).astype(float)
    long = planned(base, 3)

    def looked(candidate: np.ndarray) -> Stop | Continue:  # type: ignore[type-arg]
        both = ScoreTable.concat([base, table("c", candidate)])
        return next_step(State(both, policy(180), "b", "c", long, len(long.cases)))

    found = looked(scores)
    assert isinstance(found, Stop)
    for look, trials in zip(found.decision.looks, long.trials, strict=False):
        assert look.calls == look.cases * trials
    spoiled = scores.copy()
    spoiled[:, 1:] = 0.0
    other = looked(spoiled)
    assert isinstance(other, Stop)
    first = [look for look in found.decision.looks if look.look <= 4]
    assert [look for look in other.decision.looks if look.look <= 4] == first
    step = next_step(State(base, policy(180), "b", "c", long, 0))
    assert isinstance(step, Continue) and len(step.cases) == long.cases[0]


@pytest.mark.parametrize("noise", [1.0, 0.5, 0.1, 0.0])
def test_error_stays_below_alpha_whatever_part_of_the_noise_is_that_of_trials(noise: float):
    """Candidate worse by exactly the margin; a kept baseline that is not extended; 40,000 normal streams."""
    rng = np.random.default_rng(7)
    looks, most, alpha, streams = 5, 3, 0.05, 40_000
    shares = [k / looks / most for k in range(1, looks + 1)] + [2 / 3, 1.0]
    bounds = boundaries(tuple(shares), alpha).z
    # Of each fifth of the cases: what its cases share over trials, and what each trial adds.
    between = rng.normal(size=(streams, looks)) * math.sqrt(1 - noise)
    within = rng.normal(size=(streams, looks, most)) * math.sqrt(noise)
    crossed = np.zeros(streams, dtype=bool)
    for number, z in enumerate(bounds):
        groups, trials = min(number + 1, looks), max(1, number - looks + 2)
        means = between[:, :groups] + within[:, :groups, :trials].mean(axis=2)
        sd = math.sqrt(((1 - noise) + noise / trials) / groups)
        crossed |= means.mean(axis=1) / sd > z
    error = crossed.mean()
    assert error <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / streams)
    if noise == 1.0:  # all noise is of trials: then nothing is given away
        assert error == pytest.approx(alpha, abs=3 * math.sqrt(alpha * (1 - alpha) / streams))
    print(f"noise of trials {noise:g}: {error:.4f}")


def test_a_budget_is_of_a_policy_that_extends_and_changes_no_other_policys_hash():
    with pytest.raises(ValueError, match="on_inconclusive: extend"):
        policy(100, on="hold")
    assert Extension(calls=1000).trials(cases=400, planned=1) == 2
    assert Extension(calls=100).trials(cases=400, planned=1) == 1
    plain = GatePolicy(metrics=(MetricRule(metric="m", margin=0.1),))
    assert "extend" not in plain.model_dump_json(exclude={"extend"}, exclude_defaults=True)
    assert policy(100).content_hash != policy(200).content_hash != policy().content_hash


def test_ask_leaves_what_is_inconclusive_to_a_person():
    rng = np.random.default_rng(5)
    both = ScoreTable.concat([table("b", rng.random((N, 1)) < 0.8), table("c", rng.random((N, 1)) < 0.75)])
    for on, expected in (("ask", "needs-approval"), ("hold", "hold"), ("extend", "hold")):
        rule = policy(on=on)
        decision = decide(compare(both, rule, baseline="b", candidate="c"), rule)
        assert (decision.verdict, decision.decision) == ("inconclusive", expected)
