"""Missing scores and differing case sets: nothing is dropped silently, nothing is taken for good."""

from __future__ import annotations

import numpy as np
import pytest
from instruments.tables import paired_table

from evalplat.gates import compare, decide
from evalplat.records import Decision, GatePolicy, MetricRule, ScoreTable

RULE = {"metric": "m", "margin": 0.05}


def decided(table: ScoreTable, lacking: str = "limited", **rule: object) -> Decision:
    policy = GatePolicy(metrics=(MetricRule(**(RULE | rule)),))  # type: ignore[arg-type]
    return decide(compare(table, policy, baseline="base", candidate="cand", lacking=lacking), policy)  # type: ignore[arg-type]


def codes(decision: Decision) -> set[str]:
    return {finding.code for finding in decision.findings}


def same(n: int = 200, rate: float = 0.6) -> np.ndarray:
    return np.r_[np.ones(int(n * rate)), np.zeros(n - int(n * rate))]


def test_a_failed_candidate_trial_is_the_worst_of_its_range():
    errors = {("cand", i, 0): "ModelOverloaded: 503" for i in range(40)}
    decision = decided(paired_table(same(), same(), errors=errors))
    assert decision.metrics[0].comparison.difference == pytest.approx(-0.2)
    assert decision.verdict == "fail"
    assert "missing_scores" in codes(decision)


def test_its_recorded_score_is_ignored_for_a_metric_with_a_range():
    cand = same()
    errors = {("cand", 0, 0): "AgentError: stopped after the answer"}
    found = decided(paired_table(same(), cand, errors=errors)).metrics[0].comparison
    assert found.candidate == pytest.approx((cand.sum() - 1) / 200)


def test_lower_is_better_makes_the_highest_the_worst():
    errors = {("cand", 199, 0): "ModelOverloaded: 503"}
    found = decided(paired_table(same(), same(), errors=errors), direction="lower").metrics[0].comparison
    assert found.difference == pytest.approx(1 / 200)


def test_an_unbounded_metric_takes_the_recorded_value_else_the_worst_else_no_verdict():
    rng = np.random.default_rng(1)
    cost = rng.normal(10, 1, 100)
    cand = cost + rng.normal(0, 0.1, 100)
    errors = {("cand", 3, 0): "LimitReached: too many steps"}
    table = paired_table(cost, cand, errors=errors)
    assert decided(table, direction="lower", margin=1.0).verdict == "pass"
    unknown = cand.copy()
    unknown[3] = np.nan
    table = paired_table(cost, unknown, errors=errors)
    open_ = decided(table, direction="lower", margin=1.0)
    assert open_.verdict == "inconclusive"
    assert "1 failed candidate trials have no value" in open_.reason
    assert decided(table, direction="lower", margin=1.0, worst=12.0).verdict == "pass"
    assert decided(table, direction="lower", margin=1.0, worst=1e6).verdict == "inconclusive"


def test_a_pass_must_also_hold_with_failed_baseline_trials_at_their_best():
    base, cand = same(400, 0.5), same(400, 0.5)
    few = {("base", 399, 0): "ModelOverloaded: 503"}
    many = {("base", i, 0): "ModelOverloaded: 503" for i in range(200, 260)}
    assert decided(paired_table(base, cand, errors=few)).verdict == "pass"
    decision = decided(paired_table(base, cand, errors=many))
    assert decision.metrics[0].comparison.difference == 0.0
    assert decision.metrics[0].comparison.sensitivity.difference == pytest.approx(-60 / 400)
    assert decision.verdict == "inconclusive"
    assert "failed baseline trials" in decision.reason


def test_two_per_cent_of_lacking_cases_count_as_failed_and_more_leave_it_open():
    base = same(200)
    cand = base.copy()
    cand[:4] = np.nan
    within = decided(paired_table(base, cand))
    assert within.metrics[0].comparison.n_cases == 200
    assert within.metrics[0].comparison.difference == pytest.approx(-4 / 200)
    cand[4] = np.nan
    beyond = decided(paired_table(base, cand))
    assert beyond.verdict == "inconclusive"
    assert "5 of the baseline's 200 cases" in beyond.reason
    assert "case_sets_differ" in codes(beyond)
    assert decided(paired_table(base, cand), lacking="intersect").verdict == "pass"
    assert decided(paired_table(base, cand), lacking="intersect").metrics[0].comparison.n_cases == 195


