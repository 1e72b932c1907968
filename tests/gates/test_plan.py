"""`evalplat.gates.planning`: what a plan promises is what the gate then does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments.histories import drawn, table_of
from instruments.tables import paired_table
from scipy import stats as scipy_stats

from evalplat.errors import GateUndecidable
from evalplat.gates import compare, decide
from evalplat.gates.planning import Asked, Guesses, Price, plan_from_guesses, plan_from_history, price_of_trials
from evalplat.gates.planning.paired_binary import paired_binary_power
from evalplat.gates.simulation import Binary, Lognormal, Normal, Shape, SimulatedModel, judge
from evalplat.records import (
    Answer,
    Column,
    GatePolicy,
    MetricRule,
    Plan,
    PlanRange,
    ScoreTable,
    Trial,
    TrialKey,
    Usage,
)
from evalplat.stats import best_split, clopper_pearson, operating, power_of, tango, variance_components
from evalplat.suites import read_score_table


def policy_of(*rules: dict[str, object], **more: object) -> GatePolicy:
    return GatePolicy(metrics=tuple(MetricRule(**rule) for rule in rules), **more)  # type: ignore[arg-type]


SUCCESS = {"metric": "success", "margin": 0.05}


@dataclass(frozen=True)
class World:
    """An unchanged agent, a policy on its metrics, and the shape of its history's clusters and trials."""

    policy: GatePolicy
    models: tuple[SimulatedModel, ...]
    size: int = 1
    trials: int = 1
    systems: tuple[str, ...] = ("old", "new")
    shared: bool = False

    def plan(self, clusters: int, rng: np.random.Generator, asked: Asked | None = None) -> Plan:
        shape = Shape.of_sizes([self.size] * clusters, (self.trials, self.trials))
        pairs = drawn(self.models, shape, rng, shared=self.shared)
        table = table_of({rule.metric: one for rule, one in zip(self.policy.metrics, pairs, strict=True)},
                         systems=self.systems)  # fmt: skip
        candidate = "new" if len(self.systems) == 2 else None
        return plan_from_history(table, self.policy, asked or Asked(), baseline="old", candidate=candidate)

    def passes(self, clusters: int, trials: int, rng: np.random.Generator, gates: int) -> float:
        shape = Shape.of_sizes([self.size] * clusters, (trials, trials))
        verdicts = [
            judge(drawn(self.models, shape, rng, shared=self.shared), self.policy).verdict for _ in range(gates)
        ]
        return verdicts.count("pass") / gates


COST = {"metric": "cost", "margin": 0.10, "direction": "lower", "statistic": "ratio"}
WORLDS = {
    "binary, one trial, unclustered": World(policy_of(SUCCESS), (Binary(0.8, case=0.5),)),
    "binary near the ceiling": World(policy_of(SUCCESS), (Binary(0.95, case=0.5),)),
    "binary, clustered": World(policy_of(SUCCESS), (Binary(0.65, cluster=0.2, case=0.2, cluster_shock=0.05),), size=5),
    "few clusters": World(policy_of({**SUCCESS, "margin": 0.2}), (Binary(0.75, case=0.2, cluster_shock=0.03),), size=5),
    "normal, three trials": World(
        policy_of({"metric": "m", "margin": 0.2}), (Normal(case=1.0, case_shock=0.3),), trials=3
    ),
    "two metrics that know nothing of each other": World(
        policy_of(SUCCESS, {"metric": "n", "margin": 0.1}), (Binary(0.8, case=0.3), Normal(case=1.0, trial=0.8))
    ),
    "two metrics that move together": World(
        policy_of({"metric": "m", "margin": 0.1}, {"metric": "n", "margin": 0.1}),
        (Normal(trial=1.0), Normal(case=1.0, trial=0.8)),
        shared=True,
    ),
    "one system, four trials": World(policy_of(SUCCESS), (Binary(0.8, case=0.5),), trials=4, systems=("old",)),
    "no significant drop": World(
        policy_of({"metric": "m", "rule": "no_significant_drop", "effect": 0.8}), (Normal(trial=1.0),)
    ),
    "pass^3 of 5": World(policy_of({**SUCCESS, "statistic": "pass^3"}), (Binary(0.8, case=0.5),), trials=5),
}
SLOW_WORLDS = {
    "ratio of costs": World(policy_of(COST), (Lognormal(trial=0.6),)),
    "median": World(policy_of({**COST, "statistic": "p50"}), (Lognormal(trial=0.6),)),
    "95th percentile": World(policy_of({**COST, "statistic": "p95", "margin": 0.4}), (Lognormal(trial=0.6),)),
    "mean cost with a long tail": World(
        policy_of({"metric": "cost", "margin": 0.1, "direction": "lower"}), (Lognormal(trial=0.8),)
    ),
}


