"""tau-bench: the published figures out of the published trajectories, and a way out and back that changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evalplat.errors import LogError
from evalplat.sdk.export import export_run
from evalplat.sdk.import_runs import import_inspect, import_run, import_tau_bench
from evalplat.sdk.report import report
from evalplat.sdk.summarize import summarize
from evalplat.sdk.workspace import workspace
from evalplat.suites import read_score_table
from evalplat.suites.exchange import read_inspect, read_run, read_tau_bench, write_inspect, write_run


@pytest.fixture(scope="module")
def airline(shared_data):
    return read_tau_bench(
        shared_data / "tau_airline_traces.jsonl",
        tools=shared_data / "tau_airline_tools.json",
        scores=read_score_table([shared_data / "tau_airline_outcomes.jsonl"]),
    )


def test_every_message_call_and_tool_of_the_source_is_in_the_traces(airline, shared_data):
    assert (airline.system, len(airline.cases), len(airline.trials)) == ("tau-airline/TC-gpt-4o", 50, 200)
    assert len({case.cluster for case in airline.cases}) == 34
    lines = (shared_data / "tau_airline_traces.jsonl").read_text().splitlines()
    for line, one in zip(lines, airline.trials, strict=True):
        source, spans = json.loads(line), one.trial.trace.spans
        root = spans[0].attributes
        assert len(json.loads(root["gen_ai.tool.definitions"])) == 14
        said = json.loads(root["gen_ai.input.messages"]) + json.loads(root.get("gen_ai.output.messages", "[]"))
        assert [message["role"] for message in said] == [message["role"] for message in source["messages"]]
        calls = [call["function"] for message in source["messages"] for call in message.get("tool_calls") or []]
        results = [message["content"] for message in source["messages"] if message["role"] == "tool"]
        tools = [span.attributes for span in spans if span.name.startswith("execute_tool")]
        assert [own["gen_ai.tool.name"] for own in tools] == [call["name"] for call in calls]
        assert [json.loads(own["gen_ai.tool.call.arguments"]) for own in tools] == [
            json.loads(call["arguments"]) for call in calls
        ]
        assert [own["gen_ai.tool.call.result"] for own in tools] == results
        assert one.grades[0].score == source["reward"]


def test_written_and_read_again_nothing_has_changed(airline, tmp_path):
    write_run(tmp_path / "run.jsonl", airline)
    write_inspect(tmp_path / "run.eval", airline)
    for back in (read_run(tmp_path / "run.jsonl"), read_inspect(tmp_path / "run.eval")):
        assert [case.content_hash for case in back.cases] == [case.content_hash for case in airline.cases]
        assert [one.content_hash for one in back.trials] == [one.content_hash for one in airline.trials]
        assert (back.scorers, back.digest) == (airline.scorers, airline.digest)
    # Inspect's own messages are enough: no trace had to be carried beside them.
    from evalplat.suites.exchange.archive import Archive

    with Archive(tmp_path / "run.eval") as archive:
        samples = [json.loads(archive.read(name)) for name in archive.names if name.startswith("samples/")]
    assert not any("trace" in sample["metadata"]["evalplat"] for sample in samples)
    assert sum(len(sample["messages"]) for sample in samples) == 200 + 1490 + 1290 + 2 * 1164


@pytest.mark.slow
def test_the_published_figures_from_a_kept_run_and_from_its_exports(project, shared_data):
    kept = import_tau_bench(
        shared_data / "tau_airline_traces.jsonl",
        tools=shared_data / "tau_airline_tools.json",
        scores=[shared_data / "tau_airline_outcomes.jsonl"],
        out=project / "cases.jsonl",
    )
    (entry,) = summarize(run=kept.run_id).systems
    assert (entry.mean, entry.n_clusters, entry.n_trials) == (pytest.approx(0.42), 34, 200)
    rounded = {k: round(value, 4) for k, value in entry.pass_hat.items()}
    assert rounded == {"1": 0.42, "2": 0.2733, "3": 0.22, "4": 0.20}
    store = workspace().store()
    before = (store.load_run(kept.run_id), store.load_suite(kept.run_id))
    assert export_run(kept.run_id, project / "run.jsonl") == 200
    assert export_run(kept.run_id, project / "run.eval", to="inspect") == 200
    # In the same store they are the run that is there; in another one they are kept under the same id.
    assert import_run(project / "run.jsonl").run_id == kept.run_id
    assert import_inspect(project / "run.eval").run_id == kept.run_id
    for source in ("run.jsonl", "run.eval"):
        other = project / source.replace(".", "_")
        other.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EVALPLAT_DIR", str(other))
            again = import_run("run.jsonl") if source.endswith("jsonl") else import_inspect("run.eval")
            there = workspace().store()
            assert again.run_id == kept.run_id
            run, suite = there.load_run(again.run_id), there.load_suite(again.run_id)
            assert (run.trials, suite) == (before[0].trials, before[1])
            assert summarize(run=again.run_id).systems[0] == entry
    assert "tau-airline/TC-gpt-4o" in report(kept.run_id)


def trajectory(task: int = 0, trial: int = 0, **other: Any) -> dict[str, Any]:
    """A trajectory in tau-bench's own form."""
    said = [
        {"role": "system", "content": "Help."},
        {"role": "user", "content": "Cancel my booking."},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "cancel", "arguments": '{"id": "B1"}'}},
            {"id": "c2", "type": "function", "function": {"name": "log", "arguments": "not json"}}]},
        {"role": "tool", "tool_call_id": "c2", "name": "log", "content": "logged"},
        {"role": "tool", "tool_call_id": "c1", "name": "cancel", "content": "done"},
        {"role": "assistant", "content": "It is cancelled, key sk-abcdefghijklmnopqrstuv."},
    ]  # fmt: skip
    info = {"task": {"user_id": f"u{task}", "instruction": "You want to cancel.", "actions": [], "outputs": []}}
    return {"task_id": task, "trial": trial, "reward": 1.0, "info": info, "traj": said, **other}


