"""What a schedule must not do: leave out what matters, or make an early look a sample of something else."""

from __future__ import annotations

import numpy as np
import pytest
from instruments.tables import paired_table

from evalplat.gates import State, Stop, continued, decide_several, next_step, schedule
from evalplat.gates.compare import compare
from evalplat.gates.decide import decide
from evalplat.records import Decision, GatePolicy, MetricRule, ScoreTable


def ended(table: ScoreTable, policy: GatePolicy, seed: int, looks: int = 5) -> Decision:
    plan = schedule(table, policy, baseline="base", looks=looks, seed=seed)
    step = next_step(State(table, policy, "base", "cand", plan, len(plan.cases)))
    assert isinstance(step, Stop)
    return step.decision


def rule(margin: float) -> GatePolicy:
    return GatePolicy(metrics=(MetricRule(metric="m", margin=margin, range="binary"),), slices=())


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_dominant_cluster_is_seen_before_anything_passes(share: float):
    """The candidate answers one huge cluster wrong, and all others as the baseline does."""
    rng = np.random.default_rng(1)
    small = np.repeat(np.arange(150), 4)
    huge = np.full(int(600 * share / (1 - share)), 150)
    groups = np.r_[small, huge]
    base = (rng.random(len(groups)) < 0.8).astype(float)
    cand = np.where(groups == 150, 0.0, base)
    flipped = rng.random(len(small)) < 0.05
    cand[: len(small)][flipped] = 1 - cand[: len(small)][flipped]
    table = paired_table(base, cand, clusters=groups)
    for seed in range(8):
        plan = schedule(table, rule(0.08), baseline="base", looks=5, seed=seed)
        assert f"c{len(small)}" in plan.order[: plan.cases[0]]
        assert ended(table, rule(0.08), seed).verdict != "pass"


def test_many_small_slices_do_not_bend_the_first_look():
    """399 slices of one case that got better, and one large one that got worse."""
    rng = np.random.default_rng(2)
    n = 1000
    base = (rng.random(n) < 0.8).astype(float)
    cand = np.where(np.arange(n) < 399, np.maximum(base, rng.random(n) < 0.6), base * (rng.random(n) < 0.72))
    names = [f"s{i}" if i < 399 else "main" for i in range(n)]
    table = paired_table(base, cand, slices={"slice.topic": names})
    policy = rule(0.05).model_copy(update={"slices": ("slice.topic",)})
    truth = float((cand - base).mean())
    assert truth < -0.05
    plan = schedule(table, policy, baseline="base", looks=5, seed=3)
    assert plan.cases[0] == 200
    assert [ended(table, policy, seed).verdict for seed in range(6)].count("pass") == 0


def test_a_few_rare_slices_are_in_the_first_look_and_are_weighted_back():
    rng = np.random.default_rng(4)
    n = 500
    names = ["rare" if i < 6 else "main" for i in range(n)]
    base = (rng.random(n) < 0.8).astype(float)
    cand = base.copy()
    cand[:6] = 1 - base[:6]
    policy = rule(0.05).model_copy(update={"slices": ("slice.topic",)})
    table = paired_table(base, cand, slices={"slice.topic": names})
    for seed in range(10):
        plan = schedule(table, policy, baseline="base", looks=5, seed=seed)
        first = plan.order[: plan.cases[0]]
        seen = [case for case in first if int(case[1:]) < 6]
        weights = plan.weights(1)
        assert seen and weights is not None
        assert sum(weights[case] for case in seen) == pytest.approx(6)
        assert sum(weights.values()) == pytest.approx(n)


def test_looks_that_would_be_nearly_the_same_are_one():
    n = 400
    names = [f"s{i}" if i < 19 else "main" for i in range(n)]
    rng = np.random.default_rng(5)
    base = (rng.random(n) < 0.7).astype(float)
    table = paired_table(base, (rng.random(n) < 0.7).astype(float), slices={"slice.topic": names})
    policy = rule(0.05).model_copy(update={"slices": ("slice.topic",)})
    for looks in (5, 19, 20):
        plan = schedule(table, policy, baseline="base", looks=looks, seed=1)
        shares = np.diff([0.0, *(plan.share(look + 1) for look in range(len(plan.cases)))])
        assert shares.min() >= 0.01 - 1e-9
        ended(table, policy, 1, looks)


def test_a_metric_that_few_cases_have_waits_for_them():
    n = 400
    rng = np.random.default_rng(6)
    base = (rng.random(n) < 0.7).astype(float)
    sparse = np.full(n, np.nan)
    sparse[-3:] = 1.0
    table = ScoreTable.concat([paired_table(base, base), paired_table(sparse, sparse, metric="rare")])
    rare = MetricRule(metric="rare", margin=0.1, gating=False, range="binary")
    policy = GatePolicy(metrics=(*rule(0.05).metrics, rare))
    for seed in range(4):
        ended(table, policy, seed)


def test_of_several_what_passes_is_not_failed_afterwards():
    rng = np.random.default_rng(8)
    n = 3000
    base = (rng.random(n) < 0.8).astype(float)
    better = np.maximum(base, rng.random(n) < 0.3)
    worse = base.copy()
    worse[np.flatnonzero(base)[:90]] = 0  # -3 points, margin 5
    others = [paired_table(base, cand, systems=("base", name)) for name, cand in (("b", better), ("c", worse))]
    alone_in_it = [other.of_system(name) for other, name in zip(others, "bc", strict=True)]
    table = ScoreTable.concat([paired_table(base, better, systems=("base", "a")), *alone_in_it])
    policy = rule(0.05)
    alone = decide(compare(table, policy, baseline="base", candidate="c"), policy)
    together = decide_several(table, policy, baseline="base", candidates=["a", "b", "c"])
    assert alone.verdict == "pass"
    assert [one.verdict for one in together] == ["pass", "pass", "pass"]


def gated(verdict_margin: float, run: str, cand: np.ndarray, base: np.ndarray) -> Decision:
    policy = rule(verdict_margin)
    decision = decide(compare(paired_table(base, cand), policy, baseline="base", candidate="cand"), policy)
    sides = {
        "baseline": decision.baseline.model_copy(update={"run_id": "B"}),
        "candidate": decision.candidate.model_copy(update={"run_id": run}),
    }
    return decision.model_copy(update=sides)


def test_a_policy_that_changes_after_the_data_was_seen_waits_for_a_person():
    base = np.r_[np.ones(80), np.zeros(20)]
    cand = base.copy()
    cand[:4], cand[80:83] = 0, 1
    first = gated(0.02, "C", cand, base)
    assert first.verdict == "inconclusive"
    wider = continued(gated(0.12, "C", cand, base), [first])
    assert (wider.verdict, wider.decision) == ("pass", "needs-approval")
    assert "a person decides" in wider.reason and wider.findings[0].code == "repeated_attempt"
    same = continued(gated(0.02, "C2", base, base), [first])
    assert (same.verdict, same.decision) == ("inconclusive", "hold")
