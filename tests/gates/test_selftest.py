"""Selftest: what is simulated is like the history, the truth is what it says, and known rules give known rates."""

from __future__ import annotations

import numpy as np
import pytest
from instruments.tables import paired_table

from evalplat.errors import GateUndecidable
from evalplat.gates import Binary, Bounded, Latent, Lognormal, Normal, Shape, pairs_of, simulate
from evalplat.gates.pairing import Pairs
from evalplat.gates.selftest import Tally, chunk, looks_chunk, plan_of_looks, prepare, result
from evalplat.gates.selftest.fit import fit
from evalplat.gates.selftest.steps import steps_of
from evalplat.records import GatePolicy, MetricRule, ScoreTable
from evalplat.records.policy import Stopping
from evalplat.records.selftest import Selftest

RULE = MetricRule(metric="m", margin=0.1)


def table_of(pairs: Pairs, trials: tuple[int, int], metric: str = "m") -> ScoreTable:
    n = pairs.n_cases
    arms = pairs.base_values.reshape(n, trials[0]), pairs.cand_values.reshape(n, trials[1])
    return paired_table(*arms, clusters=pairs.clusters, metric=metric)


def run(table: ScoreTable, policy: GatePolicy, draws: int = 300, candidate: str | None = "cand") -> Selftest:
    bench = prepare(table, policy, "base", candidate)
    return result(bench, chunk(bench, 1, 0, draws), policy, seed=1, history=("base",))


def se(model, shape: Shape, seed: int) -> float:
    rng = np.random.default_rng(seed)
    arms = (model.arms(shape, Latent.draw(shape, rng), 0.0) for _ in range(1500))
    return float(np.std([cand.mean() - base.mean() for base, cand in arms]))


MODELS = [
    Binary(0.7, cluster=0.1, case=0.3, cluster_shock=0.1, case_shock=0.05),
    Binary(0.95, cluster=0.05, case=0.5, cluster_shock=0.15),
    Bounded(3.5, low=1, high=5, cluster=0.1, case=0.2, cluster_shock=0.1, trial=0.2),
    Normal(10, cluster=1, case=1, cluster_shock=0.5, trial=1),
    Lognormal(2, cluster=0.5, case=0.5, cluster_shock=0.3, trial=0.5),
]


@pytest.mark.parametrize("trials", [1, 3])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{type(m).__name__} {m.level}")
def test_what_is_simulated_varies_as_the_history_does(model, trials: int):
    """The fitted model's standard error of a mean difference is that of the model that made the history."""
    history = simulate(Shape.of_sizes([10] * 400, (trials, trials)), model, 0.0, np.random.default_rng(8))
    fitted, assumed = fit(history, RULE, two=True, shocks=True)
    assert type(fitted) is type(model)
    assert assumed == ()
    assert fitted.level == pytest.approx(model.level, rel=0.06)
    small = Shape.of_sizes([10] * 12, (trials, trials))
    assert se(fitted, small, 1) == pytest.approx(se(model, small, 2), rel=0.12)


def test_of_one_system_the_movement_of_clusters_is_assumed_and_said():
    history = simulate(Shape.of_sizes([5] * 40), Binary(0.7, case=0.3), 0.0, np.random.default_rng(1))
    found = run(table_of(history, (1, 1)), GatePolicy(metrics=(RULE,)), 100, candidate=None)
    assert any("only one system is known" in said for said in found.assumptions)
    assert any("one trial a case" in said for said in found.assumptions)


def test_estimand_suite_is_simulated_without_moving_clusters():
    policy = GatePolicy(metrics=(RULE,), estimand="suite")
    history = simulate(Shape.of_sizes([5] * 40, (3, 3)), MODELS[0], 0.0, np.random.default_rng(1))
    model = prepare(table_of(history, (3, 3)), policy, "base", "cand").settings["history"][0].model
    assert model.cluster_shock == model.case_shock == 0


