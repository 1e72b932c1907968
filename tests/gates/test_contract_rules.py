"""The contract's verdict table, on score tables made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from instruments.tables import paired_table

from evalplat.errors import GateUndecidable
from evalplat.gates import compare, decide
from evalplat.records import Decision, GatePolicy, MetricRule


def gate(base: object, cand: object, policy: GatePolicy | None = None, /, **rule: object) -> Decision:
    """Decide on case values, one trial a case unless the values have two dimensions."""
    extra = {key: rule.pop(key) for key in ("clusters", "lacking", "weights") if key in rule}
    lacking = extra.pop("lacking", "limited")
    table = paired_table(base, cand, **extra)
    if policy is None:
        policy = GatePolicy(metrics=(MetricRule(metric="m", **rule),))  # type: ignore[arg-type]
    return decide(compare(table, policy, baseline="base", candidate="cand", lacking=lacking), policy)  # type: ignore[arg-type]


def codes(decision: Decision) -> set[str]:
    return {finding.code for finding in decision.findings}


def binary(n: int, successes: int) -> np.ndarray:
    return np.r_[np.ones(successes), np.zeros(n - successes)]


def test_a_clear_drop_fails_and_a_clear_gain_passes():
    worse, better = (
        gate(binary(200, 160), binary(200, 120), margin=0.02),
        gate(binary(200, 120), binary(200, 160), margin=0.02),
    )
    assert (worse.verdict, worse.decision) == ("fail", "hold")
    assert (better.verdict, better.decision) == ("pass", "ship")


def test_lower_is_better_turns_the_verdict():
    assert gate(binary(200, 160), binary(200, 120), margin=0.02, direction="lower").verdict == "pass"
    assert gate(binary(200, 120), binary(200, 160), margin=0.02, direction="lower").verdict == "fail"


def test_difference_is_candidate_minus_baseline_whatever_the_direction():
    for direction in ("higher", "lower"):
        found = gate(binary(200, 120), binary(200, 160), margin=0.02, direction=direction).metrics[0].comparison
        assert found.difference == pytest.approx(0.2)
        assert found.ci_low < 0.2 < found.ci_high


def test_a_real_drop_within_the_margin_passes_and_is_called_tolerable():
    rng = np.random.default_rng(1)
    base = rng.normal(0, 1, 2000)
    decision = gate(base, base - 0.02 + rng.normal(0, 0.1, 2000), margin=0.05)
    assert decision.verdict == "pass"
    assert "tolerable_drop" in codes(decision)


def test_few_cases_decide_nothing():
    decision = gate(binary(19, 19), binary(19, 0), margin=0.02)
    assert decision.verdict == "inconclusive"
    assert "few_cases" in codes(decision)
    assert gate(binary(20, 20), binary(20, 0), margin=0.02).verdict == "fail"


def test_few_clusters_decide_nothing():
    seven, eight = np.repeat(np.arange(7), 10), np.repeat(np.arange(8), 10)
    decision = gate(binary(70, 70), binary(70, 0), margin=0.02, clusters=seven)
    assert decision.verdict == "inconclusive"
    assert "few_clusters" in codes(decision)
    assert gate(binary(80, 80), binary(80, 0), margin=0.02, clusters=eight).verdict == "fail"


def test_few_degrees_of_freedom_decide_nothing():
    clusters = np.r_[np.zeros(900), np.arange(1, 10)].astype(int)
    rng = np.random.default_rng(3)
    base = rng.normal(0, 1, 909)
    found = gate(base, base - 1 + rng.normal(0, 0.1, 909), margin=0.1, clusters=clusters).metrics[0]
    assert found.comparison.df < 4
    assert found.verdict == "inconclusive"


def test_clusters_of_one_case_are_no_clusters():
    found = gate(binary(60, 40), binary(60, 42), margin=0.1, clusters=np.arange(60)).metrics[0].comparison
    assert not found.clustered
    assert "Tango" in found.method


def test_a_pass_with_few_differences_needs_the_exact_bound():
    same = gate(binary(58, 58), binary(58, 58), margin=0.05)
    assert same.metrics[0].comparison.worse_share_upper > 0.05
    assert same.verdict == "inconclusive"
    assert gate(binary(59, 59), binary(59, 59), margin=0.05).verdict == "pass"
    assert "no_variation" in codes(same)


def test_near_the_end_of_the_range_a_pass_takes_half_of_alpha():
    rng = np.random.default_rng(5)
    base, cand = (rng.random((300, 4)) < 0.95 for _ in range(2))
    found = gate(base.astype(float), cand.astype(float), margin=0.02)
    comparison = found.metrics[0].comparison
    assert "near_bound" in codes(found)
    assert comparison.pass_interval.confidence == pytest.approx(0.95)
    assert comparison.pass_interval.low < comparison.ci_low


def test_superiority_is_shown_by_the_lower_end():
    assert gate(binary(200, 120), binary(200, 150), rule="superiority").verdict == "pass"
    assert gate(binary(200, 150), binary(200, 120), rule="superiority").verdict == "fail"
    assert gate(binary(200, 150), binary(200, 151), rule="superiority").verdict == "inconclusive"


def test_bounds_are_on_the_candidate_alone():
    base = binary(400, 10)
    assert gate(base, binary(400, 380), rule="at_least", bound=0.9).verdict == "pass"
    assert gate(base, binary(400, 300), rule="at_least", bound=0.9).verdict == "fail"
    assert gate(base, binary(400, 360), rule="at_least", bound=0.9).verdict == "inconclusive"
    assert gate(base, binary(400, 20), rule="at_most", bound=0.1, direction="lower").verdict == "pass"
    assert gate(base, binary(400, 80), rule="at_most", bound=0.1, direction="lower").verdict == "fail"


def test_zero_fails_on_any_failure_and_passes_on_a_small_enough_bound():
    none, one = np.zeros(400), binary(400, 1)
    rule = {"rule": "zero", "max_rate": 0.01, "direction": "lower"}
    assert gate(none, none, **rule).verdict == "pass"
    assert gate(none, one, **rule).verdict == "fail"
    assert gate(none[:200], none[:200], **rule).verdict == "inconclusive"
    assert gate(none[:10], one[:10], **rule).verdict == "fail", "a failure is a failure, however few the cases"


def test_zero_counts_clusters():
    none = np.zeros(400)
    clusters = np.repeat(np.arange(100), 4)
    decision = gate(none, none, rule="zero", max_rate=0.01, direction="lower", clusters=clusters)
    assert decision.verdict == "inconclusive"
    assert decision.metrics[0].comparison.rate_upper == pytest.approx(1 - 0.05 ** (1 / 100))


def test_no_significant_drop_must_have_been_able_to_see_one():
    rng = np.random.default_rng(7)
    base = rng.normal(0, 1, 100)
    noisy = base + rng.normal(0, 1, 100)
    exact = base + rng.normal(0, 0.05, 100)
    assert gate(base, noisy, rule="no_significant_drop", effect=0.1).verdict == "inconclusive"
    assert gate(base, exact, rule="no_significant_drop", effect=0.1).verdict == "pass"
    assert gate(base, exact - 0.2, rule="no_significant_drop", effect=0.1).verdict == "fail"


def test_one_failing_metric_of_many_has_to_survive_holm():
    rng = np.random.default_rng(11)
    n = 400
    base = rng.normal(0, 1, n)
    drop = base - 0.095 + rng.normal(0, 1, n)
    same = base + rng.normal(0, 1, n)
    table = paired_table(base, drop, metric="a")
    alone = GatePolicy(metrics=(MetricRule(metric="a", margin=0.01),))
    found = decide(compare(table, alone, baseline="base", candidate="cand"), alone)
    assert 0.01 < found.metrics[0].comparison.p_value < 0.1
    assert found.verdict == "fail"
    names = [f"b{i}" for i in range(9)]
    many = table.concat([table, *(paired_table(base, same, metric=name) for name in names)])
    policy = GatePolicy(metrics=tuple(MetricRule(metric=name, margin=0.01) for name in ["a", *names]))
    decision = decide(compare(many, policy, baseline="base", candidate="cand"), policy)
    assert decision.metrics[0].verdict == "fail"
    assert decision.verdict == "inconclusive"
    assert "unconfirmed_drop" in codes(decision)


def test_informative_metrics_never_decide():
    base = binary(200, 160)
    table = paired_table(base, base, metric="a")
    table = table.concat([table, paired_table(base, binary(200, 20), metric="b")])
    policy = GatePolicy(
        metrics=(MetricRule(metric="a", margin=0.05), MetricRule(metric="b", margin=0.05, gating=False))
    )
    decision = decide(compare(table, policy, baseline="base", candidate="cand"), policy)
    assert [one.verdict for one in decision.metrics] == ["pass", "fail"]
    assert decision.verdict == "pass"


def test_a_ratio_of_totals_turns_with_the_direction():
    rng = np.random.default_rng(13)
    base = rng.lognormal(0, 0.3, 400)
    dearer, cheaper = base * rng.lognormal(0.3, 0.1, 400), base * rng.lognormal(-0.3, 0.1, 400)
    rule = {"statistic": "ratio", "margin": 0.1, "direction": "lower"}
    up, down = gate(base, dearer, **rule), gate(base, cheaper, **rule)
    assert (up.verdict, down.verdict) == ("fail", "pass")
    assert up.metrics[0].comparison.difference == pytest.approx(dearer.sum() / base.sum())
    assert up.metrics[0].comparison.p_null == "ratio = 1"


def test_pass_k_needs_k_trials_and_counts_them_unbiased():
    rng = np.random.default_rng(17)
    base = (rng.random((100, 4)) < 0.9).astype(float)
    cand = (rng.random((100, 4)) < 0.5).astype(float)
    found = gate(base, cand, statistic="pass^4", margin=0.05)
    assert found.verdict == "fail"
    assert found.metrics[0].comparison.candidate == pytest.approx(float((cand.sum(axis=1) == 4).mean()))
    assert gate(base, cand, statistic="pass^5", margin=0.05).verdict == "inconclusive"


def test_the_suite_estimand_knows_trial_noise_only():
    rng = np.random.default_rng(19)
    shift = np.repeat([-0.3, 0.3], 50)
    base = (rng.random((100, 20)) < 0.5).astype(float)
    cand = (rng.random((100, 20)) < 0.5 + shift[:, None]).astype(float)
    rules = (MetricRule(metric="m", margin=0.05),)
    suite = gate(base, cand, GatePolicy(metrics=rules, estimand="suite"))
    population = gate(base, cand, GatePolicy(metrics=rules))
    assert suite.estimand == "suite"
    trial_noise = np.sqrt((0.25 + 0.21) / (100 * 20))
    assert suite.metrics[0].comparison.se == pytest.approx(trial_noise, rel=0.1)
    assert population.metrics[0].comparison.se == pytest.approx(np.hypot(trial_noise, 0.03), rel=0.1)
    one_trial = gate(base[:, 0], cand[:, 0], GatePolicy(metrics=rules, estimand="suite"))
    assert one_trial.verdict == "inconclusive"


def test_nothing_in_common_is_no_decision():
    table = paired_table(np.ones(30), np.ones(30))
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.1),))
    with pytest.raises(GateUndecidable, match=r"no system 'other'.*base, cand"):
        compare(table, policy, baseline="base", candidate="other")
    with pytest.raises(GateUndecidable, match="no metric 'speed'"):
        compare(table, GatePolicy(metrics=(MetricRule(metric="speed", margin=0.1),)), baseline="base", candidate="cand")


def test_identical_inputs_give_identical_decisions():
    rng = np.random.default_rng(23)
    base, cand = rng.lognormal(0, 1, (2, 120))
    rule = {"statistic": "ratio", "margin": 0.1, "direction": "lower"}
    assert gate(base, cand, **rule) == gate(base, cand, **rule)
