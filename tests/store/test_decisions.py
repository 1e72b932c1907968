"""Decisions: a run of their own that links both sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary

from evalplat.errors import ReferenceUnknown
from evalplat.records import Decision, MetricComparison, MetricDecision, Side
from evalplat.store import Store


def comparison(metric: str, statistic: str = "mean", rule: str = "non_inferiority") -> MetricComparison:
    return MetricComparison(
        metric=metric, statistic=statistic, rule=rule, direction="higher", gating=True, alpha=0.05, margin=0.02,
        n_cases=4, n_clusters=2, n_trials=(8, 8), clustered=True, baseline=0.6, candidate=0.7, difference=0.1,
        ci_low=0.01, ci_high=0.19, confidence=0.9, p_value=0.03, p_null="difference = 0", method="CR2",
    )  # fmt: skip


def decision(baseline: str | None = "r-1", candidate: str | None = "r-2", *, rules: bool = False) -> Decision:
    compared = [comparison("correct"), comparison("cost", "ratio")]
    if rules:
        compared = [comparison("correct"), comparison("correct", rule="superiority")]
    return Decision(
        verdict="pass",
        decision="ship",
        reason="v2 is better than v1 by 0.10 [link](javascript:alert(1))",
        estimand="population",
        baseline=Side(ref="production", n_cases=4, n_trials=8, run_id=baseline),
        candidate=Side(ref="https://u:p@agents.example/ask", n_cases=4, n_trials=8, run_id=candidate),
        metrics=tuple(MetricDecision(comparison=one, verdict="pass", reason="L > -m") for one in compared),
        policy_sha256="ab" * 32,
        version="0.1.0",
    )


def test_decision_links_both_runs(store: Store, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    suite = make_suite()
    ids = {}
    for run_id in ("r-1", "r-2"):
        run = make_run(run_id, suite)
        ids[run_id] = store.save_run(run, suite, make_scores(run, suite), make_summary(run))
    files = {"decision.json": '{"schema": "evalplat.decision/1"}', "report.html": "<!doctype html>"}
    mlflow_run_id = store.save_decision(decision(), suite=suite.name, files=files)
    client = MlflowClient(store.uri, store.uri)
    kept = client.get_run(mlflow_run_id)
    assert kept.info.experiment_id == client.get_run(ids["r-1"]).info.experiment_id
    assert kept.data.tags["evalplat.baseline.run_id"] == "r-1"
    assert kept.data.tags["evalplat.candidate.mlflow_run_id"] == ids["r-2"]
    assert f"runs/{ids['r-1']})" in kept.data.tags["mlflow.note.content"]
    assert "](javascript" not in kept.data.tags["mlflow.note.content"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"u:p@" in path.read_bytes()]
    assert kept.data.metrics["correct.difference"] == 0.1
    assert kept.data.metrics["correct.ci_low"] == 0.01
    assert kept.data.metrics["cost.ratio.p_value"] == 0.03
    assert kept.data.tags["evalplat.verdict.cost.ratio"] == "pass"
    names = {found.path for found in client.list_artifacts(mlflow_run_id)}
    assert names == {"decision.json", "decision.record.json", "report.html"}
    loaded = store.load_decision(mlflow_run_id)
    assert loaded.candidate.ref == "https://agents.example/ask"
    assert loaded.model_copy(update={"candidate": decision().candidate}) == decision()
    assert {run.run_id for run in store.runs()} == {"r-1", "r-2"}


def test_same_decision_again_is_the_same_run(store: Store) -> None:
    first = store.save_decision(decision(None, None), suite=None, files={"report.html": "one"})
    assert store.save_decision(decision(None, None), suite=None, files={"report.html": "two"}) == first
    assert store.save_decision(decision(None, None), suite="desk", files={}) != first
    assert store.runs() == ()


def test_two_rules_of_one_metric_stay_apart(store: Store) -> None:
    from mlflow.tracking import MlflowClient

    mlflow_run_id = store.save_decision(decision(None, None, rules=True), suite=None, files={})
    metrics = MlflowClient(store.uri, store.uri).get_run(mlflow_run_id).data.metrics
    assert {"correct.non_inferiority.ci_low", "correct.superiority.ci_low"} <= set(metrics)


def test_unknown_decision(store: Store) -> None:
    with pytest.raises(ReferenceUnknown):
        store.load_decision("0" * 32)
