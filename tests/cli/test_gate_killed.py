"""`evalplat gate` of three gating metrics, killed between its looks: the same looks, the same decision."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from instruments.coins import calls_of, make_coins

POLICY = """metrics:
  - {metric: correct, rule: non_inferiority, margin: 0.08, range: binary}
  - {metric: says_yes, rule: non_inferiority, margin: 0.10, range: binary}
  - {metric: short, rule: at_least, bound: 0.9, range: binary}
"""
SCORERS = """scorers:
  - {metric: correct, kind: expectation}
  - {metric: says_yes, kind: contains, options: {require: all}}
  - {metric: short, kind: regex, options: {pattern: "^(yes|no)$"}}
"""


def project(folder: Path) -> None:
    folder.mkdir()
    make_coins(folder, policy=POLICY)
    suite = (folder / "suite.yaml").read_text().replace("scorers:\n  - {metric: correct, kind: expectation}\n", SCORERS)
    (folder / "suite.yaml").write_text(suite)


def command(folder: Path) -> list[str]:
    return [
        str(Path(sys.executable).parent / "evalplat"), "gate", "--suite", "suite.yaml", "--baseline", "coins:base",
        "--candidate", "coins:worse", "--concurrency", "2", "--json", str(folder / "decision.json"),
    ]  # fmt: skip


def told(folder: Path) -> dict:
    document = json.loads((folder / "decision.json").read_text())
    kept = ("verdict", "decision", "reason", "looks", "stopped", "attempt", "calls", "metrics", "slices", "flips")
    for row in document["metrics"]:
        if row["needed"]:
            row["needed"].pop("minutes")  # from the clock
    return {name: document[name] for name in kept}


@pytest.mark.slow
@pytest.mark.parametrize("after", [130])
def test_killed_between_looks_it_comes_to_the_same_decision(tmp_path: Path, after: int):
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        project(folder)
    done = subprocess.run(command(whole), cwd=whole, env={**env, "PYTHONPATH": str(whole)}, capture_output=True)
    assert done.returncode == 1, done.stderr
    expected = told(whole)
    assert expected["stopped"] == "decided" and 1 < len(expected["looks"]) < 5
    assert {row["metric"] for row in expected["looks"][0]["metrics"]} == {"correct", "says_yes", "short"}

    slow = {**env, "PYTHONPATH": str(killed), "SLOWLY": "1"}
    process = subprocess.Popen(
        command(killed), cwd=killed, env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while calls_of(killed).get("worse", 0) < after:  # within the second look
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    asked = calls_of(killed)["worse"]
    assert asked < expected["calls"]["candidate"]

    again = subprocess.run(command(killed), cwd=killed, env={**env, "PYTHONPATH": str(killed)}, capture_output=True)
    assert again.returncode == 1, again.stderr
    found = told(killed)
    # The baseline was run by the call that was killed, and is a kept one for the call that went on, which looks at it.
    assert (found["calls"].pop("baseline_run"), found["calls"].pop("baseline_kept")) == (
        20 + expected["calls"]["candidate"],
        400,
    )
    assert expected["calls"].pop("baseline_run") + expected["calls"].pop("baseline_kept") == 400
    assert found == expected
    assert calls_of(killed)["base"] == 420 + expected["calls"]["candidate"]
    assert calls_of(killed)["worse"] <= expected["calls"]["candidate"] + 4  # only what was in flight is asked again
