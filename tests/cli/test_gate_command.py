"""`evalplat gate` and `evalplat summarize` on score tables: exit codes, files, one line for an error."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest


def table(path: Path, base: list[float], cand: list[float]) -> Path:
    rows = [
        {"system": system, "case_id": f"c{i}", "metric": "success", "score": score}
        for system, scores in (("old", base), ("new", cand))
        for i, score in enumerate(scores)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


GOOD, BAD, UNSURE = [1.0] * 150 + [0.0] * 50, [1.0] * 90 + [0.0] * 110, [1.0] * 140 + [0.0] * 60
OPTIONS = ("--baseline", "old", "--candidate", "new", "--metric", "success")


@pytest.mark.parametrize(
    ("cand", "margin", "code", "verdict"),
    [(GOOD, 0.05, 0, "pass"), (BAD, 0.05, 1, "fail"), (GOOD, 0.01, 3, "inconclusive")],
)
def test_exit_codes(evalplat, tmp_path, cand, margin, code, verdict):
    path = table(tmp_path / "scores.jsonl", GOOD, cand)
    done = evalplat("gate", "--scores", path, *OPTIONS, "--margin", margin, "--json", "-")
    assert done.returncode == code, done.stderr
    decision = json.loads(done.stdout)
    assert decision["schema"] == "evalplat.decision/1"
    assert decision["verdict"] == verdict
    assert decision["decision"] == ("ship" if verdict == "pass" else "hold")


def test_every_output_is_written_and_parses(evalplat, tmp_path):
    path = table(tmp_path / "scores.jsonl", GOOD, UNSURE)
    outs = {kind: tmp_path / f"out/{kind}" for kind in ("json", "html", "junit", "markdown")}
    done = evalplat(
        "gate",
        "--scores",
        path,
        *OPTIONS,
        "--margin",
        0.2,
        *(part for kind, out in outs.items() for part in (f"--{kind}", out)),
    )
    assert done.returncode == 0, done.stderr
    decision = json.loads(outs["json"].read_text())
    (metric,) = decision["metrics"]
    assert metric["difference"] == pytest.approx(-0.05)
    assert metric["ci_low"] < -0.05 < metric["ci_high"]
    assert [warning["code"] for warning in decision["warnings"]] == ["tolerable_drop"]
    assert ET.parse(outs["junit"]).getroot().tag == "testsuites"
    assert "<!doctype html>" in outs["html"].read_text().lower()
    assert outs["markdown"].read_text().strip()
    assert "PASS" in done.stdout


def test_inconclusive_says_what_would_settle_it(evalplat, tmp_path):
    path = table(tmp_path / "scores.jsonl", GOOD, [*GOOD[5:], *GOOD[:5]])
    done = evalplat("gate", "--scores", path, *OPTIONS, "--margin", 0.005, "--json", "-")
    assert done.returncode == 3
    needed = json.loads(done.stdout)["metrics"][0]["needed"]
    assert needed["reachable"] == "only by clusters"
    assert needed["cases"] > 200
    assert needed["candidate_calls"][0] <= needed["cases"] <= needed["candidate_calls"][1]


BROKEN = [
    ("no score in any row", '{"system":"old","case_id":"a","metric":"success"}', "no column 'score'"),
    ("not JSON", "{oops", ":1"),
    ("a missing column", '{"system":"old","case_id":"a","score":1}', "metric"),
    ("text for a score", '{"system":"old","case_id":"a","metric":"success","score":"high"}', "score"),
]


@pytest.mark.parametrize(("what", "line", "says"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_malformed_table_is_one_line_and_exit_2(evalplat, tmp_path, what, line, says):
    path = tmp_path / "scores.jsonl"
    path.write_text(line)
    done = evalplat("gate", "--scores", path, *OPTIONS, "--margin", 0.05)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr
    assert says in done.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--candidate", "newer", "--metric", "success", "--margin", "0.1"), "no system 'newer'"),
        (("--candidate", "new", "--metric", "speed", "--margin", "0.1"), "no metric 'speed'"),
        (("--candidate", "new", "--metric", "success"), "--margin"),
        (("--candidate", "new"), "--policy"),
        (("--candidate", "new", "--policy", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_cannot_be_decided_is_exit_2_and_says_why(evalplat, tmp_path, options, says):
    path = table(tmp_path / "scores.jsonl", GOOD, GOOD)
    done = evalplat("gate", "--scores", path, "--baseline", "old", *options)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_malformed_policy_names_file_line_and_field(evalplat, tmp_path):
    path = table(tmp_path / "scores.jsonl", GOOD, GOOD)
    policy = tmp_path / "gate.yaml"
    policy.write_text("metrics:\n  - metric: success\n    rule: non_inferiority\n    margin: -0.1\n")
    done = evalplat("gate", "--scores", path, "--baseline", "old", "--candidate", "new", "--policy", policy)
    assert done.returncode == 2
    assert f"{policy}:4: metrics.0.margin" in done.stderr


def test_summarize_writes_the_contracts_json(evalplat, shared_data):
    done = evalplat("summarize", "--scores", shared_data / "tau_airline_outcomes.jsonl", "--json", "-")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["schema"] == "evalplat.summary/1"
    (row,) = summary["systems"]
    assert set(row) >= {"system", "metric", "n_cases", "n_clusters", "n_trials", "failures", "mean", "se", "ci_low"}
    assert {k: round(row["pass_hat"][k], 4) for k in "1234"} == {"1": 0.42, "2": 0.2733, "3": 0.22, "4": 0.2}


def test_a_gate_without_a_decision_leaves_none_of_an_earlier_gate_under_its_names(evalplat, tmp_path):
    path = table(tmp_path / "scores.jsonl", GOOD, GOOD)
    outs = [part for kind in ("json", "html", "junit", "markdown") for part in (f"--{kind}", tmp_path / kind)]
    assert evalplat("gate", "--scores", path, *OPTIONS, "--margin", 0.05, *outs).returncode == 0
    other = tmp_path / "notes.txt"
    other.write_text("what somebody wrote")
    outs[-1] = other
    done = evalplat("gate", "--scores", path, *OPTIONS, "--margin", 0.05, *outs, "--cluster", "absent")
    assert done.returncode == 2
    assert not any((tmp_path / kind).exists() for kind in ("json", "html", "junit"))
    assert done.stderr.count("taken away") == 3 and other.read_text() == "what somebody wrote"


@pytest.mark.parametrize("option", [("--alpha", 0.001), ("--direction", "lower"), ("--range", "binary")])
def test_what_a_policy_would_make_void_is_refused(evalplat, tmp_path, option):
    path, policy = table(tmp_path / "scores.jsonl", GOOD, GOOD), tmp_path / "gate.yaml"
    policy.write_text("metrics: [{metric: success, margin: 0.05, range: binary}]\n")
    sides = ("--baseline", "old", "--candidate", "new")
    done = evalplat("gate", "--scores", path, *sides, "--policy", policy, *option)
    assert done.returncode == 2 and f"--policy and {option[0]} exclude each other" in done.stderr