@pytest.mark.slow
def test_metrics_move_together_as_they_did():
    shape = Shape.of_sizes([5] * 60, (2, 2))
    latent = Latent.draw(shape, np.random.default_rng(4))
    model = Normal(0, case=0.5, cluster_shock=0.5, trial=1.0)
    one, same = pairs_of(shape, model, latent, 0.0), pairs_of(shape, Lognormal(1, case=0.3, trial=0.5), latent, 0.0)
    table = ScoreTable.concat([table_of(one, (2, 2), "one"), table_of(same, (2, 2), "same")])
    rules = MetricRule(metric="one", margin=0.25), MetricRule(metric="same", margin=0.1)
    bench = prepare(table, GatePolicy(metrics=rules), "base", "cand")
    correlation = bench.mixing @ bench.mixing.T
    assert correlation[0, 1] > 0.6
    found = run(table, GatePolicy(metrics=rules), 400)
    unchanged = found.scenario("history", "unchanged")
    alone = [metric.passes["unchanged"].share for metric in found.metrics]
    # Of independent metrics both would pass as often as the product.
    assert unchanged.passes.share > alone[0] * alone[1] + 0.02


LARGE = Shape.of_sizes([5] * 20_000, (3, 3))


@pytest.mark.parametrize(
    ("rule", "model", "measured", "worse"),
    [
        (MetricRule(metric="m", margin=0.1), MODELS[0], lambda b, c: c.mean() - b.mean(), -0.1),
        (MetricRule(metric="m", margin=0.1, direction="lower"), Binary(0.2), lambda b, c: c.mean() - b.mean(), 0.1),
        (
            MetricRule(metric="m", margin=0.2, statistic="ratio", direction="lower"),
            MODELS[4],
            lambda b, c: c.sum() / b.sum(),
            1.2,
        ),
        (
            MetricRule(metric="m", margin=0.5, statistic="p95", direction="lower"),
            MODELS[4],
            lambda b, c: np.quantile(c.mean(axis=1), 0.95) - np.quantile(b.mean(axis=1), 0.95),
            0.5,
        ),
        (
            MetricRule(metric="m", margin=0.1, statistic="pass^3"),
            MODELS[0],
            lambda b, c: c.all(axis=1).mean() - b.all(axis=1).mean(),
            -0.1,
        ),
        (MetricRule(metric="m", rule="at_least", bound=0.6), MODELS[0], lambda b, c: c.mean(), 0.6),
        (MetricRule(metric="m", rule="at_most", bound=3.0), MODELS[4], lambda b, c: c.mean(), 3.0),
        (
            MetricRule(metric="m", rule="zero", max_rate=0.1, direction="lower"),
            Binary(0.005),
            lambda b, c: c.reshape(20_000, -1).any(axis=1).mean(),
            0.1,
        ),
    ],
    ids=lambda value: value.statistic + value.rule if isinstance(value, MetricRule) else "",
)
def test_worse_is_worse_by_exactly_the_margin(rule, model, measured, worse):
    steps = steps_of(rule, model, LARGE, None)
    latent = Latent.draw(LARGE, np.random.default_rng(6))
    base, cand = (model.arms(LARGE, latent, effect)[1] for effect in (0.0, steps.effects["worse"]))
    assert measured(base, cand) == pytest.approx(worse, abs=0.02 * max(1, abs(worse)))
    if rule.rule != "zero":
        assert steps.truths["worse"] == pytest.approx(worse, abs=0.02 * max(1, abs(worse)))


def test_where_the_textbook_knows_the_rates_they_come_out():
    """Normal scores, independent cases, the margin planned for 80 %: errors .05, powers .8, coverage .9."""
    n = 100
    history = simulate(Shape(4000), Normal(0, trial=1), 0.0, np.random.default_rng(2))
    keep = slice(0, n)
    table = paired_table(history.baseline[keep], history.candidate[keep])
    spread = float(np.std(history.candidate[keep] - history.baseline[keep], ddof=1))
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=2.4865 * spread / np.sqrt(n)),))
    found = run(table, policy, 1500)
    unchanged, worse = found.scenario("history", "unchanged"), found.scenario("history", "worse", "m")
    assert unchanged.fails.share == pytest.approx(0.05, abs=0.02)
    assert worse.passes.share == pytest.approx(0.05, abs=0.02)
    assert unchanged.passes.share == pytest.approx(0.8, abs=0.06)
    assert worse.fails.share == pytest.approx(0.8, abs=0.06)
    assert found.metrics[0].coverage["unchanged"].share == pytest.approx(0.9, abs=0.025)
    assert unchanged.fails.se == pytest.approx(np.sqrt(unchanged.fails.share * (1 - unchanged.fails.share) / 1500))
    assert found.warnings == ()
    assert not any(one.setting == "ceiling" for one in found.scenarios)