def kept_promise(world: World, gates: int, history: int, slack: float) -> None:
    """From a long history, so that the noise is known but for `slack`: the planned size passes as often as it says."""
    rng = np.random.default_rng(20260)
    found = world.plan(history, rng)
    assert found.by_clusters is not None
    size = found.by_clusters.estimate
    assert size is not None
    assert size.power.estimate is not None
    # Exact tests move in steps, clusters are whole: a little above what was asked, never below.
    assert 0.80 <= size.power.estimate <= 0.87
    share = world.passes(size.clusters, int(size.trials), rng, gates)
    assert share == pytest.approx(size.power.estimate, abs=3.3 * math.sqrt(0.16 / gates) + slack)


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_planned_size_passes_an_unchanged_candidate_as_often_as_it_says(world: World):
    kept_promise(world, 300, history=3000, slack=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_planned_sizes_keep_their_promise_over_many_gates(world: World):
    kept_promise(world, 1500, history=30_000, slack=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("world", SLOW_WORLDS.values(), ids=SLOW_WORLDS)
def test_bootstrapped_sizes_about_keep_theirs(world: World):
    """A quantile's own noise is known to a tenth at best, even from 30,000 cases."""
    kept_promise(world, 500, history=30_000, slack=0.06)


def test_short_histories_err_on_both_sides_and_their_range_says_so():
    """Of 60 histories of 60 clusters, about 4 in 5 ranges hold the size that a long history gives."""
    world = WORLDS["binary, clustered"]
    rng = np.random.default_rng(7)
    long = world.plan(4000, rng).by_clusters
    assert long is not None
    assert long.estimate is not None
    held = 0
    for _ in range(60):
        size = world.plan(60, rng).metrics[0].clusters
        assert size is not None
        assert size.low is not None
        held += size.low <= long.estimate.clusters <= (size.high or math.inf)
    assert 40 <= held <= 57  # binomial(60, .8): 48 expected, 99.5 % within


def enumerated(n: int, q: float, truth: float, margin: float, alpha: float) -> float:
    """Every (gained, lost) through the gate's own rule of Tango and few differences, weighted by the multinomial."""
    total = 0.0
    for gained in range(n + 1):
        for lost in range(n + 1 - gained):
            chance = scipy_stats.multinomial.pmf([gained, lost, n - gained - lost],
                                                 n, [(q + truth) / 2, (q - truth) / 2, 1 - q])  # fmt: skip
            enough = gained + lost >= 5 or clopper_pearson(lost, n).upper(alpha) < margin
            if chance > 1e-14 and enough and tango(gained, lost, n).bound(alpha, "lower") > -margin:
                total += chance
    return total


@pytest.mark.parametrize(
    ("n", "q", "truth", "margin"),
    [(24, 0.2, 0.0, 0.2), (60, 0.03, 0.0, 0.05), (30, 0.4, 0.1, 0.0), (40, 0.0, 0.0, 0.1)],
)
def test_power_on_paired_binaries_is_the_sum_over_all_tables(n: int, q: float, truth: float, margin: float):
    assert paired_binary_power(n, q, truth, margin, 0.05) == pytest.approx(
        enumerated(n, q, truth, margin, 0.05), abs=1e-9
    )


def guessed(rule: dict[str, object] | None = None, asked: Asked | None = None, **figures: object) -> Plan:
    stated = {"cases": 200, "clusters": 200, **figures}
    return plan_from_guesses(policy_of(rule or SUCCESS), Guesses(**stated), asked or Asked())  # type: ignore[arg-type]


def estimate(span: PlanRange | None) -> float:
    assert span is not None
    assert span.estimate is not None
    return span.estimate


def test_guesses_give_the_textbook_size():
    """Sum of both normal quantiles, squared, times variance over squared margin; t and whole cases add little."""
    found = guessed({"metric": "m", "margin": 0.1}, sd={"": 0.5})
    z = scipy_stats.norm.ppf(0.95) + scipy_stats.norm.ppf(0.80)
    assert estimate(found.metrics[0].clusters) == pytest.approx((z * 0.5 / 0.1) ** 2, abs=2)
    assert estimate(found.metrics[0].power) == pytest.approx(power_of(0.5 / math.sqrt(200), 199, 0.1, 0.05))


def test_fixed_scenarios_with_a_kept_baseline_take_fewer_calls_than_fresh_pairs():
    """Discordance .265, margin .05: 655 pairs by formula; 200 scenarios with 20 kept trials each take 2 trials."""
    pairs = guessed(discordance={"": 0.265})
    assert estimate(pairs.metrics[0].clusters) == pytest.approx(655, rel=0.015)
    policy = policy_of(SUCCESS, estimand="suite")
    stated = Guesses(200, 200, trials=(20.0, 1.0), discordance={"": 0.265})
    kept = plan_from_guesses(policy, stated, Asked(kept_baseline=True, baseline_trials=20))
    assert kept.by_trials is not None
    assert kept.by_trials.estimate is not None
    assert kept.by_trials.estimate.spend.calls == 400
    assert kept.by_trials.estimate.spend.baseline_calls == 4000


def test_clusters_inflate_a_guess_by_their_design_effect():
    found = guessed(cases=200, clusters=40, discordance={"": 0.2}, icc={"": 0.1})
    assert estimate(found.metrics[0].se) == pytest.approx(math.sqrt(0.2 * (1 + 4 * 0.1) / 200))
    assert found.now.clusters == 40


@given(margin=st.floats(0.02, 0.3), discordance=st.floats(0.02, 0.6), power=st.sampled_from([0.7, 0.8, 0.9]))
@settings(max_examples=8, deadline=None)
def test_less_margin_more_discordance_and_more_power_never_need_fewer_cases(margin, discordance, power):
    def clusters(m: float, q: float, p: float) -> float:
        return estimate(guessed({"metric": "m", "margin": m}, Asked(power=p), discordance={"": q}).metrics[0].clusters)

    here = clusters(margin, discordance, power)
    slack = 1 - 0.06  # exact tests move in teeth
    assert clusters(margin * 0.8, discordance, power) >= here * slack
    assert clusters(margin, min(1.0, discordance * 1.3), power) >= here * slack
    assert clusters(margin, discordance, power + 0.05) >= here * slack


def test_the_smallest_margin_is_the_one_that_the_power_is_reached_at():
    world = WORLDS["binary, clustered"]
    rng = np.random.default_rng(3)
    found = world.plan(80, rng)
    (metric,) = found.metrics
    assert metric.smallest_margin is not None
    rng = np.random.default_rng(3)
    again = World(policy_of({**SUCCESS, "margin": metric.smallest_margin}), world.models, size=5).plan(80, rng)
    assert estimate(again.now.power) == pytest.approx(0.80, abs=1e-6)
    assert metric.smallest_drop == pytest.approx(metric.smallest_margin, rel=0.2)


def test_a_plan_for_few_differences_does_not_promise_what_the_gate_refuses():
    """No difference in 40 cases: at the floor of 20 cases nothing differs, and up to 14 % could have got worse."""
    same = np.r_[np.ones(30), np.zeros(10)]
    policy = policy_of(SUCCESS)
    table = paired_table(same, same, metric="success")
    assert decide(compare(table, policy, baseline="base", candidate="cand"), policy).verdict == "inconclusive"
    found = plan_from_history(table, policy, Asked(), baseline="base", candidate="cand")
    assert found.by_clusters is not None
    assert found.by_clusters.estimate is not None
    assert found.by_clusters.estimate.cases == 59  # .95^59 < .05
    assert found.now.power.estimate == 0
    # What 40 equal pairs cannot rule out.
    assert found.by_clusters.high is not None
    assert found.by_clusters.high.cases > 59


def test_floors_of_the_contract_are_floors_of_the_plan():
    generous = {"metric": "m", "margin": 5.0}
    assert estimate(guessed(generous, sd={"": 0.5}).metrics[0].clusters) == 20
    clustered = guessed(generous, cases=200, clusters=20, sd={"": 0.5})
    assert estimate(clustered.metrics[0].clusters) == 8
    rng = np.random.default_rng(10)
    waits = paired_table(*rng.lognormal(size=(2, 150)), metric="m")
    tail = planned(waits, policy_of({**generous, "statistic": "p95", "margin": 1e6, "direction": "lower"}))
    assert estimate(tail.metrics[0].clusters) == 100
    with pytest.raises(GateUndecidable, match="history"):
        guessed({**generous, "statistic": "p95"}, sd={"": 0.5})


def history_of(*arms: np.ndarray, **more: object) -> ScoreTable:
    return paired_table(*arms, metric="success", **more)  # type: ignore[arg-type]


def planned(table: ScoreTable, policy: GatePolicy, asked: Asked | None = None) -> Plan:
    return plan_from_history(table, policy, asked or Asked(), baseline="base", candidate="cand")


def test_it_says_when_only_more_clusters_would_do():
    rng = np.random.default_rng(11)
    groups = np.repeat(np.arange(12), 10)
    moved = np.clip(0.6 + rng.normal(0, 0.25, 12)[groups], 0.02, 0.98)
    base, cand = ((rng.random((120, 5)) < rate).astype(float) for rate in (np.full((120, 1), 0.6), moved[:, None]))
    found = planned(history_of(base, cand, clusters=groups), policy_of(SUCCESS))
    assert found.reachable == "by clusters"
    assert found.by_trials is not None
    assert found.by_trials.estimate is None
    assert any("no number of trials" in note and "only more clusters" in note for note in found.notes)
    assert found.by_clusters is not None
    assert found.by_clusters.estimate is not None
    assert found.by_clusters.estimate.clusters > 12


def test_where_trials_are_all_the_noise_more_of_them_do():
    rng = np.random.default_rng(12)
    base, cand = ((rng.random((400, 4)) < 0.6).astype(float) for _ in range(2))
    found = planned(history_of(base, cand), policy_of({**SUCCESS, "margin": 0.03}))
    assert found.reachable == "by trials"
    assert found.by_trials is not None
    size = found.by_trials.estimate
    assert size is not None
    assert size.cases == 400
    # Trials of .6 on either side: (z / margin)^2 x .48 / 400, within what this history says of the noise.
    assert size.trials == pytest.approx(2.4865**2 * 0.48 / 0.03**2 / 400, rel=0.35)
    assert size.spend.calls == 2 * 400 * size.trials


def test_without_two_trials_of_a_case_nothing_is_said_of_more():
    rng = np.random.default_rng(13)
    base, cand = ((rng.random(80) < 0.7).astype(float) for _ in range(2))
    found = planned(history_of(base, cand), policy_of(SUCCESS))
    assert found.by_trials is None
    assert any("more trials" in note for note in found.notes)
    with pytest.raises(GateUndecidable, match="3 trials a case cannot be planned for"):
        planned(history_of(base, cand), policy_of(SUCCESS), Asked(trials=3))


def test_the_policy_needs_more_than_its_hardest_metric_and_less_than_bonferroni():
    rule = {"metric": "a", "margin": 0.1}
    both = plan_from_guesses(
        policy_of(rule, {**rule, "metric": "b"}), Guesses(200, 200, sd={"": 0.5}), Asked(cases=200)
    )
    one = estimate(both.metrics[0].power)
    assert both.now.power.low == pytest.approx(1 - 2 * (1 - one))
    assert both.now.power.high == pytest.approx(one)
    assert both.correlation is None
    rng = np.random.default_rng(14)
    # The same noise, and noise of their own: .9 together, .81 apart.
    for shared, expected in ((True, one), (False, one**2)):
        world = World(policy_of(rule, {**rule, "metric": "b"}), (Normal(trial=0.5 / math.sqrt(2)),) * 2, shared=shared)
        found = world.plan(4000, rng, Asked(cases=200))
        assert estimate(found.now.power) == pytest.approx(expected, abs=0.02)
        assert found.correlation is not None
        assert found.correlation[0][1] == pytest.approx(float(shared), abs=0.05)


def test_a_rule_that_forbids_any_failure_is_planned_by_clusters():
    """log .05 / log .98 = 148.3 clean clusters show a rate of at most 2 %."""
    rule = {"metric": "leak", "rule": "zero", "max_rate": 0.02, "direction": "lower", "range": "binary"}
    clean = paired_table(np.zeros(60), np.zeros(60), metric="leak")
    found = planned(clean, policy_of(rule))
    assert found.by_clusters is not None
    assert found.by_clusters.estimate is not None
    assert found.by_clusters.estimate.clusters == 149
    assert found.by_clusters.high is None  # 60 clean ones do not show that 149 will be
    assert found.metrics[0].smallest_margin == pytest.approx(1 - 0.05 ** (1 / 60))
    leaky = paired_table(np.zeros(60), np.r_[1.0, np.zeros(59)], metric="leak")
    assert planned(leaky, policy_of(rule)).reachable == "no"


def test_bounds_on_the_candidate_are_planned_from_where_it_is():
    rng = np.random.default_rng(15)
    scores = np.r_[np.ones(160), np.zeros(40)]
    table = history_of(rng.permutation(scores), scores)
    found = planned(table, policy_of({"metric": "success", "rule": "at_least", "bound": 0.7}))
    assert found.by_clusters is not None
    size = found.by_clusters.estimate
    assert size is not None
    # Exact binomial power at that size and that many successes, from scipy.
    passing = [k for k in range(size.cases + 1) if scipy_stats.binomtest(k, size.cases, 0.7, "greater").pvalue <= 0.05]
    assert scipy_stats.binom.sf(passing[0] - 1, size.cases, 0.8) == pytest.approx(estimate(size.power), abs=1e-9)
    beyond = planned(table, policy_of({"metric": "success", "rule": "at_least", "bound": 0.85}))
    assert beyond.reachable == "no"


def test_superiority_needs_a_stated_effect():
    rule = {"metric": "success", "rule": "superiority"}
    rng = np.random.default_rng(16)
    table = history_of(*((rng.random(200) < 0.7).astype(float) for _ in range(2)))
    with pytest.raises(GateUndecidable, match="--effect"):
        planned(table, policy_of(rule))
    found = plan_from_history(
        table, policy_of(rule), Asked(), baseline="base", candidate="cand", effects={"success": 0.1}
    )
    assert found.by_clusters is not None
    size = found.by_clusters.estimate
    assert size is not None
    q = float(estimate(found.metrics[0].se)) ** 2 * 200
    assert estimate(size.power) == pytest.approx(paired_binary_power(size.cases, q, 0.1, 0.0, 0.05))


def test_trials_that_fail_cost_their_part_of_the_margin():
    base, cand = np.r_[np.ones(150), np.zeros(50)], np.r_[np.ones(145), np.zeros(55)]
    failed = {("base", i, 0): "Timeout: 60 s" for i in range(4)}
    table = paired_table(base, cand, metric="success", errors=failed)
    found = planned(table, policy_of({**SUCCESS, "range": "binary"}))
    # 4 of 200, worst on one side and best on the other.
    assert found.metrics[0].assumed_change == pytest.approx(-0.02)
    many = paired_table(base, cand, metric="success", errors={("base", i, 0): "Timeout" for i in range(12)})
    assert planned(many, policy_of({**SUCCESS, "range": "binary"})).reachable == "no"


def test_estimand_suite_is_planned_by_trials_alone():
    rng = np.random.default_rng(17)
    rate = rng.beta(2, 1, 200)[:, None]
    base, cand = ((rng.random((200, 20)) < rate).astype(float) for _ in range(2))
    policy = policy_of(SUCCESS, estimand="suite")
    fresh = planned(history_of(base, cand), policy, Asked(trials=2))
    kept = planned(history_of(base, cand), policy, Asked(kept_baseline=True))
    assert fresh.by_clusters is None
    assert fresh.by_trials is not None
    assert kept.by_trials is not None
    one, other = fresh.by_trials.estimate, kept.by_trials.estimate
    assert one is not None
    assert other is not None
    assert (one.cases, other.cases) == (200, 200)
    assert one.baseline_trials == one.trials
    assert other.baseline_trials == 20
    assert other.trials < one.trials
    # Trial variance p (1 - p), Welch: what is asked of the candidate alone, the baseline's noise at 20 trials.
    noise = float(np.mean(rate * (1 - rate)))
    room = (0.05 / 2.4865) ** 2 * 200
    assert other.trials == math.ceil(noise / (room - noise / 20))
    assert one.trials == math.ceil(2 * noise / room)
    assert other.spend.calls == 200 * other.trials
    assert other.spend.baseline_calls == 4000
    with pytest.raises(GateUndecidable, match="exactly the cases"):
        planned(history_of(base, cand), policy, Asked(cases=300))


def test_estimand_suite_passes_as_often_as_planned():
    rng = np.random.default_rng(18)
    rate = rng.beta(2, 1, 150)[:, None]

    def arm(trials: int) -> np.ndarray:
        return (rng.random((150, trials)) < rate).astype(float)

    policy = policy_of(SUCCESS, estimand="suite")
    found = planned(history_of(arm(30), arm(30)), policy)
    assert found.by_trials is not None
    size = found.by_trials.estimate
    assert size is not None
    trials, gates = int(size.trials), 300
    passed = 0
    for _ in range(gates):
        table = history_of(arm(trials), arm(trials))
        passed += decide(compare(table, policy, baseline="base", candidate="cand"), policy).verdict == "pass"
    assert passed / gates == pytest.approx(estimate(size.power), abs=3.3 * math.sqrt(0.16 / gates) + 0.02)


def test_the_best_split_is_cochrans():
    rng = np.random.default_rng(19)
    world = World(policy_of({"metric": "m", "margin": 0.1}), (Normal(case_shock=0.5, trial=1.0),), trials=4)
    shape = Shape.of_sizes([1] * 400, (4, 4))
    (pairs,) = drawn(world.models, shape, rng)
    table = table_of({"m": pairs})
    parts = variance_components(pairs.base_values, pairs.base_cases, pairs.cand_values, pairs.cand_cases)
    # Nothing of the suite is there yet (20 cases are): each new case costs as much as 12 trials.
    asked = Asked(spend=20_000, case_cost=12, cases=20)
    found = plan_from_history(table, world.policy, asked, baseline="old", candidate="new").best_for_spend
    known = best_split(parts, 12.0, 1.0, 20_000 + 20 * 12)
    assert found is not None
    assert known.cases is not None
    assert found.trials == pytest.approx(known.trials, abs=1)
    assert found.cases == pytest.approx(known.cases, rel=0.05)
    assert found.spend.calls + 12 * (found.cases - 20) <= 20_000


def test_a_spend_in_trials_is_kept_and_used():
    rng = np.random.default_rng(20)
    base, cand = ((rng.random((50, 4)) < 0.6).astype(float) for _ in range(2))
    found = planned(history_of(base, cand), policy_of(SUCCESS), Asked(spend=1000))
    assert found.best_for_spend is not None
    assert 990 <= found.best_for_spend.spend.calls <= 1000
    assert found.best_for_spend.trials == 1  # where new cases cost nothing
    assert found.best_here_for_spend is not None
    assert (found.best_here_for_spend.cases, found.best_here_for_spend.trials) == (50, 10)
    assert planned(history_of(base, cand), policy_of(SUCCESS), Asked(spend=10)).best_for_spend is None


def test_neymans_allocation_sends_trials_where_they_vary():
    rng = np.random.default_rng(21)
    rate = np.r_[np.full(30, 0.5), np.ones(30)][:, None]
    base, cand = ((rng.random((60, 12)) < rate).astype(float) for _ in range(2))
    found = planned(history_of(base, cand), policy_of(SUCCESS)).allocation
    assert found is not None
    assert found.calls == sum(found.trials.values()) == 60 * 12
    # Half of the cases have all the noise, which 12 trials of each tell, but for what is shrunk.
    assert 0.5 < found.variance_ratio < 0.9
    assert found.trials["c0"] > 2 * found.trials["c59"]


def test_early_stopping_is_that_of_the_policys_looks():
    found = guessed(discordance={"": 0.2})
    known = operating(5, 0.05, 0.80, futility=True)
    assert found.early_stop is not None
    assert (found.early_stop.unchanged, found.early_stop.inflation) == (known.no_change.calls, known.inflation)
    # More looks for the same chance of error: the power of fewer cases.
    fewer = guessed(cases=round(200 / known.inflation), clusters=round(200 / known.inflation), discordance={"": 0.2})
    assert estimate(found.early_stop.power) == pytest.approx(estimate(fewer.now.power), abs=0.02)
    assert guessed({**SUCCESS, "margin": 0.2}, cases=70, clusters=7, discordance={"": 0.2}).early_stop is None
    once = plan_from_guesses(
        policy_of(SUCCESS, stopping={"looks": 1}), Guesses(200, 200, discordance={"": 0.2}), Asked()
    )
    assert once.early_stop is None


def test_money_tokens_and_minutes_are_ranges_from_what_was_recorded():
    rng = np.random.default_rng(22)
    base, cand = ((rng.random(100) < 0.7).astype(float) for _ in range(2))
    parts = [history_of(base, cand)]
    for metric, mean in (("cost_usd", 0.02), ("latency_s", 3.0), ("total_tokens", 900.0)):
        parts.append(paired_table(*(mean * rng.gamma(4, 0.25, 100) for _ in range(2)), metric=metric))
    found = planned(ScoreTable.concat(parts), policy_of(SUCCESS), Asked(concurrency=6, spend_usd=10.0))
    spent = found.now.spend
    assert spent.calls == 200
    for span, expected in ((spent.cost_usd, 4.0), (spent.tokens, 180_000), (spent.minutes, 200 * 3 / 60 / 6)):
        assert span is not None
        assert span.low is not None
        assert span.high is not None
        assert span.low < expected * 1.1
        assert span.low < estimate(span) < span.high
        assert span.high > expected * 0.9
    assert found.best_for_spend is not None
    assert 9.0 <= estimate(found.best_for_spend.spend.cost_usd) <= 10.0
    unpriced = planned(history_of(base, cand), policy_of(SUCCESS))
    assert unpriced.now.spend.cost_usd is None
    assert any("not recorded" in note for note in unpriced.notes)
    with pytest.raises(GateUndecidable, match="--spend-usd"):
        planned(history_of(base, cand), policy_of(SUCCESS), Asked(spend_usd=10.0))


def test_one_system_with_one_trial_is_planned_for_the_worst():
    rng = np.random.default_rng(23)
    scores = (rng.random(300) < 0.8).astype(float)
    table = paired_table(scores, scores, metric="success").of_system("base")
    found = plan_from_history(table, policy_of(SUCCESS), Asked(), baseline="base")
    mean = scores.mean()
    assert estimate(found.metrics[0].se) ** 2 * 300 == pytest.approx(2 * mean * (1 - mean), rel=0.01)
    assert any("two trials would tell" in note for note in found.notes)


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(24)
    groups = np.repeat(np.arange(20), 3)
    base, cand = ((rng.random((60, 3)) < 0.6).astype(float) for _ in range(2))
    table = history_of(base, cand, clusters=groups)
    order = rng.permutation(len(table))

    def moved(column: Column) -> Column:
        return Column(column.codes[order], column.values)

    assert table.cluster is not None
    shuffled = replace(
        table, system=moved(table.system), case=moved(table.case), metric=moved(table.metric),
        trial=table.trial[order], score=table.score[order], error=moved(table.error), cluster=moved(table.cluster),
    )  # fmt: skip
    assert planned(table, policy_of(SUCCESS)) == planned(shuffled, policy_of(SUCCESS))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"power": 1.0}, "--power"),
        ({"power": 0.3}, "--power"),
        ({"trials": 0}, "--trials"),
        ({"spend": -1.0}, "--spend"),
        ({"spend": 5.0, "spend_usd": 5.0}, "exclude"),
        ({"case_cost": math.inf}, "--case-cost"),
        ({"baseline_trials": 0}, "--baseline-trials"),
    ],
)
def test_what_cannot_be_asked_names_the_option(asked: dict[str, float], says: str):
    with pytest.raises(GateUndecidable, match=says):
        Asked(**asked)  # type: ignore[arg-type]


