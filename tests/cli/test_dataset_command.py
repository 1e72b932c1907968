"""`evalplat dataset` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CARD = "source: written for the tests\nlicence: CC0-1.0\nintended_use: tests\nknown_gaps: [few]\ncontacts: [ana]\n"


def lay(folder: Path, name: str, *cases: dict[str, object]) -> None:
    (folder / name).write_text("".join(json.dumps(case) + "\n" for case in cases))


def test_show_version_and_diff(evalplat, tmp_path):
    (tmp_path / "datasets").mkdir()
    lay(tmp_path / "datasets", "d.jsonl", {"id": "a", "input": "x\u001b[31m"}, {"id": "b", "input": "y"})
    (tmp_path / "datasets" / "d.card.yaml").write_text(CARD)
    assert "this content is no kept version" in evalplat("dataset", "show", "d").stdout
    assert evalplat("dataset", "version", "d", "-m", "first").stdout.endswith("d@v1\n")
    assert evalplat("dataset", "version", "d").stdout.endswith("d@v1\n")
    lay(tmp_path / "datasets", "d.jsonl", {"id": "a", "input": "z"}, {"id": "c", "input": "y", "slices": {"s": "t"}})
    done = evalplat("dataset", "diff", "d@v1", "d")
    assert "1 added, 1 removed, 1 changed, 0 relabelled, 0 the same" in done.stdout
    assert '    input: "x\\u001b[31m" -> "z"' in done.stdout
    assert "\x1b" not in done.stdout
    found = json.loads(evalplat("dataset", "diff", "d@v1", "d", "--json", "-").stdout)
    assert (found["schema"], found["added"], found["removed"]) == ("evalplat.dataset-diff/1", ["c"], ["b"])
    assert evalplat("dataset", "version", "d").stdout.endswith("d@v2\n")
    shown = json.loads(evalplat("dataset", "show", "d", "--json", "-").stdout)
    assert shown["same_as"] == ["d@v2"]
    assert shown["card"]["licence"] == "CC0-1.0"
    assert shown["slices"] == {"s": {"t": 1}}
    assert "no difference" in evalplat("dataset", "diff", "d@latest", "datasets/d.jsonl").stdout


def test_a_run_names_the_dataset_that_it_saw(evalplat, tmp_path):
    lay(tmp_path, "d.jsonl", {"id": "a", "input": "x", "expect": {"answers": ["x"]}}, {"id": "b", "input": "y"})
    (tmp_path / "suite.yaml").write_text("name: s\ndatasets: [d.jsonl]\nscorers: [{metric: m, kind: latency}]\n")
    (tmp_path / "echo.py").write_text("def answer(text):\n    return text\n")
    assert evalplat("dataset", "version", "d").returncode == 0
    run_id = evalplat("run", "suite.yaml", "--agent", "echo:answer").stdout.split()[-1]
    lay(tmp_path, "d.jsonl", {"id": "a", "input": "x", "expect": {"answers": ["z"]}}, {"id": "b", "input": "y"})
    found = json.loads(evalplat("dataset", "diff", f"run:{run_id}", "d", "--json", "-").stdout)
    assert [change["id"] for change in found["relabelled"]] == ["a"]
    shown = json.loads(evalplat("dataset", "show", f"run:{run_id}/d", "--json", "-").stdout)
    assert shown["same_as"] == ["d@v1"]
    wrong = evalplat("dataset", "show", f"run:{run_id}/e")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "no dataset 'e'; it has d" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "nowhere"], "'nowhere': no such file here or in datasets/"),
        (["show", "d@v3"], "has no versions here"),
        (["show", "bad"], "bad.jsonl:2: input: Field required"),
        (["version", "bad"], "bad.jsonl:2: input: Field required"),
        (["diff", "d", "bad"], "bad.jsonl:2: input: Field required"),
        (["version", "d", "--name", "../d"], "dataset name '../d'"),
        (["show", "carded"], "carded.card.yaml:1: licence: Field required"),
        (["diff", "d"], "AFTER"),
    ],
)
def test_one_line_and_exit_2(evalplat, tmp_path, arguments, says):
    lay(tmp_path, "d.jsonl", {"id": "a", "input": "x"})
    lay(tmp_path, "carded.jsonl", {"id": "a", "input": "x"})
    (tmp_path / "carded.card.yaml").write_text("source: x\n")
    lay(tmp_path, "bad.jsonl", {"id": "a", "input": "x"}, {"id": "b"}, {"id": "c", "input": "x"})
    done = evalplat("dataset", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr
