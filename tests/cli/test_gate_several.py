"""Several candidates in one command: adjusted for their number, one exit code."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    rng = np.random.default_rng(7)
    rates = {"old": 0.8, "better": 0.98, "broken": 0.3, "alike": 0.8}
    rows = [
        {"system": name, "case_id": f"c{i}", "metric": "m", "score": float(rng.random() < rate)}
        for name, rate in rates.items()
        for i in range(300)
    ]
    path = tmp_path / "scores.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_each_candidate_has_its_decision(evalplat, scores: Path):
    names = ["better", "broken", "alike"]
    candidates = [part for name in names for part in ("--candidate", name)]
    base = ["gate", "--scores", str(scores), "--baseline", "old", "--metric", "m", "--margin", "0.02"]
    done = evalplat(*base, *candidates, "--json", "-")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "evalplat.decisions/1"
    assert [one["candidate"]["ref"] for one in document["decisions"]] == names
    assert [one["verdict"] for one in document["decisions"]] == ["pass", "fail", "inconclusive"]
    assert {one["schema"] for one in document["decisions"]} == {"evalplat.decision/1"}

    none_passes = evalplat(*base, "--candidate", "broken", "--candidate", "alike")
    assert none_passes.returncode == 3
    assert "broken:" in none_passes.stdout and "FAIL" in none_passes.stdout
    twice = evalplat(*base, "--candidate", "broken", "--candidate", "broken")
    assert twice.returncode == 2 and "each but once" in twice.stderr


def test_every_output_and_what_is_real(evalplat, scores: Path, tmp_path: Path):
    candidates = [part for name in ("better", "broken", "alike") for part in ("--candidate", name)]
    base = ["gate", "--scores", str(scores), "--baseline", "old", "--metric", "m", "--margin", "0.02", *candidates]
    outs = ["--html", "x.html", "--markdown", "x.md", "--junit", "x.xml", "--json", "x.json"]
    done = evalplat(*base, *outs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("better may ship.\nbetter is better than all 3 others.\n")
    assert "better than broken." in done.stdout
    ranking = json.loads((tmp_path / "x.json").read_text())["ranking"]
    assert ranking["systems"][0]["system"] == "better"
    assert ranking["systems"][-1]["system"] == "broken" and ranking["systems"][-1]["first"] == 4
    assert len(ranking["pairs"]) == 6 and all(one["difference"] >= 0 for one in ranking["pairs"])
    assert "better is better than all 3 others." in (tmp_path / "x.html").read_text()
    assert "**Ranking** by `m`" in (tmp_path / "x.md").read_text()
    root = ET.parse(tmp_path / "x.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("4", "0", "0", "2")

    markdown = evalplat(*base, "--markdown", "-")
    assert markdown.stdout.startswith("## evalplat: Pass, 3 candidates at once")


def test_ranking_by_a_metric_that_is_not_in_the_policy_or_of_one_candidate_is_refused(evalplat, scores: Path):
    base = ["gate", "--scores", str(scores), "--baseline", "old", "--metric", "m", "--margin", "0.02"]
    unknown = evalplat(*base, "--candidate", "better", "--candidate", "broken", "--rank-by", "cost")
    assert unknown.returncode == 2 and "there are: m" in unknown.stderr
    alone = evalplat(*base, "--candidate", "better", "--rank-by", "m")
    assert alone.returncode == 2 and "--rank-by needs several --candidate" in alone.stderr
