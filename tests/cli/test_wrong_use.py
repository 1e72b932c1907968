"""Wrong use of the command line: exit 2, one line, nothing on standard output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gate", "--foo"], "--foo"),
        (["gate", "--baseline", "a"], "--candidate"),
        (["nothing"], "nothing"),
        (["run", "suite.yaml"], "--agent"),
        (["gate", "--baseline", "a", "--candidate", "b", "--metric", "m", "--margin", "much"], "--margin"),
        (
            ["gate", "--baseline", "a", "--candidate", "b", "--metric", "m", "--margin", ".1", "--range", "1,0"],
            "--range",
        ),
        (["run", "nowhere.yaml", "--agent", "agent.yaml"], "nowhere.yaml"),
        (["report", "nowhere", "-o", "x.html"], "nowhere"),
    ],
)
def test_one_line_and_exit_2(evalplat, arguments, says):
    done = evalplat(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr


def test_without_a_command_the_help_shows(evalplat):
    done = evalplat()
    assert done.returncode == 0
    assert "gate" in done.stdout


@pytest.mark.parametrize("option", ["--json", "--html", "--junit", "--markdown"])
def test_an_output_that_cannot_be_written_is_no_fail(evalplat, tmp_path, option):
    rows = [{"system": s, "case_id": f"c{i}", "metric": "m", "score": 1} for s in "ab" for i in range(100)]
    (tmp_path / "scores.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    gate = ("gate", "--scores", "scores.jsonl", "--baseline", "a", "--candidate", "b", "--metric", "m", "--margin", 0.1)
    done = evalplat(*gate, option, tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{tmp_path}: cannot be written" in done.stderr


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path):
    cases = [{"id": f"c{i}", "input": "?", "expect": {"answers": ["x"]}} for i in range(200)]
    (tmp_path / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    (tmp_path / "suite.yaml").write_text(
        "name: slow\ndatasets: [cases.jsonl]\nscorers:\n  - {metric: correct, kind: expectation}\n"
    )
    (tmp_path / "slow.py").write_text("import time\n\ndef answer(text):\n    time.sleep(0.2)\n    return 'x'\n")
    command = [str(Path(sys.executable).parent / "evalplat"), "run", "suite.yaml", "--agent", "slow:answer"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ.copy(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("run ")
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in said.splitlines()[-1]
    assert "Traceback" not in said