def test_a_metric_without_any_usable_score_is_open_and_the_others_are_decided():
    base = same(200)
    unknown = np.full(200, np.nan)
    errors = {("base", i, 0): "NotRecorded: no tokens" for i in range(200)}
    table = paired_table(base, base)
    table = ScoreTable.concat([table, paired_table(unknown, base, metric="tokens", errors=errors)])
    rules = (MetricRule(**RULE), MetricRule(metric="tokens", margin=0.1, gating=False))  # type: ignore[arg-type]
    policy = GatePolicy(metrics=rules)
    decision = decide(compare(table, policy, baseline="base", candidate="cand"), policy)
    assert [one.verdict for one in decision.metrics] == ["pass", "inconclusive"]
    assert decision.verdict == "pass"
    assert "200 baseline" in decision.metrics[1].reason


def test_in_a_run_every_lacking_case_is_a_failed_trial():
    base = same(200)
    cand = base.copy()
    cand[:60] = np.nan
    decision = decided(paired_table(base, cand), lacking="failed")
    assert decision.metrics[0].comparison.n_cases == 200
    assert decision.verdict == "fail"


def test_cases_only_the_candidate_has_are_left_out_and_counted():
    base, cand = same(200), same(200)
    base[150:] = np.nan
    decision = decided(paired_table(base, cand))
    assert decision.metrics[0].comparison.n_cases == 150
    finding = next(finding for finding in decision.findings if finding.code == "case_sets_differ")
    assert "50 cases are only in the candidate" in finding.message


def test_different_numbers_of_trials_are_said():
    base = np.stack([same(), same()], axis=1)
    cand = base.copy()
    cand[5, 1] = np.nan
    decision = decided(paired_table(base, cand))
    finding = next(finding for finding in decision.findings if finding.code == "trial_counts_differ")
    assert finding.cases == ("c5",)


def test_changed_scores_of_identical_outputs_are_the_scorers():
    outputs = {"base": [f"o{i}" for i in range(100)], "cand": [f"o{i}" for i in range(100)]}
    cand = same(100)
    cand[:10] = 0
    drifted = decided(paired_table(same(100), cand, outputs=outputs))
    finding = next(finding for finding in drifted.findings if finding.code == "scorer_drift")
    assert finding.cases[0] == "c0"
    assert len(finding.cases) == 10
    assert "identical_runs" in codes(decided(paired_table(same(100), same(100), outputs=outputs)))


def test_a_slice_that_got_worse_is_said_and_does_not_decide():
    base = same(400, 0.9)
    rng = np.random.default_rng(2)
    rng.shuffle(base)
    cand = base.copy()
    cand[:50][base[:50] == 1] = 0
    labels = {"slice.topic": ["refunds" if i < 50 else "other" for i in range(400)]}
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.2),), slices=("slice.topic",))
    table = paired_table(base, cand, slices=labels)
    decision = decide(compare(table, policy, baseline="base", candidate="cand"), policy)
    assert decision.verdict == "pass"
    finding = next(finding for finding in decision.findings if finding.code == "slice_regression")
    assert "topic=refunds" in finding.message
    assert {one.comparison.slice: one.comparison.n_cases for one in decision.slices} == {
        "topic=refunds": 50,
        "topic=other": 350,
    }


def test_equal_failures_on_both_sides_are_no_regression():
    """A failed candidate trial counts as the worst; so a fail must hold with the baseline's at their worst too."""
    rng = np.random.default_rng(9)
    rule = MetricRule(metric="m", margin=0.02, range="binary")
    policy = GatePolicy(metrics=(rule,))
    failed = plain = 0
    for _ in range(60):
        base, cand = ((rng.random((400, 1)) < 0.8).astype(float) for _ in range(2))
        lost = {
            (system, int(case), 0): "ModelOverloaded: 503"
            for system in ("base", "cand")
            for case in rng.choice(400, 24, replace=False)
        }
        for system, values in (("base", base), ("cand", cand)):
            for name, case, trial in lost:
                if name == system:
                    values[case, trial] = np.nan
        found = compare(paired_table(base, cand, errors=lost), policy, baseline="base", candidate="cand")
        ends = found.metrics[0]
        plain += ends.ci_high is not None and ends.ci_high < 0
        failed += decide(found, policy).verdict == "fail"
    assert plain >= 20  # what leaving out the baseline's failures alone would call worse
    assert failed <= 8


def test_a_broken_candidate_fails_whatever_became_of_the_baseline():
    base, cand = np.ones((200, 1)), np.ones((200, 1))
    cand[:60] = np.nan
    base[190:] = np.nan
    lost = {("cand", i, 0): "ToolFailed: no" for i in range(60)} | {("base", i, 0): "x: y" for i in range(190, 200)}
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.02, range="binary"),))
    found = compare(paired_table(base, cand, errors=lost), policy, baseline="base", candidate="cand")
    assert decide(found, policy).verdict == "fail"
    assert found.metrics[0].sensitivity is not None and found.metrics[0].sensitivity.worst is not None
