"""`kill -9` in the middle of a run, twenty times: each trial once in the ledger, none that was finished asked again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from instruments.runs import make_suite, start_run
from instruments.target_server import TargetServer

from evalplat.harness import HttpTarget, Ledger
from evalplat.records import TrialKey

KILLS = 20


class Nursery:
    """Forks processes that go on with a run; see nursery.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, **order: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Exit code of the process last started; negative is a signal."""
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, str(Path(__file__).with_name("nursery.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


def answer(asked: dict[str, Any], attempt: int) -> str:
    """Slow enough that most kills hit trials in flight."""
    time.sleep(0.01 + 0.03 * random.Random(f"{asked['seed']}:{attempt}").random())
    return f"{asked['case_id']}/{asked['trial']} says " + "x" * 2000


@pytest.mark.slow
def test_twenty_kills_at_random_moments(tmp_path: Path) -> None:
    moments = random.Random(20)
    suite, path = make_suite(130, 3), tmp_path / "ledger.db"
    wanted = [(case.id, number) for case in suite.cases for number in range(3)]
    kept: set[TrialKey] = set()
    kills: list[tuple[int, set[TrialKey]]] = []  # requests so far, and what the ledger held then
    with TargetServer(answer) as server, nursery() as nurse, Ledger(path) as ledger:
        start_run(ledger, suite, HttpTarget(server.url))
        order = {"ledger": str(path), "url": server.url, "run_id": "run-1"}
        for number in range(KILLS):
            child = nurse.start(**order)
            if number % 5:
                wait_for_a_question(server, more_than=len(server.log))
            # Else from its very start, so that some die while they open the ledger.
            time.sleep(moments.uniform(0.0, 0.15))
            os.kill(child, signal.SIGKILL)
            assert nurse.ended() == -signal.SIGKILL
            finished = ledger.finished("run-1")
            assert kept <= finished  # nothing that was kept is lost
            kept = finished
            kills.append((len(server.log), kept))
        assert len({len(finished) for _, finished in kills}) > KILLS // 2, "too few kills hit a run that was going on"
        assert len(kept) < len(wanted), "the run ended before its kills"
        nurse.start(**order)
        assert nurse.ended() == 0
        run, log = ledger.run("run-1"), server.log
    assert [(trial.key.case_id, trial.key.trial) for trial in run.trials] == wanted
    assert not run.failures
    assert run.info.closed_at is not None
    for asked_so_far, finished in kills:
        assert not finished & {TrialKey(case_id=r.asked["case_id"], trial=r.asked["trial"]) for r in log[asked_so_far:]}
    asked = Counter(request.key for request in log)
    assert set(asked) == set(wanted)
    # Only what was in flight at a kill was asked for twice, four at most, and under the same key.
    assert 0 < len(log) - len(wanted) <= 4 * KILLS
    assert len({(request.key, request.headers["idempotency-key"]) for request in log}) == len(wanted)


def wait_for_a_question(server: TargetServer, *, more_than: int) -> None:
    end = time.monotonic() + 20
    while len(server.log) <= more_than:
        assert time.monotonic() < end, "the process asks nothing"
        time.sleep(0.002)
