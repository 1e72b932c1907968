"""A project with a suite of sums, two functions that answer it, and a score table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SUITE = """
name: sums
datasets: [cases.jsonl]
scorers: [{metric: correct, kind: expectation}, {metric: latency_s, kind: latency}]
policy: gate.yaml
"""
POLICY = """
metrics: [{metric: correct, margin: 0.1, range: binary}]
slices: [slice.size]
"""
AGENTS = """
import os, pathlib, time

def right(question):
    if os.environ.get("SLOWLY"):
        time.sleep(0.05)
        with pathlib.Path("asked.txt").open("a") as asked:
            asked.write(question + "\\n")
    a, b = question.split("+")
    return str(int(a) + int(b))

def half(question):
    return right(question) if int(question[0]) % 2 else "no idea"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sums", raising=False)
    for name in ("MLFLOW_TRACKING_URI", "EVALPLAT_DIR"):
        monkeypatch.delenv(name, raising=False)
    write_project(tmp_path)
    return tmp_path


def write_project(folder: Path) -> None:
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
    rows = [
        {
            "system": system,
            "case_id": f"c{i}",
            "metric": "ok",
            "score": float(i % 10 != 0 and (system, i % 3) != ("v2", 0)),
        }
        for system in ("v1", "v2")
        for i in range(200)
    ]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    (folder / "scores.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "suite.yaml").write_text(SUITE)
    (folder / "gate.yaml").write_text(POLICY)
    (folder / "sums.py").write_text(AGENTS)
