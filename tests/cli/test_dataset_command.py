"""`evalplat dataset` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalplat.cli import main

CARD = "source: written for the tests\nlicence: CC0-1.0\nintended_use: tests\nknown_gaps: [few]\ncontacts: [ana]\n"


def lay(folder: Path, name: str, *cases: dict[str, object]) -> None:
    (folder / name).write_text("".join(json.dumps(case) + "\n" for case in cases))


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_split_weigh_and_labels(evalplat, tmp_path):
    cases = [
        {"id": f"c{i}", "input": f"q {i}", "cluster": f"k{i // 2}", "slices": {"t": "ab"[i % 4 > 1]}} for i in range(40)
    ]
    lay(tmp_path, "d.jsonl", *cases)
    asked = ("dataset", "split", "d", "--share", "train=0.75", "--share", "test=0.25", "--stratify", "t", "--json", "-")
    done = json.loads(evalplat(*asked).stdout)
    # 10 clusters of 2 cases in either stratum: 7 or 8 of them are the nearest to 0.75
    assert all(part in ({14, 6}, {16, 4}) for v in "ab" for part in [{p["strata"][v] for p in done["parts"]}])
    parts = [
        [json.loads(line) for line in (tmp_path / f"d.{p}.jsonl").read_text().splitlines()] for p in ("train", "test")
    ]
    assert sorted(case["id"] for part in parts for case in part) == sorted(case["id"] for case in cases)
    assert not {case["cluster"] for case in parts[0]} & {case["cluster"] for case in parts[1]}
    lay(tmp_path, "d.jsonl", *({"id": f"new{i}", "input": "n", "slices": {"t": "a"}} for i in range(9)), *cases)
    assert json.loads(evalplat(*asked).stdout)["kept"] == 40
    later = [json.loads(line)["id"] for line in (tmp_path / "d.test.jsonl").read_text().splitlines()]
    assert {case["id"] for case in parts[1]} <= set(later)

    (tmp_path / "traffic.csv").write_text("t,share\na,1\nb,3\n")
    assert "worth" in evalplat("dataset", "weigh", "d", "--weights", "traffic.csv", "-o", "w.jsonl").stdout
    assert "cases are weighted" in evalplat("dataset", "show", "w").stdout

    rows = [("c0", True, "ana"), ("c0", True, "ben"), ("c1", True, "ana"), ("c1", False, "ben"), ("c2", False, "ana")]
    rows += [("c2", False, "ben")]
    lines = [{"case_id": c, "name": "ok", "value": v, "by": by, "at": "2026-03-01T00:00:00Z"} for c, v, by in rows]
    (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert "? c1" in evalplat("dataset", "labels", "d", "--add", "l.jsonl", "--json", "l.json").stdout
    found = json.loads((tmp_path / "l.json").read_text())["labels"][0]
    # observed 2/3, by chance (2/3)(1/3) + (1/3)(2/3) = 4/9
    assert found["kappa"] == pytest.approx(0.4)
    assert found["disputed"] == ["c1"]


def test_check_names_leaks_and_is_strict_where_asked(evalplat, tmp_path):
    shot = "How much do I have to order for free shipping within Ireland"
    lay(tmp_path, "d.jsonl", {"id": "a", "input": shot, "cluster": "k"}, {"id": "b", "input": "Where is my parcel"})
    lay(tmp_path, "other.jsonl", {"id": "o", "input": f"{shot}?"})
    (tmp_path / "agent.yaml").write_text(f'name: v\nprompts: {{system: "Q: {shot}? A: 50", user: "{{question}}"}}\n')
    done = evalplat("dataset", "check", "d", "--against", "agent.yaml", "--against", "other", "--json", "-")
    assert done.returncode == 0
    found = [(f["code"], f["cases"], f["against"]) for f in json.loads(done.stdout)["findings"]]
    assert found == [("no_card", [], None), ("leak", ["a"], "agent.yaml"), ("leak", ["a"], "other.jsonl")]
    strict = evalplat("dataset", "check", "d", "--strict")
    assert (strict.returncode, strict.stderr) == (2, "evalplat: d.jsonl: 1 findings: no_card\n")
    (tmp_path / "d.card.yaml").write_text(CARD)
    assert evalplat("dataset", "check", "d", "--strict").returncode == 0


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
        (["split", "d", "--share", "a=much", "--share", "b=0.5"], "expected PART=SHARE"),
        (["split", "d", "--share", "a/b=0.5", "--share", "b=0.5"], "'a/b' is no name for a part"),
        (["split", "d", "--share", "a=0.5", "--share", "b=0.5"], "would be empty"),
        (["split", "bad", "--share", "a=0.5", "--share", "b=0.5"], "bad.jsonl:2: input: Field required"),
        (["check", "d", "--threshold", "0.2"], "--threshold: expected 0.5 to 1"),
        (["check", "d", "--against", "carded.card.yaml"], "carded.card.yaml:1: unknown field 'source'"),
        (["check", "d", "--against", "bad"], "bad.jsonl:2: input: Field required"),
        (["labels", "d"], "no case has a label"),
        (["labels", "d", "--level", "odd"], "--level"),
        (["labels", "d", "--add", "bad.jsonl"], "bad.jsonl:1: case_id: Field required"),
        (["weigh", "d", "--weights", "nowhere.csv"], "nowhere.csv: cannot be read"),
    ],
)
def test_one_line_and_exit_2(tmp_path, monkeypatch, capsys, arguments, says):
    lay(tmp_path, "d.jsonl", {"id": "a", "input": "x"})
    lay(tmp_path, "carded.jsonl", {"id": "a", "input": "x"})
    (tmp_path / "carded.card.yaml").write_text("source: x\n")
    lay(tmp_path, "bad.jsonl", {"id": "a", "input": "x"}, {"id": "b"}, {"id": "c", "input": "x"})
    before = set(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVALPLAT_DIR", raising=False)
    monkeypatch.setattr("sys.argv", ["evalplat", "dataset", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert says in said.err
    assert {path for path in tmp_path.iterdir() if path.name != ".evalplat"} == before
