"""What must hold of every test that looks more than once, whatever the scores: `next_step` asked in several ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from instruments.tables import paired_table

from evalplat.gates import Continue, Schedule, State, Stop, next_step, schedule
from evalplat.records import Column, Decision, GatePolicy, MetricRule, ScoreTable, Stopping

BOTH = GatePolicy(
    metrics=(
        MetricRule(metric="success", margin=0.1, range="binary"),
        MetricRule(metric="grade", margin=0.2),
        MetricRule(metric="leak", rule="zero", max_rate=0.5, direction="lower", range="binary"),
    ),
    slices=("slice.topic",),
)


def table_of(seed: int, change: float, *, cases: int = 120, size: int = 1, leaks: float = 0.0) -> ScoreTable:
    """Three metrics; `leak` is asked of every third case only."""
    rng = np.random.default_rng(seed)
    clusters = None if size == 1 else np.arange(cases) // size
    topics = {"slice.topic": [f"t{i % 4}" for i in range(cases)]}
    rates = rng.uniform(0.4, 0.9, cases)
    success = [rng.random(cases) < rates + moved for moved in (0.0, change)]
    grade = [rng.normal(moved, 0.5, cases) for moved in (0.0, change)]
    leak = [np.where(np.arange(cases) % 3 == 0, rng.random(cases) < rate, np.nan) for rate in (0.0, leaks)]
    arms = {"success": success, "grade": grade, "leak": leak}
    return ScoreTable.concat(
        [
            paired_table(base, cand, metric=metric, clusters=clusters, slices=topics)
            for metric, (base, cand) in arms.items()
        ]
    )


def planned(table: ScoreTable, policy: GatePolicy = BOTH, seed: int = 3) -> Schedule:
    return schedule(table, policy, baseline="base", looks=policy.stopping.looks, seed=seed)


def with_candidate_of(table: ScoreTable, cases: tuple[str, ...]) -> ScoreTable:
    """The table as the loop has it: the candidate's trials of these cases only."""
    wanted = np.array([name in set(cases) for name in table.case.values])
    return table.of_rows((table.system.codes != table.system.code_of("cand")) | wanted[table.case.codes])


def at_once(table: ScoreTable, plan: Schedule, policy: GatePolicy = BOTH, anchor: str | None = None) -> Stop:
    step = next_step(State(table, policy, "base", "cand", plan, len(plan.cases), anchor))
    assert isinstance(step, Stop)
    return step


def by_steps(
    table: ScoreTable, plan: Schedule, policy: GatePolicy = BOTH, anchor: str | None = None
) -> tuple[Stop, tuple[str, ...]]:
    """Look by look, with the cases that were asked for and no others."""
    ran: tuple[str, ...] = ()
    for done in range(len(plan.cases) + 1):
        step = next_step(State(with_candidate_of(table, ran), policy, "base", "cand", plan, done, anchor))
        if isinstance(step, Stop):
            return step, ran
        assert isinstance(step, Continue)
        assert step.look == done + 1
        assert not set(step.cases) & set(ran)
        ran = (*ran, *step.cases)
        assert len(ran) == plan.cases[done]
    raise AssertionError("no look ended it")


streams = st.builds(
    table_of,
    seed=st.integers(0, 10**6),
    change=st.sampled_from([0.0, -0.1, -0.3]),
    cases=st.sampled_from([60, 120]),
    size=st.sampled_from([1, 4]),
    leaks=st.sampled_from([0.0, 0.0, 0.03]),
)


@settings(max_examples=8, deadline=None)
@given(table=streams)
def test_look_by_look_it_is_the_decision_of_all_looks_at_once(table):
    plan = planned(table)
    step, ran = by_steps(table, plan)
    assert step == at_once(table, plan)
    assert ran == plan.order[: plan.cases[len(step.decision.looks) - 1]]
    assert [look.look for look in step.decision.looks] == list(range(1, len(step.decision.looks) + 1))


@settings(max_examples=6, deadline=None)
@given(table=streams, seed=st.integers(0, 10**6))
def test_what_comes_after_the_stop_and_the_order_of_rows_change_nothing(table, seed):
    plan, rng = planned(table), np.random.default_rng(seed)
    found = at_once(table, plan)
    seen = set(plan.order[: plan.cases[len(found.decision.looks) - 1]])
    later = np.array([name not in seen for name in table.case.values])[table.case.codes]
    other = replace(table, score=np.where(later, 1.0 - table.score, table.score))
    assert at_once(other, plan) == found
    shuffled = rows(table, rng.permutation(len(table)))
    assert planned(shuffled) == plan
    assert at_once(shuffled, plan) == found


def rows(table: ScoreTable, order: np.ndarray) -> ScoreTable:
    """The same rows in another order, with texts in the order in which they then appear."""

    def column(of: Column) -> Column:
        texts = of.decode()
        return Column.of([texts[row] for row in order])

    return replace(
        table,
        system=column(table.system),
        case=column(table.case),
        metric=column(table.metric),
        trial=table.trial[order],
        score=table.score[order],
        error=column(table.error),
        cluster=None if table.cluster is None else column(table.cluster),
        slices={name: column(of) for name, of in table.slices.items()},
    )


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1, 4]), place=st.integers(0, 10**6))
def test_one_failure_under_rule_zero_in_the_first_look_ends_it_there(seed, size, place):
    table = table_of(seed, 0.0, size=size)
    plan = planned(table)
    leak = table.case.codes[table.metric.codes == table.metric.code_of("leak")]
    watched = {table.case.values[code] for code in leak}
    first = [case for case in plan.order[: plan.cases[0]] if case in watched]
    assert first
    assume(len(at_once(table, plan).decision.looks) > 1)
    failed = first[place % len(first)]
    row = (
        (table.system.codes == table.system.code_of("cand"))
        & (table.metric.codes == table.metric.code_of("leak"))
        & (table.case.codes == table.case.code_of(failed))
    )
    decision = at_once(replace(table, score=np.where(row, 1.0, table.score)), plan).decision
    assert (decision.verdict, decision.stopped, len(decision.looks)) == ("fail", "decided", 1)
    assert "leak must never fail: 1 of" in decision.reason