def few_clusters() -> ScoreTable:
    return table_of(simulate(Shape.of_sizes([20] * 5), MODELS[0], 0.0, np.random.default_rng(0)), (1, 1))


def few_cases() -> ScoreTable:
    return table_of(simulate(Shape(15), MODELS[0], 0.0, np.random.default_rng(0)), (1, 1))


def enough() -> ScoreTable:
    return table_of(simulate(Shape.of_sizes([5] * 20), MODELS[0], 0.0, np.random.default_rng(0)), (1, 1))


@pytest.mark.parametrize(
    ("table", "rule", "codes", "says"),
    [
        (few_clusters, RULE, {"never_passes", "never_fails"}, "5 clusters are too few"),
        (few_cases, RULE, {"never_passes", "never_fails"}, "15 paired cases are too few"),
        (enough, MetricRule(metric="m", margin=0.001), {"never_passes", "rarely_fails"}, "smallest drop"),
        (enough, MetricRule(metric="m", margin=0.95), {"unreachable"}, "no agent can be worse"),
        (enough, MetricRule(metric="m", rule="at_least", bound=0.99), {"never_passes"}, "beyond the bound"),
        (enough, MetricRule(metric="m", rule="zero", max_rate=0.1, range="binary"), {"never_passes"}, "itself fails"),
    ],
)
def test_a_suite_that_can_never_tell_is_said(table, rule, codes, says):
    found = run(table(), GatePolicy(metrics=(rule,)), 150)
    mine = [warning for warning in found.warnings if "near the ceiling" not in warning.message]
    assert codes <= {warning.code.replace("rarely_passes", "never_passes") for warning in mine}
    assert any(says in warning.message for warning in mine), mine


def test_a_gate_that_stops_early_errs_no_more_and_calls_less():
    history = simulate(
        Shape.of_sizes([5] * 40), Binary(0.7, case=0.5, cluster_shock=0.05), 0.0, np.random.default_rng(5)
    )
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.2),))
    bench = prepare(table_of(history, (1, 1)), policy, "base", "cand")
    plan = plan_of_looks(bench)
    assert plan is not None
    tally = chunk(bench, 1, 0, 100)
    tally.add(looks_chunk(bench, plan, 1, 0, 100))
    found = result(bench, tally, policy, seed=1, history=("base",), looks=plan.cases)
    unchanged, worse = found.stopping
    assert found.looks[-1] == 200
    assert len(found.looks) == 5
    assert (unchanged.metric, worse.metric) == (None, "m")
    assert unchanged.fails.share < 0.13 and worse.passes.share < 0.13
    assert unchanged.passes.share > 0.6 and worse.fails.share > 0.6
    for one in (unchanged, worse):
        assert one.calls == pytest.approx(200 * one.share)
        assert 0.2 <= one.share < 0.9
        assert one.passes.draws == 100


def test_where_there_is_but_one_look_no_other_is_simulated():
    once = GatePolicy(metrics=(RULE,), stopping=Stopping(looks=1))
    twice = GatePolicy(metrics=(RULE, MetricRule(metric="m", rule="at_least", bound=0.5)))
    assert plan_of_looks(prepare(enough(), once, "base", "cand")) is None
    assert plan_of_looks(prepare(enough(), twice, "base", "cand")) is None
    assert plan_of_looks(prepare(few_clusters(), GatePolicy(metrics=(RULE,)), "base", "cand")) is None


def test_chunks_are_reproducible_and_add_up_in_any_order():
    bench = prepare(enough(), GatePolicy(metrics=(RULE,)), "base", "cand")
    one, other = chunk(bench, 7, 0, 40), chunk(bench, 7, 1, 40)
    assert chunk(bench, 7, 0, 40) == one != other
    forth, back = Tally(), Tally()
    for tally, parts in ((forth, (one, other)), (back, (other, one))):
        for part in parts:
            tally.add(part)
    assert forth == back
    assert forth.draws == 80


