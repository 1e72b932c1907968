"""A CI job re-run on a machine that has only the kept artifact, or only a shared MLflow, continues the same test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from instruments.coins import calls_of, make_coins

BOT = """PROMPT = "Answer with yes or no."

from coins import {agent} as answer_like


def answer(question):
    return answer_like(question)
"""


def checkout(folder: Path, *, agent: str = "noisy", prompt: str | None = None) -> Path:
    """A fresh clone of the project at a commit."""
    folder.mkdir()
    make_coins(folder)
    text = BOT.format(agent=agent)
    (folder / "bot.py").write_text(text if prompt is None else text.replace("Answer with yes or no.", prompt))
    return folder


def command(*args: str) -> list[str]:
    return [str(Path(sys.executable).parent / "evalplat"), *args]


GATE = command(
    "gate", "--suite", "suite.yaml", "--baseline", "coins:base", "--candidate", "bot:answer", "--json", "decision.json",
    "--markdown", "comment.md", "--concurrency", "2",
)  # fmt: skip


def environment(folder: Path, **more: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return {**env, "PYTHONPATH": str(folder), **more}


def job(folder: Path, *more: str, **env: str) -> dict:
    done = subprocess.run([*GATE, *more], cwd=folder, env=environment(folder, **env), capture_output=True, text=True)
    assert done.returncode in (0, 1, 3), done.stderr
    return json.loads((folder / "decision.json").read_text()) | {"comment": (folder / "comment.md").read_text()}


@pytest.mark.slow
def test_a_re_run_job_continues_the_test_and_a_changed_prompt_begins_one(tmp_path: Path):
    kept = ("--kept", ".evalplat-kept.zip")
    first_machine = checkout(tmp_path / "first")
    first = job(first_machine, *kept)
    assert first["attempt"] == 1 and "Attempt" not in first["comment"]

    again_machine = checkout(tmp_path / "again")
    shutil.copy(first_machine / kept[1], again_machine)
    again = job(again_machine, *kept)
    assert calls_of(again_machine) == {}  # nothing was drawn, of a candidate that answers anew at every call
    assert (again["attempt"], again["verdict"], again["looks"]) == (2, first["verdict"], first["looks"])
    begun = again["continued"]["begun_at"][:16].replace("T", " ")
    assert f"Attempt 2 of this change: continues the test begun on {begun} UTC" in again["comment"]
    pooled = f"evidence pooled, {first['candidate']['n_trials']} candidate and {first['baseline']['n_trials']} baseline"
    assert pooled in again["comment"]

    changed_machine = checkout(tmp_path / "changed", prompt="Think, then answer with yes or no.")
    shutil.copy(again_machine / kept[1], changed_machine)
    changed = job(changed_machine, *kept)
    assert changed["attempt"] == 1 and changed["continued"] is None and "Attempt" not in changed["comment"]
    assert calls_of(changed_machine)["noisy"] == changed["candidate"]["n_trials"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "terminated"])
def test_a_job_that_was_taken_away_is_gone_on_with_elsewhere(tmp_path: Path, how: str):
    folder = checkout(tmp_path / "first", agent="unclear")
    more = ["--kept", "kept.zip"] if how == "terminated" else []
    env = environment(folder, SLOWLY="1")
    process = subprocess.Popen(
        [*GATE, *more], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while calls_of(folder).get("unclear", 0) < 130:  # within the second look; no early one decides
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL if how == "killed" else signal.SIGTERM)
    process.wait(timeout=60)
    if how == "killed":  # the step that a job always does
        saved = subprocess.run(
            command("baseline", "save", "suite.yaml", "-o", "kept.zip"),
            cwd=folder, env=environment(folder), capture_output=True, text=True,
        )  # fmt: skip
        assert saved.returncode == 0 and "cut short" in saved.stdout, saved.stderr
    asked = calls_of(folder)["unclear"]

    other = checkout(tmp_path / "other", agent="unclear")
    shutil.copy(folder / "kept.zip", other)
    decision = job(other, "--kept", "kept.zip")
    went_on = decision["continued"]
    assert went_on["earlier"] == [] and "which was cut short" in decision["comment"]
    assert went_on["new_trials"] == calls_of(other)["unclear"]
    assert (
        decision["candidate"]["n_trials"] - asked
        <= went_on["new_trials"]
        <= decision["candidate"]["n_trials"] - asked + 4
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """An MLflow server on loopback, as a team shares one."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--host",
        "127.0.0.1", "--port", str(port), "--workers", "1", "--artifacts-destination", str(tmp_path / "served"),
    ]  # fmt: skip
    env = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = (tmp_path / "server.log").open("wb")
    process = subprocess.Popen(serve, stdout=log, stderr=log, env=env, cwd=tmp_path)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((tmp_path / "server.log").read_text()[-3000:])
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


@pytest.mark.slow
@pytest.mark.xdist_group("server")
def test_two_machines_with_one_mlflow_are_one_memory(tmp_path: Path, server: str):
    one, two = checkout(tmp_path / "one"), checkout(tmp_path / "two")
    first = job(one, MLFLOW_TRACKING_URI=server)
    again = job(two, MLFLOW_TRACKING_URI=server)
    assert calls_of(two) == {}
    assert (first["attempt"], again["attempt"], again["verdict"]) == (1, 2, first["verdict"])
    assert "continues the test begun on" in again["comment"]
    assert again["candidate"]["run_id"] == first["candidate"]["run_id"]


@pytest.mark.slow
def test_what_stands_is_shown_refreshed_saved_and_restored(tmp_path: Path):
    folder, other = checkout(tmp_path / "one"), checkout(tmp_path / "other")

    def told(where: Path, *args: str) -> str:
        done = subprocess.run(
            command("baseline", *args), cwd=where, env=environment(where), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = told(folder, "refresh", "suite.yaml", "--agent", "coins:base")
    run_id = first.splitlines()[-1]
    assert "production names run" in first and "No gate has been against this alias yet." in first
    shown = told(folder, "show", "suite.yaml")
    assert "(production): coins:base" in shown and "400 trials of 400 cases" in shown and "holds:" in shown
    assert shown.startswith(run_id)
    assert "suite coins, 1 runs, 0 decisions" in told(folder, "save", "suite.yaml", "-o", ".evalplat-kept.zip")
    shutil.copy(folder / ".evalplat-kept.zip", other)
    told(other, "restore", ".evalplat-kept.zip")
    assert told(other, "show", "suite.yaml").startswith(f"{run_id} (production): coins:base")
    damaged = other / "damaged.zip"
    damaged.write_bytes((other / ".evalplat-kept.zip").read_bytes()[:-100])
    done = subprocess.run(
        command("baseline", "restore", "damaged.zip"), cwd=other, env=environment(other), capture_output=True, text=True
    )
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and "damaged.zip" in done.stderr
