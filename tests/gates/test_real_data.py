"""Real outcomes with known numbers (../shared/data)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalplat.errors import ScoreTableError
from evalplat.gates import compare, decide, summarize
from evalplat.records import Decision, GatePolicy, MetricRule
from evalplat.suites import read_score_table


def decided(path: Path, baseline: str, candidate: str, *, cluster: str | None = None, **rule: object) -> Decision:
    policy = GatePolicy(metrics=(MetricRule(**rule),), cluster=cluster)  # type: ignore[arg-type]
    table = read_score_table([path])
    return decide(compare(table, policy, baseline=baseline, candidate=candidate), policy)


def written(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_parquet(path, index=False)
    return path


def test_tau_airline_pass_k(shared_data: Path):
    (row,) = summarize(read_score_table([shared_data / "tau_airline_outcomes.jsonl"])).systems
    assert (row.n_cases, row.n_trials, row.failures, row.n_clusters) == (50, 200, 0, 34)
    assert row.mean == pytest.approx(0.42)
    assert [row.pass_hat[k] for k in "1234"] == pytest.approx([0.42, 0.27333333, 0.22, 0.20])


def test_tau_trials_against_trials_is_nothing_to_report(shared_data: Path, tmp_path: Path):
    frame = pd.read_json(shared_data / "tau_airline_outcomes.jsonl", lines=True)
    frame["system"] = np.where(frame["trial"] < 2, "first", "second")
    frame["trial"] %= 2
    path = written(frame, tmp_path / "halves")
    # The clusters are of uneven size: CR2 gives .0444 where CR1, the data's published figure, gives .0442.
    for cluster, se, n in ((None, 0.0444, 34), ("none", 0.0451, 50)):
        decision = decided(path, "first", "second", cluster=cluster, metric="reward", margin=0.05)
        found = decision.metrics[0].comparison
        assert found.difference == pytest.approx(-0.020)
        assert found.se == pytest.approx(se, abs=5e-5)
        assert found.n_clusters == n
        assert decision.verdict != "fail"


def test_gsm8k_drop_fails(shared_data: Path):
    path = shared_data / "gsm8k_outcomes.jsonl"
    decision = decided(path, "6b_verification", "175b_finetuning", metric="is_correct", margin=0.02)
    found = decision.metrics[0].comparison
    assert decision.verdict == "fail"
    assert found.difference == pytest.approx(-0.043215, abs=5e-7)
    assert found.p_value == pytest.approx(0.0026874, abs=5e-8)
    assert not found.clustered
    gain = decided(path, "6b_finetuning", "6b_verification", metric="is_correct", rule="superiority")
    assert gain.verdict == "pass"


def test_deepswe_failed_runs_are_refused_as_scores(shared_data: Path, tmp_path: Path):
    frame = pd.read_json(shared_data / "deepswe_harness_ab_outcomes.jsonl", lines=True)
    frame["metric"], frame["score"] = "reward_binary", frame["reward_binary"]
    path = tmp_path / "deepswe.jsonl"
    frame[["system", "task_id", "trial", "metric", "score"]].to_json(path, orient="records", lines=True)
    row = int(np.flatnonzero(frame["reward_binary"] == -1)[0]) + 1
    with pytest.raises(ScoreTableError, match=rf"deepswe\.jsonl.*\b{row}\b.*score"):
        read_score_table([path], ranges={"reward_binary": "binary"})


def test_agentdojo_is_clustered_on_user_tasks(shared_data: Path, tmp_path: Path):
    frame = pd.read_parquet(shared_data / "agentdojo_outcomes.parquet")
    attacks = ["important_instructions", "important_instructions_no_model_name"]
    frame = frame[frame["model"].str.startswith("gpt-4o-2024-05-13") & frame["attack"].isin(attacks)]
    frame = frame.assign(
        system=frame["attack"],
        case_id=frame["suite"] + "/" + frame["user_task"] + "/" + frame["injection_task"],
        cluster=frame["suite"] + "/" + frame["user_task"],
        metric="attack_success",
        score=frame["security"].astype(float),
    )[["system", "case_id", "cluster", "metric", "score"]]
    path = written(frame, tmp_path / "agentdojo")
    for cluster, se, n in ((None, 0.0130, 97), ("none", 0.0127, 629)):
        decision = decided(path, *attacks, cluster=cluster, metric="attack_success", margin=0.02, direction="lower")
        found = decision.metrics[0].comparison
        assert found.n_cases == 629
        assert found.n_clusters == n
        assert found.difference == pytest.approx(-0.0159, abs=5e-5)
        assert found.se == pytest.approx(se, abs=5e-5)
        assert decision.verdict != "fail"


def test_deepswe_costs_more_while_it_gets_better(shared_data: Path, tmp_path: Path):
    frame = pd.read_json(shared_data / "deepswe_harness_ab_outcomes.jsonl", lines=True)
    frame = frame.assign(metric="reward_partial", score=frame["reward_partial"])
    frame["slice.difficulty"] = frame["difficulty"]
    columns = ["system", "task_id", "trial", "metric", "score", "cost_usd", "slice.difficulty"]
    path = written(frame[columns], tmp_path / "deepswe")
    policy = GatePolicy(
        metrics=(
            MetricRule(metric="reward_partial", margin=0.02, range=(0.0, 1.0)),
            MetricRule(metric="cost_usd", statistic="ratio", margin=0.10, direction="lower"),
        ),
        slices=("slice.difficulty",),
    )
    baseline, candidate = "baseline", "memory"
    table = read_score_table([path])
    baseline = next(name for name in table.systems if "base" in name)
    candidate = next(name for name in table.systems if name != baseline)
    decision = decide(compare(table, policy, baseline=baseline, candidate=candidate), policy)
    reward, cost = decision.metrics
    assert (reward.verdict, cost.verdict, decision.verdict) == ("pass", "fail", "fail")
    assert reward.comparison.difference == pytest.approx(0.0822, abs=5e-5)
    assert reward.comparison.se == pytest.approx(0.0322, abs=5e-5)
    assert cost.comparison.difference == pytest.approx(1.63, abs=5e-3)
    easy = next(s for s in decision.slices if s.comparison.slice == "difficulty=easy" and s.comparison.range)
    assert easy.comparison.difference == pytest.approx(-0.043, abs=5e-4)
    assert easy.comparison.se == pytest.approx(0.027, abs=5e-4)
    assert easy.verdict != "fail"
    assert not [
        finding for finding in decision.findings if finding.code == "slice_regression" and "reward" in finding.message
    ]