def laid(folder: Path, *rows: dict[str, Any], lines: bool = True) -> Path:
    path = folder / "traces.json"
    path.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows, indent=1))
    return path


@pytest.mark.parametrize("lines", [True, False])
def test_tau_benchs_own_form_with_calls_that_cross_and_arguments_that_are_none(tmp_path, lines):
    found = read_tau_bench(laid(tmp_path, trajectory(), trajectory(0, 1, reward=0), lines=lines), system="v1")
    assert found.cases[0].cluster == "u0"
    spans = [span for span in found.trials[0].trial.trace.spans if span.name.startswith("execute_tool")]
    told = [
        (span.name, span.attributes["gen_ai.tool.call.arguments"], span.attributes["gen_ai.tool.call.result"])
        for span in spans
    ]
    assert told == [("execute_tool cancel", '{"id": "B1"}', "done"), ("execute_tool log", "not json", "logged")]
    assert found.trials[0].trial.answer.text == "It is cancelled, key [redacted]."
    assert "sk-abc" not in found.trials[0].model_dump_json()
    # What garbled arguments were cannot be told by Inspect's messages, so the trace goes along.
    write_inspect(tmp_path / "x.eval", found)
    assert read_inspect(tmp_path / "x.eval").digest == found.digest


def test_a_trajectory_that_broke_off_is_a_failed_trial(tmp_path):
    broken = {"task_id": 0, "trial": 1, "reward": 0.0, "info": {"error": "RateLimit\nslow down"}, "traj": []}
    found = read_tau_bench(laid(tmp_path, broken, trajectory()))
    failed = found.trials[0]
    assert (failed.trial.failure.kind, failed.trial.failure.message) == ("TauBenchError", "RateLimit slow down")
    assert failed.grades[0].error == "TauBenchError: RateLimit slow down"
    assert found.cases[0].input == "You want to cancel."


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (trajectory(1, reward=None), ":2: reward: is missing"),
        (trajectory(1, reward="1"), ":2: reward: expected a number, found '1'"),
        (trajectory(1, reward=True), ":2: reward: expected a number"),
        (trajectory(1, traj=[{"role": "robot", "content": "x"}]), ":2: messages.0: role: expected system"),
        (trajectory(1, traj=[{"role": "user", "content": 3}]), ":2: messages.0: content: expected text or a list"),
        (
            trajectory(1, traj=[{"role": "assistant", "content": "", "tool_calls": [{"function": {}}]}]),
            ":2: messages.0.tool_calls.0.function: name: is missing",
        ),
        (trajectory(1, -1), ":2: trial: expected a number from 0"),
        ({**trajectory(1), "task_id": "a\nb"}, ":2: task_id: must be one non-empty line"),
        (
            trajectory(0, 1, info={"task": {"instruction": "Another."}}),
            ":2: input, cluster: case '0' is another",
        ),
    ],
)
def test_what_is_malformed_is_named_by_line_and_field(tmp_path, bad, said):
    path = laid(tmp_path, trajectory(), bad, trajectory(2))
    with pytest.raises(LogError) as caught:
        read_tau_bench(path)
    assert str(caught.value).startswith(f"{path}{said}")
    assert "\n" not in str(caught.value)


