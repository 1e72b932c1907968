"""Cases that died, several candidates at once, and what real data say of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from instruments.tables import paired_table

from evalplat.gates import compare, decide, decide_several
from evalplat.records import Column, GatePolicy, MetricRule, ScoreTable
from evalplat.stats import fisher_less
from evalplat.suites import read_score_table

RULE = MetricRule(metric="m", margin=0.05, range="binary")
POLICY = GatePolicy(metrics=(RULE,))


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4), min_size=1, max_size=20))
def test_fisher_agrees_with_scipy(tables: list[tuple[int, int, int, int]]):
    c, lost, b, missed = np.array(tables).T
    found = fisher_less(c, c + lost, b, b + missed)
    for i, row in enumerate(tables):
        if c[i] + lost[i] and b[i] + missed[i]:
            expected = scipy.stats.fisher_exact([[row[0], row[1]], [row[2], row[3]]], alternative="less").pvalue
            assert found[i] == pytest.approx(expected, rel=1e-9)
        else:
            assert found[i] == 1


def test_a_case_that_died_is_named_beside_a_pass():
    rng = np.random.default_rng(1)
    base = (rng.random((300, 8)) < 0.9).astype(float)
    cand = (rng.random((300, 8)) < 0.9).astype(float)
    base[7], cand[7] = 1, 0
    decision = decide(compare(paired_table(base, cand), POLICY, baseline="base", candidate="cand"), POLICY)
    assert decision.verdict == "pass"
    (found,) = [one for one in decision.findings if one.code == "cases_died"]
    assert found.cases == ("c7",)
    assert "c7 (8 of 8 -> 0 of 8)" in found.message


def test_unchanged_cases_are_hardly_ever_called_dead():
    rng = np.random.default_rng(2)
    called = 0
    for _ in range(150):
        rates = rng.beta(1, 1, 60)[:, None]
        base, cand = ((rng.random((60, 6)) < rates).astype(float) for _ in range(2))
        found = compare(paired_table(base, cand), POLICY, baseline="base", candidate="cand").findings
        called += any(one.code == "cases_died" for one in found)
    assert called <= 12  # .05 of 150, and room for chance


def test_one_trial_a_case_shows_no_death():
    base, cand = np.ones(60), np.zeros(60)
    found = compare(paired_table(base, cand), POLICY, baseline="base", candidate="cand").findings
    assert not [one for one in found if one.code == "cases_died"]


def several(rates: list[float], rng: np.random.Generator, n: int = 150) -> ScoreTable:
    base = (rng.random(n) < 0.8).astype(float)
    tables = []
    for k, rate in enumerate(rates):
        own = (rng.random(n) < rate).astype(float)
        cand = np.where(rng.random(n) < 0.6, base, own) if rate == 0.8 else own
        table = paired_table(base, cand, systems=("base", f"c{k}"))
        tables.append(table if k == 0 else table.of_system(f"c{k}"))
    return ScoreTable.concat(tables)


def test_the_best_of_many_lucky_candidates_does_not_ship():
    rng = np.random.default_rng(3)
    names = [f"c{k}" for k in range(6)]
    rule = MetricRule(metric="m", rule="superiority", range="binary")
    policy = GatePolicy(metrics=(rule,))
    naive = adjusted = 0
    for _ in range(120):
        table = several([0.8] * 6, rng)
        alone = [decide(compare(table, policy, baseline="base", candidate=name), policy) for name in names]
        together = decide_several(table, policy, baseline="base", candidates=names)
        naive += any(one.verdict == "pass" for one in alone)
        adjusted += any(one.verdict == "pass" for one in together)
    assert naive >= 18 and adjusted <= 12


def test_of_several_the_broken_one_fails_and_the_better_one_passes():
    table = several([0.99, 0.3, 0.8], np.random.default_rng(4), n=400)
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.02, range="binary"),))
    found = decide_several(table, policy, baseline="base", candidates=["c0", "c1", "c2"])
    assert [one.verdict for one in found] == ["pass", "fail", "inconclusive"]
    assert [one.candidate.ref for one in found] == ["c0", "c1", "c2"]
    assert all(one.policy_sha256 == policy.content_hash for one in found)


def test_one_candidate_alone_is_the_plain_gate():
    table = several([0.75], np.random.default_rng(5))
    (one,) = decide_several(table, POLICY, baseline="base", candidates=["c0"])
    plain = decide(compare(table, POLICY, baseline="base", candidate="c0"), POLICY)
    assert (one.verdict, one.metrics) == (plain.verdict, plain.metrics)
    with pytest.raises(ValueError, match="each but once"):
        decide_several(table, POLICY, baseline="base", candidates=["c0", "c0"])


def test_deepswe_cost_fails_while_reward_passes_and_easy_tasks_are_shown(shared_data: Path, tmp_path: Path):
    raw = pd.read_json(shared_data / "deepswe_harness_ab_outcomes.jsonl", lines=True)
    rows = [
        {
            "system": row.system, "case_id": row.task_id, "cluster": row.cluster, "trial": row.trial, "metric": metric,
            "score": value, "slice.difficulty": row.difficulty,
        }
        for row in raw.itertuples()
        for metric, value in (("reward", row.reward_partial), ("cost_usd", row.cost_usd))
    ]  # fmt: skip
    path = tmp_path / "deepswe.jsonl"
    pd.DataFrame(rows).to_json(path, orient="records", lines=True)
    policy = GatePolicy(
        metrics=(
            MetricRule(metric="reward", margin=0.02, range=(0.0, 1.0)),
            MetricRule(metric="cost_usd", statistic="ratio", margin=0.10, direction="lower"),
        ),
        slices=("slice.difficulty",),
        cluster="none",
    )
    base, cand = sorted(raw.system.unique(), key=lambda name: raw[raw.system == name].reward_partial.mean())
    decision = decide(compare(read_score_table([path]), policy, baseline=base, candidate=cand), policy)
    reward, cost = decision.metrics
    assert (decision.verdict, reward.verdict, cost.verdict) == ("fail", "pass", "fail")
    assert cost.comparison.difference == pytest.approx(1.63, abs=0.005)
    easy = next(
        one
        for one in decision.slices
        if one.comparison.slice == "difficulty=easy" and one.comparison.metric == "reward"
    )
    assert easy.comparison.difference == pytest.approx(-0.043, abs=0.0005)
    assert easy.comparison.se == pytest.approx(0.027, abs=0.0005)
    assert easy.verdict != "fail"
    assert not [one for one in decision.findings if one.code == "slice_regression" and one.metric == "reward"]


def test_bfcl_the_scorer_changed_and_not_the_agents(shared_data: Path):
    raw = pd.read_parquet(shared_data / "bfcl_outcomes.parquet")
    raw = raw[raw.snapshot.astype(str).isin(["2024-07-06", "2024-07-20"])]
    keys = (raw.system.astype(str) + " " + raw.category.astype(str) + " " + raw.case.astype(str)).tolist()
    table = ScoreTable(
        system=Column.of(raw.snapshot.astype(str).tolist()),
        case=Column.of(keys),
        metric=Column.of(["valid"] * len(raw)),
        trial=np.zeros(len(raw), dtype=np.int32),
        score=raw.valid.to_numpy(dtype=float),
        error=Column.of([None] * len(raw)),
        output_sha256=Column.of(keys),  # made up: equal for equal cases
        slices={"slice.category": Column.of(raw.category.astype(str).tolist())},
    )
    policy = GatePolicy(metrics=(MetricRule(metric="valid", margin=0.01, range="binary"),), slices=("slice.category",))
    decision = decide(
        compare(table, policy, baseline="2024-07-06", candidate="2024-07-20", lacking="intersect"), policy
    )
    assert decision.findings[0].code == "scorer_drift"
    assert "151 trials have byte-identical outputs" in decision.findings[0].message
    assert all(flip.change < 0 for flip in decision.flips) and len(decision.flips) == 151
    worse = {one.message.split(":")[0] for one in decision.findings if one.code == "slice_regression"}
    assert worse and all("java" in one for one in worse)


@pytest.mark.slow
def test_livecodebench_halves_of_one_system_rarely_fail(shared_data: Path):
    raw = pd.read_json(shared_data / "livecodebench_multitrial.jsonl", lines=True)
    raw = raw[(raw.system == "GPT-4O-2024-05-13") & (raw.n_trials == 10)]
    raw = raw[raw.scenario == raw.scenario.value_counts().index[0]]
    rng = np.random.default_rng(20_240_513)
    trials = (np.arange(10) < raw.n_pass.to_numpy()[:, None]).astype(float)
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.02, range="binary"),))
    verdicts = []
    for _ in range(200):
        mixed = rng.permuted(trials, axis=1)
        table = paired_table(mixed[:, :5], mixed[:, 5:])
        verdicts.append(decide(compare(table, policy, baseline="base", candidate="cand"), policy).verdict)
    assert verdicts.count("fail") <= 20
    assert verdicts.count("pass") >= 100