def test_an_anchor_is_looked_at_too_and_stops_what_has_added_up():
    cases, rng = 400, np.random.default_rng(6)
    skill = rng.uniform(0.4, 0.7, cases)
    old, base, cand = (skill - lost + rng.normal(0, 0.05, cases) for lost in (0.0, 0.03, 0.04))
    table = ScoreTable.concat(
        [
            paired_table(base, cand, metric="grade"),
            paired_table(old, old, metric="grade", systems=("old", "x")).of_system("old"),
        ]
    )
    policy = GatePolicy(metrics=(MetricRule(metric="grade", margin=0.02, range=(-1.0, 2.0)),))
    plan = planned(table, policy)
    assert at_once(table, plan, policy).decision.verdict == "pass"
    step, ran = by_steps(table, plan, policy, "old")
    assert step == at_once(table, plan, policy, "old")
    assert (step.decision.verdict, step.decision.stopped) == ("inconclusive", "futility")  # it fails nothing itself
    assert len(ran) == plan.cases[len(step.decision.looks) - 1] < 400
    assert step.decision.anchor.verdict == "fail"
    assert "since the anchor old" in step.decision.reason
    assert step.decision.anchor.anchor.ref == "old"


def test_cases_run_ahead_do_not_bias_a_look():
    # Watched cases, a fifth of all, got worse by .6 and the others did not: over all it is .12.
    cases, rng = 200, np.random.default_rng(4)
    watched = np.arange(cases) % 5 == 0
    base = rng.uniform(0.6, 1.0, cases)
    cand = base - np.where(watched, 0.6, 0.0)
    grade = paired_table(base, cand, metric="grade")
    leak = paired_table(np.where(watched, 0, np.nan), np.where(watched, 0, np.nan), metric="leak")
    rules = (
        MetricRule(metric="grade", margin=0.12, range=(0.0, 1.0)),
        MetricRule(metric="leak", rule="zero", max_rate=0.2, direction="lower", range="binary"),
    )
    policy, table = GatePolicy(metrics=rules), ScoreTable.concat([grade, leak])
    truth, plain = float((cand - base).mean()), []
    for seed in range(40):
        plan = planned(table, policy, seed)
        decision = at_once(table, plan, policy).decision
        early = [int(case[1:]) for case in plan.order[: plan.cases[0]]]
        plain.append(float((cand - base)[early].mean()))
        # Within each kind nothing varies here, so the weights give the truth at each look.
        assert [look.difference for look in decision.looks] == pytest.approx([truth] * len(decision.looks))
    assert np.mean(plain) < truth - 0.02


def test_cases_run_ahead_do_not_bias_a_look_where_they_vary_too():
    cases, rng = 200, np.random.default_rng(5)
    watched = np.arange(cases) % 5 == 0
    change = np.where(watched, rng.normal(-0.3, 0.1, cases), rng.normal(0.0, 0.1, cases))
    table = ScoreTable.concat(
        [
            paired_table(np.zeros(cases), change, metric="grade"),
            paired_table(np.where(watched, 0, np.nan), np.where(watched, 0, np.nan), metric="leak"),
        ]
    )
    rules = (
        MetricRule(metric="grade", margin=0.06),
        MetricRule(metric="leak", rule="zero", max_rate=0.2, direction="lower", range="binary"),
    )
    policy = GatePolicy(metrics=rules, stopping=Stopping(futility=False))
    firsts = np.array([first_of(table, policy, seed).looks[0].difference for seed in range(60)])
    assert abs(firsts.mean() - change.mean()) < 4 * firsts.std() / np.sqrt(len(firsts))
    assert 0 < firsts.std() < 0.05


def first_of(table: ScoreTable, policy: GatePolicy, seed: int) -> Decision:
    return at_once(table, planned(table, policy, seed), policy).decision


@pytest.mark.parametrize("step", [0.0, 0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(4))
def test_with_an_anchor_one_metric_and_the_gate_say_the_same_of_the_change(step: float, seed: int):
    """One metric that decides: fail and inconclusive are the metric's own, and an anchor takes back a pass only."""
    cases, rng = 200, np.random.default_rng(seed)
    skill = rng.uniform(0.4, 0.7, cases)
    old, base, cand = (skill - lost + rng.normal(0, 0.25, cases) for lost in (0.0, 0.0, step))
    table = ScoreTable.concat(
        [
            paired_table(base, cand, metric="grade"),
            paired_table(old, old, metric="grade", systems=("old", "x")).of_system("old"),
        ]
    )
    policy = GatePolicy(metrics=(MetricRule(metric="grade", margin=0.06, range=(-1.0, 2.0)),))
    decision = at_once(table, planned(table, policy), policy, "old").decision
    own, anchor = decision.metrics[0].verdict, decision.anchor.verdict
    assert decision.verdict == ("inconclusive" if own == "pass" and anchor != "pass" else own)
    assert not any(one.code == "unconfirmed_drop" for one in decision.findings)
