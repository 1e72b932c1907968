"""What reviewers found wrong once: each stays mended."""

from __future__ import annotations

import numpy as np
import pytest
from instruments.tables import paired_table
from pydantic import ValidationError

from evalplat.errors import GateUndecidable
from evalplat.gates import compare, decide, summarize
from evalplat.records import Decision, GatePolicy, MetricRule, ScoreTable


def decided(table: ScoreTable, *, estimand: str = "population", **rule: object) -> Decision:
    policy = GatePolicy(metrics=(MetricRule(**({"metric": "m"} | rule)),), estimand=estimand)  # type: ignore[arg-type]
    return decide(compare(table, policy, baseline="base", candidate="cand"), policy)


def test_a_bound_on_a_quantile_is_on_the_quantile():
    latency = np.random.default_rng(1).lognormal(0, 0.8, 300)
    table = paired_table(latency, latency)
    assert np.quantile(latency, 0.95) > 2.5 > 2 > latency.mean()
    assert decided(table, rule="at_most", statistic="p95", bound=2.0).verdict == "fail"
    assert decided(table, rule="at_most", statistic="p95", bound=8.0).verdict == "pass"


def test_a_bound_on_pass_k_is_on_pass_k():
    cand = (np.random.default_rng(2).random((200, 4)) < 0.97).astype(float)
    table = paired_table(cand, cand)
    assert decided(table, rule="at_least", statistic="pass^4", bound=0.5).verdict == "pass"
    assert decided(table, rule="at_least", statistic="pass^4", bound=0.99).verdict == "fail"


def test_rules_about_the_candidate_alone_keep_cases_that_the_baseline_failed():
    base, cand = np.zeros(400), np.r_[1.0, np.zeros(399)]
    errors = {("base", 0, 0): "ModelOverloaded: 503"}
    decision = decided(paired_table(base, cand, errors=errors), rule="zero", max_rate=0.01, direction="lower")
    assert decision.verdict == "fail"
    wrong = np.r_[np.zeros(50), np.ones(150)]
    errors = {("base", i, 0): "ModelOverloaded: 503" for i in range(50)}
    found = decided(paired_table(np.ones(200), wrong, errors=errors), rule="at_least", bound=0.9)
    assert (found.verdict, found.metrics[0].comparison.candidate) == ("fail", 0.75)


def test_a_bound_knows_its_direction():
    assert MetricRule(metric="m", rule="at_most", bound=0.1).direction == "lower"
    with pytest.raises(ValidationError, match="direction lower"):
        MetricRule(metric="m", rule="at_most", bound=0.1, direction="higher")
    errors = {("cand", i, 0): "ModelOverloaded: 503" for i in range(100)}
    table = paired_table(np.zeros(300), np.zeros(300), errors=errors)
    assert decided(table, rule="at_most", bound=0.05, range="binary").verdict == "fail"


def test_no_significant_drop_hangs_on_failed_baseline_trials_too():
    base, cand = np.ones(800), np.r_[np.zeros(200), np.ones(600)]
    errors = {("base", i, 0): "ModelOverloaded: 503" for i in range(200)}
    decision = decided(paired_table(base, cand, errors=errors), rule="no_significant_drop", effect=0.1)
    assert decision.verdict == "inconclusive"
    assert "failed baseline" in decision.reason
    assert decision.metrics[0].comparison.needed is None


def test_too_few_degrees_of_freedom_decide_nothing_even_without_any_difference():
    clusters = np.r_[np.zeros(236), np.arange(1, 60)].astype(int)
    found = decided(paired_table(np.ones(295), np.ones(295), clusters=clusters), margin=0.2, range="binary")
    assert found.metrics[0].comparison.df < 4
    assert found.verdict == "inconclusive"


def test_few_differences_count_clusters_by_their_weight():
    clusters = np.r_[np.repeat(np.arange(10), 25), np.arange(10, 60)]
    cand = np.ones(300)
    cand[:25] = 0
    found = decided(paired_table(np.ones(300), cand, clusters=clusters), margin=0.15, range="binary").metrics[0]
    assert found.comparison.worse_clusters == 1
    assert found.comparison.worse_share_upper > 0.3
    assert found.verdict == "inconclusive"


def test_few_differences_of_pass_k_are_those_of_pass_k():
    base, cand = np.tile([1.0, 1.0, 0.0, 0.0], (40, 1)), np.tile([1.0, 0.0, 0.0, 0.0], (40, 1))
    found = decided(paired_table(base, cand), statistic="pass^4", margin=0.02)
    assert found.metrics[0].comparison.differing_clusters == 0
    assert found.verdict == "inconclusive"