def test_trials_that_occur_twice_and_tables_that_contradict_are_refused(tmp_path):
    with pytest.raises(LogError, match="trial 0 of case '0' occurs twice"):
        read_tau_bench(laid(tmp_path, trajectory(), trajectory()))
    path = laid(tmp_path, trajectory(), trajectory(1))
    table = tmp_path / "scores.jsonl"

    def scored(*rows: dict[str, Any]) -> None:
        base = {"system": "v1", "trial": 0, "metric": "reward", "score": 1, "cluster": "c"}
        table.write_text("".join(json.dumps(base | row) + "\n" for row in rows))
        read_tau_bench(path, scores=read_score_table([table]))

    scored({"task_id": 0}, {"task_id": 1}, {"task_id": 1, "metric": "polite", "score": 0.5})
    with pytest.raises(LogError, match=r":2: reward: is 1\.0, but 0\.0 in the score table"):
        scored({"task_id": 0}, {"task_id": 1, "score": 0})
    with pytest.raises(LogError, match="trial 0 of case '1' is not in the score table"):
        scored({"task_id": 0})
    with pytest.raises(LogError, match="lacks 1 trials of the score table, first trial 3 of case '1'"):
        scored({"task_id": 0}, {"task_id": 1}, {"task_id": 1, "trial": 3})
    with pytest.raises(LogError, match="has 2 systems"):
        scored({"task_id": 0}, {"task_id": 1, "system": "v2"})


def test_a_file_that_was_cut_or_changed_is_refused(tmp_path):
    found = read_tau_bench(laid(tmp_path, trajectory(), trajectory(1)))
    path = tmp_path / "run.jsonl"
    write_run(path, found)
    lines = path.read_text().splitlines()
    assert Counter(next(iter(json.loads(line))) for line in lines) == {"schema": 1, "case": 2, "trial": 2}
    path.write_text("\n".join(lines[:-1]))
    with pytest.raises(LogError, match="has 1 trials where its head says 2: it was cut"):
        read_run(path)
    path.write_text("\n".join(lines).replace('"score":1.0', '"score":0.0', 1))
    with pytest.raises(LogError, match="it was changed after it was exported"):
        read_run(path)
    path.write_text("\n".join([*lines[:3], lines[3].replace("{", '{"x":1,', 1), *lines[4:]]))
    with pytest.raises(LogError, match=r"run\.jsonl:4: unknown field 'x'"):
        read_run(path)
