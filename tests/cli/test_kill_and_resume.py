"""`evalplat run` killed with SIGKILL at random moments, against a real endpoint, then resumed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from instruments.endpoint import MisbehavingEndpoint

from evalplat.harness import Ledger
from evalplat.records import TrialKey

KILLS = 20
CASES, TRIALS = 120, 5


def project(folder: Path) -> None:
    cases = [{"id": f"q{i:03}", "input": f"question {i}?", "expect": {"answers": ["You said"]}} for i in range(CASES)]
    (folder / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    (folder / "suite.yaml").write_text(
        f"name: killed\ndatasets: [cases.jsonl]\ntrials: {TRIALS}\n"
        "scorers:\n  - {metric: correct, kind: expectation}\n"
    )
    (folder / "agent.yaml").write_text("name: talker\nmodel: {name: 'openai:test-model', timeout_s: 20}\n")


def slow_echo(request: dict) -> str:
    text = request["messages"][-1]["content"]
    time.sleep(0.02 + 0.06 * random.Random(text).random())
    return f"You said: {text}"


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_ask_nothing_twice(tmp_path: Path):
    project(tmp_path)
    rng = random.Random(20)
    command = [str(Path(sys.executable).parent / "evalplat"), "run", "suite.yaml", "--agent", "agent.yaml"]
    with MisbehavingEndpoint(respond=slow_echo) as endpoint:
        env = {**os.environ, "OPENAI_BASE_URL": endpoint.base_url, "OPENAI_API_KEY": endpoint.api_key}
        run_id: str | None = None
        recorded: list[tuple[float, set[tuple[str, int]]]] = []
        for _ in range(KILLS):
            process = subprocess.Popen(
                [*command, *(("--resume", run_id) if run_id else ())],
                cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("run "), line + process.stderr.read()
            run_id = line.split()[1].rstrip(";")
            time.sleep(rng.uniform(0.0, 0.9))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            assert process.returncode == -signal.SIGKILL, "the run ended before it was killed: more trials are needed"
            with Ledger(tmp_path / ".evalplat/ledger.db") as ledger:
                finished = {(key.case_id, key.trial) for key in ledger.finished(run_id)}
            recorded.append((time.time(), finished))
        done = subprocess.run([*command, "--resume", run_id], cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == run_id
        asked = [(entry.received_at, entry.body["seed"]) for entry in endpoint.log if entry.body]
    with Ledger(tmp_path / ".evalplat/ledger.db") as ledger:
        trials = Counter((trial.key.case_id, trial.key.trial) for trial in ledger.trials(run_id))
    assert trials == Counter({(f"q{i:03}", k): 1 for i in range(CASES) for k in range(TRIALS)})
    assert not [trial for trial in recorded[-1][1] if trial not in trials]
    # A request carries its trial's seed: none may be asked for after it was on disk.
    for moment, finished in recorded:
        seeds = {TrialKey(case_id=case, trial=trial).seed() for case, trial in finished}
        assert not [seed for at, seed in asked if at > moment and seed in seeds]
    assert len(asked) <= CASES * TRIALS + 4 * KILLS, "more than those in flight at a kill were asked again"