def test_clusters_of_a_case_are_known_whichever_run_says_them():
    values = np.random.default_rng(3).random((2, 300)) < 0.6
    groups = np.repeat(np.arange(15), 20)
    with_, without = (
        paired_table(values[0], values[1], clusters=groups),
        paired_table(values[0], values[1]),
    )
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.05),))
    for tables in ((with_, without), (without, with_)):
        table = ScoreTable.concat([tables[0].of_system("base"), tables[1].of_system("cand")])
        found = compare(table, policy, baseline="base", candidate="cand").metrics[0]
        assert found.n_clusters == 15
    other = paired_table(values[0], values[1], clusters=groups[::-1])
    table = ScoreTable.concat([with_.of_system("base"), other.of_system("cand")])
    with pytest.raises(GateUndecidable, match="is in both"):
        compare(table, policy, baseline="base", candidate="cand")


def test_a_cost_that_happens_to_be_0_is_an_amount():
    errors = {("cand", i, 0): "LimitReached: too long" for i in range(5)}
    table = paired_table(np.zeros(60), np.zeros(60), metric="cost_usd", errors=errors)
    found = decided(table, metric="cost_usd", margin=0.01, direction="lower").metrics[0].comparison
    assert found.range is None
    assert found.difference == 0


def test_a_mean_on_its_bound_is_open_and_needs_no_number_of_cases():
    cand = np.r_[np.ones(162), np.zeros(18)].reshape(60, 3)
    found = decided(paired_table(cand, cand), rule="at_least", bound=0.9)
    assert found.verdict == "inconclusive"
    assert found.metrics[0].comparison.needed.reachable == "no"


def test_bounds_outside_of_0_and_1_and_negative_amounts_are_no_crash():
    ones = np.ones(100)
    assert decided(paired_table(ones, ones), rule="at_most", bound=3.0).verdict == "pass"
    refunds = np.r_[-1.0, np.full(99, 2.0)]
    found = decided(paired_table(refunds, refunds), statistic="ratio", margin=0.1, direction="lower")
    assert "at least 0" in found.reason


def test_scores_outside_of_the_declared_range_are_no_decision():
    with pytest.raises(GateUndecidable, match="outside the declared range"):
        decided(paired_table(np.ones(60), np.full(60, 0.9)), margin=0.1, range="binary")


def test_a_margin_as_wide_as_the_range_is_refused():
    with pytest.raises(GateUndecidable, match=r"2 points are 0\.02"):
        decided(paired_table(np.ones(60), np.ones(60)), margin=2.0)


def test_what_cannot_be_judged_takes_no_place_in_holm():
    rng = np.random.default_rng(5)
    few = paired_table(np.ones(19), np.zeros(19), metric="few")
    base = rng.normal(0, 1, 400)
    drop = paired_table(base, base - 0.09 + rng.normal(0, 1, 400), metric="drop")
    rules = (MetricRule(metric="few", margin=0.01), MetricRule(metric="drop", margin=0.01))
    policy = GatePolicy(metrics=rules)
    found = compare(ScoreTable.concat([few, drop]), policy, baseline="base", candidate="cand")
    decision = decide(found, policy)
    p = decision.metrics[1].comparison
    assert p.p_adjusted == pytest.approx(min(1.0, 2 * 2 * p.p_drop))


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(7)
    base = rng.lognormal(0, 1, 60)
    table = paired_table(base, base * rng.lognormal(0.05, 0.3, 60), metric="cost_usd")
    order = rng.permutation(len(table))
    from evalplat.records import Column

    def mixed(column: Column) -> Column:
        return Column.of([column.decode()[i] for i in order])

    shuffled = ScoreTable(
        system=mixed(table.system), case=mixed(table.case), metric=mixed(table.metric), error=mixed(table.error),
        trial=table.trial[order], score=table.score[order],
    )  # fmt: skip
    rule = {"metric": "cost_usd", "statistic": "ratio", "margin": 0.1, "direction": "lower"}
    assert decided(table, **rule).metrics == decided(shuffled, **rule).metrics


def test_a_system_compared_with_itself_says_so():
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.05),))
    table = paired_table(np.ones(100), np.ones(100))
    decision = decide(compare(table, policy, baseline="base", candidate="base"), policy)
    assert "identical_runs" in {finding.code for finding in decision.findings}


def test_the_suite_estimand_is_said_in_the_verdict():
    cand = (np.random.default_rng(8).random((60, 10)) < 0.6).astype(float)
    assert "exactly these cases" in decided(paired_table(cand, cand), margin=0.1, estimand="suite").reason


def test_a_failed_binary_trial_is_a_0_in_the_summary_and_pass_1_is_the_mean():
    errors = {("base", i, 0): "TargetFailed: boom" for i in range(30)}
    table = paired_table(np.ones((60, 2)), np.ones((60, 2)), errors=errors)
    row = summarize(table).systems[0]
    assert row.failures == 30
    assert row.mean == pytest.approx(0.75)
    assert row.pass_hat["1"] == pytest.approx(row.mean)
