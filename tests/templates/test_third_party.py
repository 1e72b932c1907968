"""An agent of another framework, gated by the bring-your-own template, in at most ten changed lines."""

from __future__ import annotations

import difflib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from instruments.endpoint import MisbehavingEndpoint
from instruments.projects import evalplat, lay_down, printed_commands

AGENTS = {
    "pydantic_ai": (
        "from pydantic_ai import Agent\n",
        'desk = Agent("openai-chat:test-model", instructions="Answer from the text.", defer_model_check=True)\n',
        "    return (await desk.run(f\"Text: {search(question)[1]}\\nQuestion: {question}\")).output\n",
    ),
    "openai_agents": (
        "from agents import Agent, Runner, OpenAIChatCompletionsModel\nfrom openai import AsyncOpenAI\n",
        'desk = Agent("desk", instructions="Answer from the text.", model=OpenAIChatCompletionsModel("test-model", AsyncOpenAI()))\n',  # noqa: E501
        "    return (await Runner.run(desk, f\"Text: {search(question)[1]}\\nQuestion: {question}\")).final_output\n",
    ),
}  # fmt: skip


def reads_out(request: dict[str, Any]) -> str:
    """A model that says the text that it is given, and that it does not know where that has nothing to do with it."""
    text, _, question = str(request["messages"][-1]["content"]).removeprefix("Text: ").partition("\nQuestion: ")
    common = {word for word in question.lower().split() if len(word) > 3} & set(text.lower().split())
    return text if common else "I don't know."


def changed_lines(before: str, after: str) -> int:
    """Lines taken away and lines put in."""
    return sum(line[0] in "+-" for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] != "?")


def with_agent(text: str, framework: str) -> str:
    """agent.py, whose `answer_next` is the framework's agent."""
    imported, made, body = AGENTS[framework]
    text = text.replace("from evalplat.harness import", imported + "from evalplat.harness import", 1)
    head, _, tail = text.partition("@traced\ndef answer_next")
    comments = tail[tail.index("\n\n\n# Your own agent") :]
    return f"{head}{made}@traced\nasync def answer_next(question: str) -> str:\n{body.rstrip()}{comments}"


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["pydantic_ai", "openai_agents"])
def test_an_agent_of_another_framework_is_gated_in_at_most_ten_changed_lines(tmp_path: Path, framework: str):
    folder = lay_down(tmp_path, "own_agent")
    before = (folder / "agent.py").read_text(encoding="utf-8")
    after = with_agent(before, framework)
    (folder / "agent.py").write_text(after, encoding="utf-8")
    assert 4 <= changed_lines(before, after) <= 10
    gate, _ = printed_commands(evalplat("init", tmp_path / "again").stdout)
    with MisbehavingEndpoint(respond=reads_out) as endpoint:
        tracing = {"OPENAI_AGENTS_DISABLE_TRACING": "1"} if framework == "openai_agents" else {}
        done = evalplat(*shlex.split(gate)[1:], cwd=folder, env=endpoint.env | tracing)
        asked = len(endpoint.completions)
    assert done.returncode in (0, 1, 3), done.stderr
    decision = json.loads((folder / "decision.json").read_text())
    assert decision["candidate"]["n_trials"] == asked > 0, "every trial asked the framework's model once"
    assert decision["metrics"][0]["candidate"] > 0.4, "and its answers were scored"
