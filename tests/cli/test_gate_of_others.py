"""Agents of other frameworks, gated: what their trials say is what the endpoint that they asked has logged."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from instruments.desk import by_question, clerk, examples, executed, instructions, items, logged, traced
from instruments.endpoint import MisbehavingEndpoint

from evalplat.cli import main
from evalplat.errors import TargetFailed
from evalplat.harness import Ledger, open_target
from evalplat.records import Case, Run, TrialKey

SUITE = """name: desk
datasets: [cases.jsonl]
scorers:
  - {metric: right, kind: expectation}
  - {metric: tokens, kind: tokens}
policy: gate.yaml
"""
POLICY = """metrics:
  - {metric: right, rule: non_inferiority, margin: 0.15, range: binary}
"""
SLOW = ("desk_openai_agents", "desk_langgraph", "desk_plain")  # to load a framework takes longer than its trials
FRAMEWORKS = ["desk_pydantic_ai", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
CASES = 24


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the page's examples, in this process: loading four frameworks takes longer than their trials."""
    cases = [
        {"id": f"c{i}", "input": f"How many are there of {item}", "expect": {"number": len(item)}}
        for i, item in enumerate(items(CASES))
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "gate.yaml").write_text(POLICY)
    for name, text in examples().items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("desk_")]:
        del sys.modules[name]
    with warnings.catch_warnings():  # clients that the frameworks never close
        warnings.simplefilter("ignore")
        gc.collect()


def command(*args: str) -> int:
    """`evalplat ARGS`; its exit code."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["evalplat", *args])
        main()
    return int(ended.value.code or 0)


def variant(folder: Path, name: str, word: str) -> str:
    """The example with other instructions, as a module of its own."""
    text = (folder / f"{name}.py").read_text()
    assert "You are a clerk." in text
    (folder / f"{name}_{word}.py").write_text(text.replace("You are a clerk.", f"You are a {word} clerk."))
    return f"{name}_{word}:answer"


def run_of(folder: Path, target: str) -> Run:
    with Ledger(folder / ".evalplat" / "ledger.db") as ledger:
        (run_id,) = [info.id for info in ledger.runs() if info.target.ref == target]
        return ledger.run(run_id)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_agent_of_another_framework_is_gated_and_its_trials_are_what_the_endpoint_logged(
    desk: Path, framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MisbehavingEndpoint(clerk) as endpoint:
        for name, value in endpoint.env.items():
            monkeypatch.setenv(name, value)
        for word, code, verdict in (("kind", 0, "pass"), ("careless", 1, "fail")):
            candidate = variant(desk, framework, word)
            pair = ("--baseline", f"{framework}:answer", "--candidate", candidate)
            assert command("gate", *pair, "--suite", "suite.yaml", "--json", "decision.json") == code
            decision = json.loads((desk / "decision.json").read_text())
            assert decision["verdict"] == verdict, decision
            assert decision["metrics"][0]["n_cases"] >= 20
            log = by_question(endpoint, of=lambda body, word=word: word in instructions(body))
            trials = run_of(desk, candidate).trials
            assert len(trials) == decision["candidate"]["n_trials"]
            for trial in trials:
                told = logged(log.pop(f"How many are there of {items(CASES)[int(trial.key.case_id[1:])]}"))
                assert told.calls == 2
                assert traced(trial) == told
                assert executed(trial) == [(name, args, told.results[0][1]) for _, name, args in told.tools]
                assert trial.usage.retries == trial.usage.unknown_usage_calls == 0
            assert not log  # nothing was asked that no trial shows


def test_a_command_is_gated_and_its_trials_are_what_the_endpoint_logged(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    program, described = (desk / "desk_command.py").read_text(), (desk / "desk_command.yaml").read_text()
    (desk / "careless.py").write_text(program.replace("You are a clerk.", "You are a careless clerk."))
    (desk / "careless.yaml").write_text(described.replace("desk_command.py", "careless.py"))
    with MisbehavingEndpoint(clerk) as endpoint:
        for name, value in endpoint.env.items():
            monkeypatch.setenv(name, value)
        pair = ("--baseline", "desk_command.yaml", "--candidate", "careless.yaml")
        assert command("gate", *pair, "--suite", "suite.yaml", "--json", "decision.json") == 1
        log = by_question(endpoint, of=lambda body: "careless" in instructions(body))
    for trial in run_of(desk, "careless.yaml").trials:
        (asked,) = log.pop(f"How many are there of {items(CASES)[int(trial.key.case_id[1:])]}")
        assert trial.answer is not None
        assert asked.message is not None
        assert trial.answer.text == asked.message["content"]
        assert (trial.usage.input_tokens, trial.usage.output_tokens) == asked.usage
    assert not log


async def test_the_pages_endpoint_answers(desk: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "desk_http.py", str(port)], cwd=desk, stderr=subprocess.DEVNULL)
    target = open_target(f"http://127.0.0.1:{port}/")
    try:
        until = time.monotonic() + 20
        while True:
            try:
                await target.prepare()
                break
            except TargetFailed:
                assert time.monotonic() < until
                await asyncio.sleep(0.05)
        case = Case(id="c", input="How many are there of lamp")
        outcome = await target.answer(case, TrialKey(case_id="c"), 1)
        assert outcome.answer is not None
        assert outcome.answer.text == "There are 4 pieces."
    finally:
        await target.aclose()
        server.kill()
        server.wait()