def test_power_is_a_number_wherever_the_noncentral_t_underflows():
    powers = [power_of(1.0 / away, 35.7, 1.0, 0.05) for away in np.linspace(2, 60, 400)]
    assert np.isfinite(powers).all()
    assert np.all(np.diff(powers) >= 0)
    assert powers[-1] == 1.0
    # Far out only the spread matters: P(chi2_1 <= (40 / t_.999)^2).
    expected = scipy_stats.nct.sf(scipy_stats.t.ppf(0.999, 1), 1, 35.9)
    assert power_of(1 / 36.1, 1, 1.0, 0.001) == pytest.approx(expected, rel=0.01)


def test_a_kept_price_of_trials_replaces_the_tables():
    rng = np.random.default_rng(25)
    table = history_of(*((rng.random(100) < 0.7).astype(float) for _ in range(2)))
    dear = Price(cost_usd=PlanRange(low=1.0, estimate=2.0, high=3.0))
    found = plan_from_history(
        table, policy_of(SUCCESS), Asked(), baseline="base", candidate="cand", prices=(Price(), dear)
    )
    assert found.now.spend.cost_usd is None  # the baseline's is not known
    kept = plan_from_history(
        table,
        policy_of(SUCCESS),
        Asked(kept_baseline=True),
        baseline="base",
        candidate="cand",
        prices=(Price(), dear),
    )
    assert kept.now.spend.cost_usd == PlanRange(low=100.0, estimate=200.0, high=300.0)


