"""`evalplat dataset curate` and what follows, as a user types it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalplat.cli import main

Command = Callable[..., "subprocess.CompletedProcess[str]"]

ESC = "\x1b"
KEY = "sk-live-abcdefghij1234567890XYZ"
MAIL = "jane.roe@mailbox.org"
ASKED = f"My address is {MAIL} and my key is {KEY}: why did nothing come to {MAIL}?"
SUITE = (
    "name: s\ndatasets: [d.jsonl]\nscorers: [{metric: correct, kind: contains}, {metric: latency_s, kind: latency}]\n"
)


@pytest.fixture
def evalplat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`evalplat ARGS` in tmp_path, in this process: a new one for each of some 30 commands would take a minute."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
            patch.setattr("sys.argv", ["evalplat", *map(str, args)])
            main()
        told = capsys.readouterr()
        return subprocess.CompletedProcess(args, int(end.value.code or 0), told.out, told.err)

    return run


def lay(path: Path, *cases: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))


def span(number: int, *said: tuple[str, str]) -> dict[str, Any]:
    messages = [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.input.messages": json.dumps(messages[:-1]),
        "gen_ai.output.messages": json.dumps(messages[-1:]),
    }
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "invoke_agent desk",
        "startTimeUnixNano": str(number * 10**9),
        "endTimeUnixNano": str(number * 10**9 + 7),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }


def traces(path: Path, *spans: dict[str, Any]) -> None:
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}))


def files_hold(folder: Path, text: str) -> list[str]:
    return [path.name for path in folder.glob("d*") if text.encode() in path.read_bytes()]


def test_from_a_trace_to_a_case_that_runs(evalplat, tmp_path):
    """A trace with an e-mail address and a key -> pending without them -> accepted -> in the diff -> runs."""
    lay(tmp_path / "d.jsonl", {"id": "old", "input": "How much is shipping?", "expect": {"answers": ["4.95"]}})
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "curated_desk.py").write_text("def answer(text):\n    return 'sent again to ' + text\n")
    traces(
        tmp_path / "t.json",
        span(0xA1, ("user", ASKED), ("assistant", f"Sent again to {MAIL}, with {KEY}.")),
        span(0xA2, ("user", "how much is SHIPPING"), ("assistant", "4.95")),
        span(0xA3, ("user", "Hello"), ("assistant", "Yes?"), ("user", "Cheques?"), ("assistant", "No.")),
    )
    assert evalplat("dataset", "version", "d").stdout.endswith("d@v1\n")
    before = (tmp_path / "d.jsonl").read_bytes()

    done = json.loads(evalplat("dataset", "curate", "d", "--traces", "t.json", "--by", "ana", "--json", "-").stdout)
    assert [one["case"]["id"] for one in done["pending"]] == ["trace-0000000000a1", "trace-0000000000a3"]
    assert [(one["of"], one["place"]) for one in done["duplicates"]] == [("old", "dataset")]
    told = done["pending"][0]
    assert told["case"]["input"] == (
        "My address is [e-mail 1] and my key is [redacted]: why did nothing come to [e-mail 1]?"
    )
    assert told["provenance"]["said"] == "Sent again to [e-mail 1], with [redacted]."
    assert (told["provenance"]["trace_id"], told["provenance"]["by"]) == (f"{0xA1:032x}", "ana")
    assert files_hold(tmp_path, MAIL) == files_hold(tmp_path, KEY) == []

    # While it waits neither a run nor a hash knows of it.
    assert (tmp_path / "d.jsonl").read_bytes() == before
    assert "no difference" in evalplat("dataset", "diff", "d@v1", "d").stdout
    shown = evalplat("dataset", "pending", "d").stdout
    assert "2 pending, 0 of them ready" in shown
    assert "? trace-0000000000a1  lacks an expectation" in shown
    assert "the user said 2 things; the case asks the first only" in shown

    refused = evalplat("dataset", "accept", "d", "trace-0000000000a1")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "lacks an expectation: give one" in refused.stderr
    accepted = evalplat(
        *("dataset", "accept", "d", "trace-0000000000a1", "--answer", "sent again", "--slice", "topic=mail"),
        *("--cluster", "mail", "--by", "ben"),
    )
    assert (accepted.stdout, accepted.stderr) == ("trace-0000000000a1\n", "")
    assert evalplat("dataset", "reject", "d", "trace-0000000000a3", "-m", "chat").returncode == 0
    assert not (tmp_path / "d.pending.jsonl").exists()
    log = [json.loads(line) for line in (tmp_path / "d.curated.jsonl").read_text().splitlines()]
    assert (log[0]["status"], log[0]["by"]) == ("accepted", "ben")
    assert (log[1]["status"], log[1]["note"]) == ("rejected", "chat")

    found = json.loads(evalplat("dataset", "diff", "d@v1", "d", "--json", "-").stdout)
    assert (found["added"], found["removed"], found["n_same"]) == (["trace-0000000000a1"], [], 1)
    again = json.loads(evalplat("dataset", "curate", "d", "--traces", "t.json", "--json", "-").stdout)
    assert [one["place"] for one in again["duplicates"]] == ["dataset", "dataset", "rejected"]
    assert again["pending"] == []

    run_id = evalplat("run", "suite.yaml", "--agent", "curated_desk:answer").stdout.split()[-1]
    summary = json.loads(evalplat("summarize", run_id, "--json", "-").stdout)
    correct = next(one for one in summary["systems"] if one["metric"] == "correct")
    assert (correct["n_cases"], correct["mean"]) == (2, 0.5)


def test_failures_of_a_run_become_groups_slices_cases_and_retired_cases(evalplat, tmp_path):
    places, things = ["Ireland", "Spain", "France", "Norway"], ["kettle", "lamp", "chair", "coat"]
    cases = [{"id": f"ship-{p}", "input": f"How long does a parcel to {p} take?"} for p in places]
    cases += [{"id": f"back-{t}", "input": f"How do I get a refund for my {t}?"} for t in things]
    cases += [{"id": f"open-{n}", "input": f"Is the shop open on day {n}?", "slices": {"k": "open"}} for n in range(4)]
    cases[-1]["tags"] = ["safety"]
    lay(tmp_path / "d.jsonl", *({**case, "expect": {"answers": ["ok"]}} for case in cases))
    (tmp_path / "suite.yaml").write_text(SUITE + "trials: 15\n")
    (tmp_path / "curated_agents.py").write_text(
        "def good(text):\n    return 'ok'\n\ndef bad(text):\n    if 'refund' in text:\n"
        "        raise RuntimeError('no refunds')\n    return 'no' if 'parcel' in text else 'ok'\n"
    )
    good, bad = (
        evalplat("run", "suite.yaml", "--agent", f"curated_agents:{n}").stdout.split()[-1] for n in ("good", "bad")
    )
    assert "no trial failed (metrics: correct)" in evalplat("dataset", "group", good).stderr

    groups = json.loads(evalplat("dataset", "group", bad, "--json", "-").stdout)
    assert [(one["id"], one["failed"], len(one["cases"])) for one in groups["groups"]] == [
        ("g1", {"correct": 4}, 4),
        ("g2", {"TargetFailed": 4}, 4),
    ]
    label = ("dataset", "label-group", bad, "g1", "--name", "parcels", "--label", "cause=retrieval", "--by", "ana")
    assert evalplat(*label).stdout == "parcels\n"
    # Made again, the same groups keep what people said of them.
    again = evalplat("dataset", "group", bad).stdout
    assert "g1  parcels  (4 cases; correct 4;" in again
    assert "cause: retrieval (by ana," in again

    assert evalplat("dataset", "version", "d").returncode == 0
    assert "4 cases changed" in evalplat("dataset", "slice", "d", "--run", bad, "--group", "parcels").stdout
    found = json.loads(evalplat("dataset", "diff", "d@v1", "d", "--json", "-").stdout)
    assert {(c["id"], f["field"], f["after"]) for c in found["changed"] for f in c["fields"]} == {
        (f"ship-{place}", "slices.failure", "parcels") for place in places
    }
    new = json.loads(evalplat("dataset", "curate", "new.jsonl", "--run", bad, "--group", "g2", "--json", "-").stdout)
    assert [one["provenance"]["failed"] for one in new["pending"]] == [["TargetFailed"]] * 4
    assert new["pending"][0]["provenance"]["source"] == f"run:{bad}"
    assert evalplat("dataset", "accept", "new.jsonl", "--all").stdout.split() == [f"back-{thing}" for thing in things]
    failed = json.loads(evalplat("dataset", "curate", "d", "--run", bad, "--failed", "--json", "-").stdout)
    assert ([one["place"] for one in failed["duplicates"]], failed["pending"]) == (["dataset"] * 8, [])

    asked = ("dataset", "retire", "d", "--run", good, "--run", bad)
    before = (tmp_path / "d.jsonl").read_bytes()
    proposed = evalplat(*asked)
    assert "3 cases could be retired: 25.0% of the calls of a run, 12 -> 9 clusters" in proposed.stdout
    assert "1 more are about safety, or to be kept, and stay: open-3" in proposed.stdout
    assert "still guards against regressions" in proposed.stdout
    assert (tmp_path / "d.jsonl").read_bytes() == before
    assert "0 cases could be retired" in evalplat(*asked, "--keep", "k=open").stdout
    assert json.loads(evalplat(*asked, "--apply", "--by", "ana", "--json", "-").stdout)["applied"] is True
    assert len((tmp_path / "d.jsonl").read_text().splitlines()) == 9
    diff = evalplat("dataset", "diff", "d@v1", "d").stdout
    assert "0 added, 3 removed (of them 3 retired), 4 changed" in diff
    assert "- (retired) open-0" in diff
    assert evalplat("dataset", "restore", "d", "open-0", "open-1", "open-2").returncode == 0
    assert "0 removed, 4 changed" in evalplat("dataset", "diff", "d@v1", "d").stdout
    assert not (tmp_path / "d.retired.jsonl").exists()


@pytest.mark.parametrize(("among", "where"), [(True, "datasets/new"), (False, "new")])
def test_a_new_dataset_begins_with_what_waits_for_it(evalplat, tmp_path, among, where):
    traces(tmp_path / "t.json", span(0xA1, ("user", "How much?"), ("assistant", "4.95")))
    if among:
        (tmp_path / "datasets").mkdir()
    done = evalplat("dataset", "curate", "new", "--traces", "t.json")
    assert done.returncode == 0, done.stderr
    assert f"1 pending now -> {where}.pending.jsonl" in done.stdout
    (tmp_path / "datasets").mkdir(exist_ok=True)  # one that comes later moves nothing
    assert "1 pending" in evalplat("dataset", "pending", "new").stdout
    again = json.loads(evalplat("dataset", "curate", "new", "--traces", "t.json", "--json", "-").stdout)
    assert [one["place"] for one in again["duplicates"]] == ["pending"]
    assert evalplat("dataset", "accept", "new", "trace-0000000000a1", "--number", "4.95").returncode == 0
    assert (tmp_path / f"{where}.jsonl").is_file()
    assert f"{where}.jsonl: 1 cases" in evalplat("dataset", "show", "new").stdout


def test_a_new_dataset_of_which_all_was_rejected_is_known(evalplat, tmp_path):
    traces(tmp_path / "t.json", span(0xA1, ("user", "How much?"), ("assistant", "4.95")))
    evalplat("dataset", "curate", "new", "--traces", "t.json")
    assert evalplat("dataset", "reject", "new", "trace-0000000000a1", "-m", "no\nuse").returncode == 0
    assert json.loads((tmp_path / "new.curated.jsonl").read_text())["note"] == "no use"
    assert "0 pending" in evalplat("dataset", "pending", "new").stdout


def test_clusters_of_an_exported_run_are_its_own(evalplat, tmp_path):
    (tmp_path / "run.jsonl").write_text('{"schema": "evalplat.run/1"}\n')
    refused = evalplat("dataset", "curate", "new", "--traces", "run.jsonl", "--cluster", "k")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--case, --cluster and --slice are of traces" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["curate", "d"], "give either --run RUN or --traces FILE"),
        (["curate", "d", "--run", "none"], "none"),
        (["curate", "d", "--traces", "none.json"], "none.json: cannot be read"),
        (["curate", "d@v1", "--traces", "t.json"], "has no versions here"),
        (["curate", "d", "--run", "r", "--case", "x"], "go with --traces"),
        (["curate", "d", "--run", "r", "--metric", "x"], "go with --failed"),
        (["curate", "d", "--traces", "t.json", "--group", "g1"], "--group goes with --run"),
        (["curate", "d", "--traces", "t.json", "--threshold", "0.1"], "--threshold: expected 0.5 to 1"),
        (["accept", "d", "a"], "no pending case 'a'; there are none"),
        (["accept", "d"], "name the cases, or say --all"),
        (["accept", "d", "--all"], "none of 0 pending cases is ready"),
        (["accept", "d", "a", "--tolerance", "1"], "--tolerance goes with --number"),
        (["accept", "d", "a", "--slice", "topic"], "expected NAME=VALUE"),
        (["reject", "d", "a"], "no pending case 'a'"),
        (["retire", "d"], "give --run RUN, several times, or --scores FILE"),
        (["restore", "d", "a"], "no retired case 'a'"),
        (["label-group", "r", "g1", "--label", "cause"], "expected LABEL=VALUE"),
        (["label-group", "r", "g1", "--name", f"bad\n{ESC}[31mname"], "--name: must be one line"),
        (["label-group", "r", "g1", "--name", " "], "--name: must be one line, not empty"),
        (["label-group", "r", "g1", "--label", "a\nb=c"], "--label: must be one line"),
        (["label-group", "r", "g1", "--label", f"cause={ESC}"], "--label: must be one line"),
        (["label-group", "r", "g1", "--name", "x", "--by", "a\nb"], "--by: must be one line"),
        (["label-group", "r", "g1", "--name", "x", "--note", ESC], "--note: must be one line"),
        (["slice", "d", "--run", "r", "--name", "a\nb"], "--name: must be one line"),
        (["slice", "d", "--run", "r", "--others", "a\u2028b"], "--others: must be one line"),
        (["curate", "d", "--traces", "t.json", "--by", "a\nb"], "--by: must be one line"),
        (["accept", "d", "a", "--number", "4.95", "--by", "a\nb"], "--by: must be one line"),
        (["accept", "d", "a", "--as-is", ESC], "--as-is: must be one line"),
        (["accept", "d", "a", "--by", ""], "--by: must be one line, not empty"),
        (["reject", "d", "a", "--by", f"a{ESC}"], "--by: must be one line"),
        (["reject", "d", "a", "--note", ESC], "--note: must be one line"),
        (["version", "d", "--message", f"a{ESC}[31m"], "--message: must be one line"),
        (["version", "d", "--name", "a\nb"], "expected letters, digits"),
        (["split", "d", "--share", "a\nb=0.5", "--share", "c=0.5"], "--share: must be one line"),
        (["pending", "new"], "no such file here"),
        (["accept", "new", "a"], "no such file here"),
        (["curate", "new.yaml", "--traces", "t.json"], "no such file here"),
        (["curate", "sub/new", "--traces", "t.json"], "no such file here"),
    ],
)
def test_wrong_use_is_one_line(monkeypatch, capsys, tmp_path, arguments, says):
    monkeypatch.chdir(tmp_path)
    lay(tmp_path / "d.jsonl", {"id": "x", "input": "y"})
    traces(tmp_path / "t.json", span(1, ("user", "q"), ("assistant", "a")))
    monkeypatch.setattr("sys.argv", ["evalplat", "dataset", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    assert (end.value.code, told.out) == (2, "")
    assert says in told.err
    assert told.err.count("\n") == 1


def test_json_goes_where_it_is_asked_to_and_folders_are_made(evalplat, tmp_path):
    lay(tmp_path / "d.jsonl", {"id": "x", "input": "y"})
    for command in (("show", "d"), ("pending", "d"), ("check", "d")):
        done = evalplat("dataset", *command, "--json", f"new/{command[0]}/out.json")
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / "new" / command[0] / "out.json").read_text())["schema"]
        refused = evalplat("dataset", *command, "--json", "d.jsonl/out.json")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "d.jsonl/out.json: cannot be written" in refused.stderr
