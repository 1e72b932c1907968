"""Agents of the runtime, and functions, in a conversation: history, tools of the world, faults at both seams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from instruments.endpoint import MisbehavingEndpoint, tool_call
from instruments.lending import CASES, FILE, suite_of
from instruments.runs import start_run

from evalplat.errors import SpecError
from evalplat.harness import AgentTarget, Ledger, execute, open_target
from evalplat.records import AgentSpec, Trial
from evalplat.scorers import score_run

SPEC = AgentSpec.model_validate(
    {
        "name": "desk",
        "prompts": {"system": "You lend books."},
        "model": {"name": "openai:test-model", "max_tokens": 200, "timeout_s": 5.0, "max_retries": 3},
    }
)


def model(request: dict[str, Any]) -> str | dict[str, Any]:
    """A model that does the fine right: it asks for the address, verifies, waives, and tries again what timed out."""
    messages = request["messages"]
    results = [json.loads(m["content"]) for m in messages if m["role"] == "tool"]
    if not any("ana@example.org" in str(m["content"]) for m in messages if m["role"] == "user"):
        return "Which e-mail address do we have of you?"
    if not any("verified" in result for result in results):
        return tool_call("check_email", {"member": "m1", "email": "ana@example.org"})
    if not any("fine_cents" in result for result in results):
        return tool_call("waive_fine", {"member": "m1", "amount_cents": 400})
    return "I have waived 4 euros."


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Any:
    with MisbehavingEndpoint(respond=model) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        yield server


async def played(ledger: Ledger, target: Any, *ids: str) -> list[Trial]:
    suite = suite_of(*ids)
    start_run(ledger, suite, target)
    run = await execute(suite, target, ledger, "run-1")
    await target.aclose()
    return list(run.trials)


async def test_an_agent_of_the_runtime_plays_a_scenario(ledger: Ledger, tmp_path: Path, endpoint: Any) -> None:
    target = AgentTarget(SPEC, tmp_path, cache_path=tmp_path / "cache.db")
    [trial] = await played(ledger, target, "waive-fine")
    episode = trial.episode
    assert trial.failure is None, trial.failure
    assert episode is not None
    assert episode.ended == "user_done"
    assert [m.role for m in episode.messages] == ["user", "agent", "user", "agent"]
    assert [(c.tool, c.fault) for c in episode.tool_calls if c.tool == "waive_fine"] == [
        ("waive_fine", "timeout"), ("waive_fine", None),
    ]  # fmt: skip
    assert episode.final_state["waived"] == [{"member": "m1", "amount_cents": 400}]
    # The second message came with the first and its answer before it, and with the tools of the world.
    bodies = [exchange.body for exchange in endpoint.completions]
    assert [m["role"] for m in bodies[1]["messages"]][:4] == ["system", "user", "assistant", "user"]
    tools = {tool["function"]["name"]: tool["function"] for tool in bodies[0]["tools"]}
    assert set(tools) == {"find_loan", "check_email", "renew", "waive_fine", "ask_librarian"}
    assert set(tools["waive_fine"]["parameters"]["properties"]) == {"member", "amount_cents"}
    # The fault of the model never reached the endpoint: the gateway sent the request again.
    assert [f.kind for f in episode.faults if f.hit == "model"] == ["rate_limit"]
    assert trial.usage.retries == 1
    assert trial.trace is not None
    assert sum(span.name.startswith("execute_tool") for span in trial.trace.spans) == len(episode.tool_calls)


async def test_faults_of_the_model_keep_the_cache_out(tmp_path: Path, endpoint: Any) -> None:
    for attempt in range(2):
        target = AgentTarget(SPEC, tmp_path, cache_path=tmp_path / "cache.db")
        with Ledger(tmp_path / f"{attempt}.db") as own:
            [trial] = await played(own, target, "waive-fine")
        assert trial.usage.cached_calls == 0
        assert trial.usage.retries == 1


async def test_a_function_that_takes_messages_holds_a_conversation(ledger: Ledger) -> None:
    target = open_target("instruments.lending:clerk")
    assert target.info.kind == "callable"
    trials = await played(ledger, target, "renew-loan-emma")
    [trial] = trials
    assert trial.answer is not None
    assert trial.answer.text == "Renewed after 1 messages."
    assert trial.episode is not None
    assert trial.episode.final_state["loans"]["L1"]["status"] == "renewed"
    run = ledger.run("run-1")
    scores = {s.metric: s.value for s in score_run(suite_of("renew-loan-emma"), run).scores}
    assert scores["end_state"] == scores["steps"] == 1.0


@pytest.mark.parametrize("ref", ["instruments.lending:one_text", "http://127.0.0.1:9/answer"])
async def test_what_cannot_converse_is_refused_before_the_first_trial(ledger: Ledger, ref: str) -> None:
    target = open_target(ref)
    with pytest.raises(SpecError, match=r"takes one text at a time, and case waive-fine is a conversation"):
        await played(ledger, target, "waive-fine")
    assert ledger.tally("run-1").done == 0


def test_the_files_are_those_that_the_page_quotes() -> None:
    page = Path("evalplat/harness/simulate/README.md").read_text(encoding="utf-8")
    text = FILE.read_text(encoding="utf-8")
    for line in ("cluster: fines", 'otherwise: "I really only want the fine waived."', "kind: timeout, step: 1"):
        assert line in text
        assert line in page
    assert len(CASES) == 3
