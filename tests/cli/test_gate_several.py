"""Several candidates in one command: adjusted for their number, one exit code."""

from __future__ import annotations

import json
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
    page = evalplat(*base, "--candidate", "broken", "--candidate", "alike", "--html", "x.html")
    assert page.returncode == 2 and page.stderr.count("\n") == 1
    twice = evalplat(*base, "--candidate", "broken", "--candidate", "broken")
    assert twice.returncode == 2 and "each but once" in twice.stderr