def test_real_histories_give_plans(shared_data):
    table = read_score_table([shared_data / "gsm8k_outcomes.jsonl"])
    policy = policy_of({"metric": "is_correct", "margin": 0.02})
    found = plan_from_history(table, policy, Asked(), baseline="6b_verification", candidate="175b_finetuning")
    discordance = estimate(found.metrics[0].se) ** 2 * 1319
    z = scipy_stats.norm.ppf(0.95) + scipy_stats.norm.ppf(0.80)
    assert estimate(found.metrics[0].clusters) == pytest.approx(discordance * (z / 0.02) ** 2, rel=0.02)
    tau = read_score_table([shared_data / "tau_airline_outcomes.jsonl"])
    found = plan_from_history(tau, policy_of({"metric": "reward", "margin": 0.05}), Asked(), baseline=tau.systems[0])
    # pass^1 - pass^2 = .42 - .27333 is the variance of a trial around its case.
    assert found.metrics[0].noise is not None
    assert found.metrics[0].noise.candidate_trials == pytest.approx((0.42 - 0.27333333) / 4, abs=1e-6)
    assert (found.now.cases, found.now.clusters, found.now.trials) == (50, 34, 4)
    assert found.reachable == "by trials"


def trials_of(usages: list[Usage]) -> list[Trial]:
    return [
        Trial(
            key=TrialKey(case_id=f"c{i}"),
            seed=i,
            answer=Answer(text="yes"),
            usage=usage,
            latency_s=2.0,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for i, usage in enumerate(usages)
    ]


def test_a_runs_price_is_what_its_trials_used_and_nothing_where_one_is_unknown():
    priced = [Usage(input_tokens=100 + i, output_tokens=10, calls=1, cost_usd=0.01) for i in range(10)]
    price = price_of_trials(trials_of(priced))
    assert price.tokens is not None
    assert price.tokens.estimate == pytest.approx(114.5)
    assert price.tokens.low is not None
    assert price.tokens.low < 114.5
    assert price.cost_usd is not None
    assert price.cost_usd.low == pytest.approx(0.01)
    assert price.cost_usd.high == pytest.approx(0.01)
    assert price.seconds is not None
    assert price.seconds.estimate == 2.0
    unpriced = price_of_trials(trials_of([*priced, Usage(input_tokens=5, calls=1, cost_usd=None)]))
    assert unpriced.cost_usd is None
    assert unpriced.tokens is not None
    unknown = price_of_trials(trials_of([*priced, Usage(calls=1, unknown_usage_calls=1)]))
    assert (unknown.tokens, unknown.cost_usd) == (None, None)


def test_what_would_settle_a_gate_is_what_is_planned():
    """`needed` of an inconclusive gate and the plan from the same table: one normal theory, the plan's tests exact."""
    rng = np.random.default_rng(26)
    groups = np.repeat(np.arange(30), 4)
    base, cand = ((rng.random(120) < 0.7).astype(float) for _ in range(2))
    policy = policy_of(SUCCESS)
    table = history_of(base, cand, clusters=groups)
    found = compare(table, policy, baseline="base", candidate="cand").metrics[0].needed
    assert found is not None
    planned_size = planned(table, policy).by_clusters
    assert planned_size is not None
    assert planned_size.estimate is not None
    assert found.clusters == pytest.approx(planned_size.estimate.clusters, rel=0.02)


BINARY = {**SUCCESS, "range": "binary"}


@pytest.mark.parametrize(
    ("rule", "figures", "says"),
    [
        (SUCCESS, {"sd": {"": 1e200}}, "--sd"),
        (BINARY, {"sd": {"": 7.0}}, "--sd"),
        (SUCCESS, {"rate": {"": 1.5}, "discordance": {"": 0.2}}, "--rate"),
        (SUCCESS, {"rate": {"": -1.0}, "discordance": {"": 0.2}}, "--rate"),
        (SUCCESS, {"rate": {"": 0.9}, "discordance": {"": 0.3}}, "--discordance"),
        ({**SUCCESS, "margin": 1e300}, {"sd": {"": 1.0}}, "margin"),
        ({**SUCCESS, "margin": 2.0}, {"discordance": {"": 0.2}}, "tolerates any drop"),
        ({"metric": "m", "rule": "superiority", "range": "binary"},
         {"discordance": {"": 0.2}, "effect": {"": 1.5}}, "--effect"),
        ({"metric": "m", "rule": "at_least", "bound": 0.5, "range": "binary"},
         {"rate": {"": 0.8}, "sd": {"": 0.6}}, "--sd"),
    ],
)  # fmt: skip
def test_guesses_that_no_scores_can_have_are_refused(rule, figures, says: str):
    with pytest.raises(GateUndecidable, match=says):
        guessed(rule, **figures)


def test_a_margin_as_wide_as_the_range_is_refused_and_no_noise_is_said():
    rng = np.random.default_rng(27)
    table = history_of(*((rng.random(40) < 0.7).astype(float) for _ in range(2)))
    with pytest.raises(GateUndecidable, match="tolerates any drop"):
        planned(table, policy_of({**SUCCESS, "margin": 1.0}))
    assert any("without any noise" in note for note in guessed(sd={"": 0.0}).notes)
    assert not any("without any noise" in note for note in guessed(sd={"": 0.1}).notes)


def near_the_ceiling() -> ScoreTable:
    """.995 and .99 of 200 cases in 40 clusters, of which 3 differ."""
    base, cand = np.ones(200), np.ones(200)
    base[0] = cand[50] = cand[100] = 0.0
    return history_of(base, cand, clusters=np.repeat(np.arange(40), 5))


def test_near_the_ceiling_a_gate_needs_what_is_planned_and_its_range_is_that_of_the_few_that_differ():
    policy = policy_of(SUCCESS)
    size = planned(near_the_ceiling(), policy).by_clusters
    needed = compare(near_the_ceiling(), policy, baseline="base", candidate="cand").metrics[0].needed
    assert size is not None and size.low is not None and size.estimate is not None and size.high is not None
    assert needed is not None and needed.candidate_calls is not None
    assert needed.clusters == size.estimate.clusters
    low, high = needed.candidate_calls
    for clusters, calls in ((size.low.clusters, low), (size.high.clusters, high)):
        assert calls == pytest.approx(5 * clusters, rel=0.05)
    # 3 of 40: from 2.8 % to 16 % differ; of so few, one in 80 that got worse is not below .05 any more.
    assert size.low.clusters < 60 < size.estimate.clusters < 110 < size.high.clusters
    # Exact: all of the binomial's few clusters, and which of them got worse, through the gate's own bound.
    n, share = size.estimate.clusters, 3 / 40
    refused = sum(
        scipy_stats.binom.pmf(k, n, share) * scipy_stats.binom.pmf(w, k, 0.5)
        for k in range(5)
        for w in range(k + 1)
        if clopper_pearson(w, n).upper(0.05) >= 0.05
    )
    assert estimate(size.estimate.power) == pytest.approx(1 - refused, abs=0.005)


def test_one_system_with_one_trial_may_be_quieter_than_planned_for():
    rng = np.random.default_rng(23)
    scores = (rng.random(100) < 0.8).astype(float)
    table = paired_table(scores, scores, metric="success").of_system("base")
    found = plan_from_history(table, policy_of(SUCCESS), Asked(), baseline="base").metrics[0]
    assert found.se.low is not None
    assert found.se.low < 0.8 * estimate(found.se)
    assert found.power.high is not None
    assert found.power.high > estimate(found.power) + 0.1


def test_a_spend_that_buys_nothing_says_why():
    rng = np.random.default_rng(28)
    base, cand = ((rng.random((50, 2)) < 0.7).astype(float) for _ in range(2))
    notes = planned(history_of(base, cand), policy_of(SUCCESS), Asked(spend=1)).notes
    assert "best for --spend 1: none, because 2 clusters take 4 calls" in notes
    assert "best for --spend 1 on these cases: none, because 1 trial of each takes 100 calls" in notes
    hopeless = paired_table(
        np.ones(50), np.ones(50), metric="success", errors={("base", i, 0): "Timeout" for i in range(9)}
    )
    notes = planned(hopeless, policy_of({**SUCCESS, "range": "binary"}), Asked(spend=500)).notes
    assert sum("ever passes an unchanged candidate" in note for note in notes) == 2
    assert not any(
        "best for" in note for note in planned(history_of(base, cand), policy_of(SUCCESS), Asked(spend=900)).notes
    )


def test_notes_on_guesses_do_not_speak_of_a_history():
    found = guessed(discordance={"": 0.2})
    assert not any("history" in note for note in found.notes)
    with pytest.raises(GateUndecidable, match="--clusters: expected from 1 to 1,000,000,000"):
        Asked(clusters=10**20)
