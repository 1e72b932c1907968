"""AgentDojo: known figures out of published outcomes and traces, and its own folder of logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalplat.errors import LogError
from evalplat.gates import compare, summarize
from evalplat.records import GatePolicy, MetricRule
from evalplat.suites.exchange import read_agentdojo, read_agentdojo_table, read_run, write_inspect, write_run
from evalplat.suites.exchange.inspect_read import read_inspect

GPT, ATTACK = "gpt-4o-2024-05-13", "important_instructions"


def test_the_known_figures_of_the_published_outcomes(shared_data):
    table, notes = read_agentdojo_table(shared_data / "agentdojo_outcomes.parquet")
    assert len(table.systems) == 30
    assert notes == ("216 runs of injection tasks as user tasks, which examine the benchmark",)
    one, other = f"{GPT} + {ATTACK}", f"{GPT} + {ATTACK}_no_model_name"
    entry = next(e for e in summarize(table.of_system(one)).systems if e.metric == "attack_success")
    assert (entry.n_cases, entry.n_clusters, round(entry.mean, 4)) == (629, 97, 0.4769)
    rule = MetricRule(metric="attack_success", rule="non_inferiority", margin=0.05, direction="lower")
    (found,) = compare(table, GatePolicy(metrics=(rule,)), baseline=one, candidate=other).metrics
    assert (found.n_cases, found.n_clusters) == (629, 97)
    assert found.difference == pytest.approx(-0.0159, abs=5e-5)
    # The 90 % interval of CR2 with its degrees of freedom, about a standard error of 0.0130.
    assert (found.ci_high - found.ci_low) / 2 / 1.66 == pytest.approx(0.0130, rel=0.03)
    assert {e.metric for e in summarize(table.of_system(GPT)).systems} == {"utility"}


def test_the_published_traces_and_their_way_out_and_back(shared_data, tmp_path):
    attacked, plain = read_agentdojo(shared_data / "agentdojo_traces.jsonl")
    assert (attacked.system, len(attacked.trials)) == (f"{GPT} + {ATTACK}", 144)
    assert (plain.system, len(plain.trials), len(plain.cases)) == (GPT, 16, 16)
    rows = [json.loads(line) for line in (shared_data / "agentdojo_traces.jsonl").read_text().splitlines()]
    wanted = [row for row in rows if row["attack"] == ATTACK]
    for row, one in zip(wanted, attacked.trials, strict=True):
        assert [grade.score for grade in one.grades] == [float(row["utility"]), float(row["security"])]
        calls = [call for message in row["messages"] for call in message.get("tool_calls") or []]
        errors = [message["error"] for message in row["messages"] if message["role"] == "tool"]
        tools = [span for span in one.trial.trace.spans if span.name.startswith("execute_tool")]
        assert [span.attributes["gen_ai.tool.name"] for span in tools] == [c["function"]["name"] for c in calls]
        assert [span.status_message or None for span in tools] == errors
    for found in (attacked, plain):
        write_run(tmp_path / "run.jsonl", found)
        write_inspect(tmp_path / "run.eval", found)
        assert read_run(tmp_path / "run.jsonl").digest == found.digest
        assert read_inspect(tmp_path / "run.eval").digest == found.digest


def own(user: str = "user_task_0", injection: str | None = "injection_task_1", **other: Any) -> dict[str, Any]:
    """A run as AgentDojo's logger writes it now, with blocks of content and calls of its own form."""
    said = [
        {"role": "user", "content": [{"type": "text", "content": "Pay the bill."}]},
        {"role": "assistant", "content": None, "tool_calls": [{"function": "pay", "args": {"to": "X"}, "id": None}]},
        {"role": "tool", "content": [{"type": "text", "content": "no"}], "tool_call": {}, "tool_call_id": None,
         "error": "Denied"},
        {"role": "assistant", "content": [{"type": "text", "content": "Denied."}], "tool_calls": None},
    ]  # fmt: skip
    return {"suite_name": "banking", "pipeline_name": "m", "user_task_id": user, "injection_task_id": injection,
            "attack_type": "direct", "injections": {}, "messages": said, "error": None, "utility": True,
            "security": False, "duration": 1.5, **other}  # fmt: skip


def laid(folder: Path, row: dict[str, Any]) -> Path:
    place = folder / "m" / "banking" / row["user_task_id"] / str(row["attack_type"])
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{row['injection_task_id']}.json"
    path.write_text(json.dumps(row, indent=4))
    return path


def test_its_own_folder_of_logs(tmp_path):
    laid(tmp_path, own())
    laid(tmp_path, own(injection="injection_task_2", error="429\nslow", utility=False, security=True))
    laid(tmp_path, own("user_task_1", None, attack_type=None))
    laid(tmp_path, own("injection_task_0", None, attack_type=None))
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    plain, attacked = sorted(read_agentdojo(tmp_path), key=lambda one: one.system)
    assert (plain.system, attacked.system) == ("m", "m + direct")
    assert [grade.metric for grade in plain.trials[0].grades] == ["utility"]
    good, failed = attacked.trials
    assert [(grade.metric, grade.score) for grade in good.grades] == [("utility", 1.0), ("attack_success", 0.0)]
    assert {(grade.score, grade.error) for grade in failed.grades} == {(None, "AgentDojoError: 429 slow")}
    case = attacked.cases[0]
    assert (case.id, case.cluster, case.input) == ("banking/user_task_0/injection_task_1", "banking/user_task_0",
                                                   "Pay the bill.")  # fmt: skip
    call = good.trial.trace.spans[2]
    assert (call.name, call.status, call.status_message) == ("execute_tool pay", "error", "Denied")
    assert (call.attributes["gen_ai.tool.call.arguments"], good.trial.latency_s) == ('{"to": "X"}', 1.5)


def test_what_is_malformed_is_named_by_file_and_field(tmp_path):
    laid(tmp_path, own())
    for change, said in (
        ({"utility": "yes"}, "utility: expected true or false, found 'yes'"),
        ({"messages": None}, "messages: is missing"),
        ({"duration": -1}, "duration: expected seconds"),
        ({"suite_name": None}, "suite_name: is missing"),
    ):
        path = laid(tmp_path, own(injection="injection_task_2") | change)
        with pytest.raises(LogError) as caught:
            read_agentdojo(tmp_path)
        assert str(caught.value) == f"{path}: {said}" or str(caught.value).startswith(f"{path}: {said}")
    path.write_text("{\n")
    with pytest.raises(LogError, match=r"injection_task_2\.json: is not JSON"):
        read_agentdojo(tmp_path)
    with pytest.raises(LogError, match="has no runs of user tasks"):
        read_agentdojo(laid(tmp_path / "none", own("injection_task_1")).parent)