def test_informative_metrics_do_not_decide_and_are_left_out():
    more = MetricRule(metric="other", margin=0.1, gating=False)
    found = run(enough(), GatePolicy(metrics=(RULE, more)), 100)
    assert [metric.metric for metric in found.metrics if metric.setting == "history"] == ["m"]


@pytest.mark.parametrize(
    ("rule", "says"),
    [(MetricRule(metric="absent", margin=0.1), "absent"), (RULE.model_copy(update={"range": (0.0, 0.5)}), "range")],
)
def test_what_cannot_be_simulated_is_refused(rule, says):
    with pytest.raises(GateUndecidable, match=says):
        prepare(enough(), GatePolicy(metrics=(rule,)), "base", "cand")


def test_a_metric_that_never_failed_is_simulated_a_little_worse_and_said():
    table = paired_table(np.ones(100), np.ones(100))
    found = run(table, GatePolicy(metrics=(RULE,)), 100)
    assert any("never failed in 100 trials" in said for said in found.assumptions)
    assert 0.99 < found.metrics[0].level < 1


def test_rule_zero_without_a_failure_does_not_fail_unchanged_agents():
    rule = MetricRule(metric="m", rule="zero", max_rate=0.05, range="binary")
    found = run(paired_table(np.ones(100), np.ones(100)), GatePolicy(metrics=(rule,)), 200)
    unchanged, worse = found.scenario("history", "unchanged"), found.scenario("history", "worse", "m (zero)")
    assert unchanged.passes.share == 1
    # .95^100: no failure seen where 5 % fail.
    assert worse.passes.share == pytest.approx(0.006, abs=0.02)
    assert worse.fails.share > 0.95


def test_what_is_simulated_is_no_noisier_than_the_history_where_a_variance_was_estimated_below_none():
    """Two cases of a cluster change alike, less apart than their trials: the variance of cases comes out below 0."""
    base = np.tile([1.0, 0.0], (40, 1))
    cand = np.tile(np.repeat([1.0, 0.0], 2), 10)[:, None].repeat(2, axis=1)
    table = paired_table(base, cand, clusters=np.repeat(np.arange(20), 2))
    (one,) = prepare(table, GatePolicy(metrics=(RULE,)), "base", "cand").settings["history"]
    assert one.se == pytest.approx(np.sqrt(0.25 / 19), rel=0.1)


def test_a_history_quieter_than_its_own_trials_is_simulated_with_them_and_said():
    base = np.tile([1.0, 0.0], (40, 1))
    bench = prepare(paired_table(base, base[:, ::-1]), GatePolicy(metrics=(RULE,)), "base", "cand")
    assert bench.settings["history"][0].se > 0.05
    cand = base.copy()
    cand[0] = 1.0
    bench = prepare(paired_table(base, cand), GatePolicy(metrics=(RULE,)), "base", "cand")
    assert any("in the history" in said and "in the simulation" in said for said in bench.assumptions)


def test_that_too_few_clusters_differ_is_the_reason_where_it_is():
    """.995 and .99 in 40 clusters of 5, 3 of which differ: the margin is wider than the smallest visible drop."""
    base, cand = np.ones(200), np.ones(200)
    base[0] = cand[50] = cand[100] = 0.0
    table = paired_table(base, cand, clusters=np.repeat(np.arange(40), 5))
    found = run(table, GatePolicy(metrics=(MetricRule(metric="m", margin=0.05),)), 100)
    (warning,) = [one for one in found.warnings if one.code in ("rarely_passes", "never_passes")]
    assert "until 5 clusters differ" in warning.message
    assert "59 clusters even if none differs" in warning.message


def test_failed_trials_are_said_not_to_be_simulated():
    rng = np.random.default_rng(0)
    base, cand = ((rng.random(60) < 0.7).astype(float) for _ in range(2))
    errors = {("base", 0, 0): "Timeout", ("base", 1, 0): "Timeout", ("cand", 2, 0): "Timeout"}
    rule = RULE.model_copy(update={"range": "binary"})
    bench = prepare(paired_table(base, cand, errors=errors), GatePolicy(metrics=(rule,)), "base", "cand")
    assert any("2 baseline and 1 candidate trials failed" in said for said in bench.assumptions)
