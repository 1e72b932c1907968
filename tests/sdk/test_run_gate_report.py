"""The verbs together: runs of real targets, kept in MLflow, gated by id and alias, reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from instruments.endpoint import MisbehavingEndpoint

from evalplat.errors import InputError, ModelError, ReferenceUnknown, ResumeMismatch, RunFailed, SpecError, StoreError
from evalplat.sdk.gate import gate
from evalplat.sdk.import_scores import import_scores
from evalplat.sdk.policy import policy_of
from evalplat.sdk.report import report
from evalplat.sdk.run import run
from evalplat.sdk.summarize import summarize

SUITE = """
name: sums
datasets: [cases.jsonl]
scorers:
  - {metric: correct, kind: expectation}
  - {metric: latency_s, kind: latency}
policy: gate.yaml
"""
POLICY = """
metrics:
  - {metric: correct, rule: non_inferiority, margin: 0.1, range: binary}
slices: [slice.size]
"""
AGENTS = """
def right(question):
    a, b = question.split("+")
    return str(int(a) + int(b))

def half(question):
    return right(question) if int(question[0]) % 2 else "no idea"

def broken(question):
    raise ValueError("the database is gone")
"""


@pytest.fixture
def project(workplace: Path) -> Path:
    cases = [
        {
            "id": f"{a}+{b}",
            "input": f"{a}+{b}",
            "expect": {"number": a + b},
            "slices": {"size": "small" if a + b < 10 else "large"},
        }
        for a in range(1, 10)
        for b in range(8)
    ]
    (workplace / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    (workplace / "suite.yaml").write_text(SUITE)
    (workplace / "gate.yaml").write_text(POLICY)
    (workplace / "sums.py").write_text(AGENTS)
    return workplace


def test_a_worse_function_is_stopped_and_its_page_shows_the_cases(project: Path):
    base = run("suite.yaml", "sums:right", alias="production")
    cand = run("suite.yaml", "sums:half")
    assert base.table.metrics == ("correct", "latency_s")
    gated = gate("production", cand.run_id)
    assert gated.decision.verdict == "fail"
    assert gated.decision.baseline.run_id == base.run_id
    assert gated.decision.baseline.ref == "production"
    assert {one.comparison.slice for one in gated.decision.slices} == {"size=small", "size=large"}
    assert len(gated.decision.flips) == 32
    page = gated.html()
    assert "2+0" in page
    assert "no idea" in page
    (project / "decision.json").write_text(gated.json())
    assert "no idea" in report("decision.json")
    assert "sums" in report(cand.run_id)
    assert {row.metric for row in summarize(run=cand.run_id).systems} == {"correct", "latency_s"}


def test_each_score_of_a_flipped_case_says_why_for_both_answers(project: Path):
    gated = gate(run("suite.yaml", "sums:right").run_id, run("suite.yaml", "sums:half").run_id)
    pair = gated.report.pairs[0]
    assert pair.baseline_explanations["correct"] and "no number" in pair.explanations["correct"]
    page = gated.html()
    assert '<th scope="col">Why</th>' in page and pair.baseline_explanations["correct"] in page


def test_the_same_run_twice_passes_and_says_so(project: Path):
    done = run("suite.yaml", "sums:right")
    decision = gate(done.run_id, done.run_id).decision
    assert decision.verdict == "pass"
    assert {"identical_runs", "no_variation"} <= {finding.code for finding in decision.findings}


def test_a_target_is_run_where_a_suite_is_given(project: Path):
    base = run("suite.yaml", "sums:right")
    gated = gate(base.run_id, "sums:half", suite="suite.yaml")
    assert gated.decision.verdict == "fail"
    with pytest.raises(ReferenceUnknown, match="nor is it a target"):
        gate(base.run_id, "nothing-like-this", suite="suite.yaml")


def test_all_trials_failed_says_the_commonest_cause_and_keeps_the_run(project: Path):
    with pytest.raises(RunFailed, match=r"all 72 trials failed.*the database is gone") as caught:
        run("suite.yaml", "sums:broken")
    run_id = str(caught.value).split()[1].rstrip(":")
    (row, _) = summarize(run=run_id).systems
    assert (row.failures, row.mean) == (72, None)


def test_an_unreachable_store_costs_no_trial_and_loses_none(project: Path, monkeypatch: pytest.MonkeyPatch):
    with MisbehavingEndpoint() as endpoint:
        closed = endpoint.base_url
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed.removesuffix("/v1"))
    with pytest.raises(StoreError, match="MLFLOW_TRACKING_URI"):
        run("suite.yaml", "sums:right")
    assert not (project / ".evalplat/ledger.db").exists()


def test_a_store_that_is_lost_during_the_run_gets_it_by_resuming(project: Path, monkeypatch: pytest.MonkeyPatch):
    from evalplat.store import Store

    keep = Store.save_run

    def lost(*args: object, **options: object) -> str:
        raise StoreError("the store went away")

    monkeypatch.setattr(Store, "save_run", lost)
    with pytest.raises(StoreError, match=r"--resume (\S+) brings it to the store") as caught:
        run("suite.yaml", "sums:right")
    run_id = str(caught.value).split("--resume ")[1].split()[0]
    monkeypatch.setattr(Store, "save_run", keep)
    (project / "sums.py").write_text(AGENTS + "\nx = 1\n")
    with pytest.raises(ResumeMismatch, match="the code of the target"):
        run("suite.yaml", "sums:right", resume=run_id)
    (project / "sums.py").write_text(AGENTS)
    assert run("suite.yaml", "sums:right", resume=run_id).run_id == run_id
    assert gate(run_id, run_id).decision.verdict == "pass"


def test_what_is_wrong_is_said_before_any_trial(project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "agent.yaml").write_text("name: a\nmodel: {name: 'openai:nobody'}\n")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        run("suite.yaml", "agent.yaml")
    with MisbehavingEndpoint() as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-not-the-right-one-000000")
        with pytest.raises(ModelError) as refused:
            run("suite.yaml", "agent.yaml")
        assert "sk-not-the-right" not in str(refused.value)
        asked = [entry for entry in endpoint.log if entry.path.endswith("/chat/completions")]
        assert len(asked) <= 1
    with pytest.raises(ModelError):
        run("suite.yaml", "agent.yaml")
    (project / "agent.yaml").write_text("name: a\nmodel: {nam: x}\n")
    with pytest.raises(SpecError, match=r"agent\.yaml:2: model: unknown field 'nam'"):
        run("suite.yaml", "agent.yaml")
    (project / "suite.yaml").write_text(SUITE.replace("kind: latency", "kind: latency, options: {unit: s}"))
    with pytest.raises(SpecError, match="latency_s"):
        run("suite.yaml", "sums:right")


def test_an_agent_on_an_endpoint_runs_and_its_budget_stops_it_resumable(project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "agent.yaml").write_text("name: a\nmodel: {name: 'openai:test-model', max_tokens: 8}\n")

    def respond(request: dict) -> str:
        a, b = request["messages"][-1]["content"].split("+")
        return str(int(a) + int(b))

    with MisbehavingEndpoint(respond=respond) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", endpoint.api_key)
        with pytest.raises(RunFailed, match="--resume") as caught:
            run("suite.yaml", "agent.yaml", max_tokens=400)
        run_id = str(caught.value).split("--resume ")[1].split()[0]
        with pytest.raises(RunFailed):
            run("suite.yaml", "agent.yaml", resume=run_id, max_tokens=400)
        done = run("suite.yaml", "agent.yaml", resume=run_id)
    assert done.summary.systems[0].mean == 1.0
    assert len(done.run.trials) == 72
    answered = [entry for entry in endpoint.log if entry.answered and entry.path.endswith("/chat/completions")]
    counted = sum(trial.usage.total_tokens for trial in done.run.trials)
    assert counted == sum(sum(entry.usage) for entry in answered if entry.usage and entry.body.get("seed") is not None)


def test_imported_scores_are_runs(project: Path, shared_data: Path):
    ids = import_scores([shared_data / "gsm8k_outcomes.jsonl"], suite="gsm8k")
    assert ids == import_scores([shared_data / "gsm8k_outcomes.jsonl"], suite="gsm8k")
    rule = policy_of(metric="is_correct", margin=0.02)
    decision = gate(ids["6b_verification"], ids["175b_finetuning"], policy=rule).decision
    assert decision.verdict == "fail"
    assert decision.metrics[0].comparison.p_value == pytest.approx(0.0026874, abs=5e-8)
    with pytest.raises(InputError, match="--policy"):
        gate(ids["6b_verification"], ids["175b_finetuning"])
