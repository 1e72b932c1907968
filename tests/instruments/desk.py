"""The model behind the desk of README examples: what it says, and what its log says of a question.

A clerk asks for the stock of the item and then says the number that it got. A careless one forgets it where `forgets`
says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instruments.endpoint import Exchange, MisbehavingEndpoint, tool_call

from evalplat.records import Trial

PAGE = Path(__file__).parents[2] / "evalplat/harness/targets/README.md"
_EXAMPLE = re.compile(r"```(?:python|yaml)\n# (\w+\.(?:py|yaml))\n(.*?)```", re.DOTALL)


def examples() -> dict[str, str]:
    """File name -> text of the page's examples."""
    return dict(_EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))


def items(count: int) -> list[str]:
    """Names of items, each of its own, of different lengths."""
    return [f"item{'x' * (i % 7)}{i}" for i in range(count)]


def question(body: dict[str, Any]) -> str:
    """The first thing the user said."""
    return next(message["content"] for message in body["messages"] if message["role"] == "user")


def instructions(body: dict[str, Any]) -> str:
    """What the system prompt says."""
    return next((message["content"] for message in body["messages"] if message["role"] == "system"), "")


def clerk(body: dict[str, Any]) -> str | dict[str, Any]:
    """See the module."""
    last = body["messages"][-1]
    item = question(body).split()[-1]
    if not body.get("tools"):
        last = {"role": "tool", "content": str(len(item))}  # by heart
    if last["role"] != "tool":
        return tool_call("stock", {"item": item}, f"call_{item}")
    if "careless" in instructions(body) and int(item.lstrip("itemx")) % 2:
        return "I do not know."
    return f"There are {last['content']} pieces."


@dataclass(frozen=True)
class Told:
    """What somebody says of one question: its answer, tokens, calls and tool calls (name and arguments)."""

    answer: str
    tokens: tuple[int, int]
    calls: int
    tools: tuple[tuple[str, str, str], ...]
    results: tuple[tuple[str, str], ...]


def logged(exchanges: list[Exchange]) -> Told:
    """What the endpoint's log says of the exchanges of one question, in order."""
    assert all(exchange.body and exchange.message and exchange.usage for exchange in exchanges)
    asked = [call for exchange in exchanges for call in (exchange.message or {}).get("tool_calls", ())]
    results = {m["tool_call_id"]: m["content"] for e in exchanges for m in e.body["messages"] if m["role"] == "tool"}
    return Told(
        str((exchanges[-1].message or {})["content"]),
        (sum(e.usage[0] for e in exchanges if e.usage), sum(e.usage[1] for e in exchanges if e.usage)),
        len(exchanges),
        tuple((c["id"], c["function"]["name"], _plain(c["function"]["arguments"])) for c in asked),
        tuple(sorted(results.items())),
    )


def traced(trial: Trial) -> Told:
    """What a trial says of itself: tokens and calls by its usage, tool calls by the model calls of its trace."""
    assert trial.answer is not None, trial.failure
    assert trial.trace is not None
    parts = [
        (span, message["role"], part)
        for span in trial.trace.spans
        if span.attributes.get("gen_ai.operation.name") == "chat"
        for kind in ("input", "output")
        for message in json.loads(str(span.attributes[f"gen_ai.{kind}.messages"]))
        if kind == "output" or message["role"] == "tool"
        for part in message["parts"]
    ]
    results = {part["id"]: part["result"] for _, role, part in parts if role == "tool"}
    return Told(
        trial.answer.text,
        (trial.usage.input_tokens, trial.usage.output_tokens),
        trial.usage.calls,
        tuple((p["id"], p["name"], _plain(p["arguments"])) for _, _, p in parts if p["type"] == "tool_call"),
        tuple(sorted(results.items())),
    )


def executed(trial: Trial) -> list[tuple[str, str, str]]:
    """Name, arguments and result of the tools that ran, by the trace's spans."""
    assert trial.trace is not None
    return [
        (
            str(span.attributes["gen_ai.tool.name"]),
            _plain(str(span.attributes["gen_ai.tool.call.arguments"])),
            str(span.attributes["gen_ai.tool.call.result"]),
        )
        for span in trial.trace.spans
        if span.attributes.get("gen_ai.operation.name") == "execute_tool"
    ]


def by_question(
    endpoint: MisbehavingEndpoint, *, of: Callable[[dict[str, Any]], bool] = lambda _: True
) -> dict[str, list[Exchange]]:
    """The endpoint's exchanges by what the user asked, those that `of` says."""
    found: dict[str, list[Exchange]] = {}
    for exchange in endpoint.completions:
        if exchange.body is not None and of(exchange.body):
            found.setdefault(question(exchange.body), []).append(exchange)
    return found


def _plain(arguments: str) -> str:
    """JSON text without regard to its spaces."""
    return json.dumps(json.loads(arguments), sort_keys=True)
