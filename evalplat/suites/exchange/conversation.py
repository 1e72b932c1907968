"""Conversation: messages and tools of one trial, as a Trace in the GenAI conventions and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalplat.records import Span, Trace
from evalplat.records.trace import AttributeValue

from .messages import Message

ORDER_ONLY = "evalplat.order_only"
"""True on a root span whose times say only what came before what: the source has none."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said and called. `tools` are definitions as the model got them; times are Unix nanoseconds."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    model: str | None = None
    times: tuple[int, int] | None = None


def trace_of(talk: Conversation, *, key: str) -> Trace:
    """The conversation as spans: an agent, below it a `chat` a reply and an `execute_tool` a call.

    Ids come from `key` alone, so that the same conversation is the same trace.
    """
    messages = list(talk.messages)
    trace_id = _hex(key, 32)
    steps = list(_steps(messages, talk.model))
    start, end = talk.times or (0, 2 * len(steps) + 1)
    last = messages[-1:] if messages and messages[-1]["role"] == "assistant" else []
    attributes: dict[str, AttributeValue] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": talk.system}
    if talk.model is not None:
        attributes["gen_ai.request.model"] = talk.model
    if talk.times is None:
        attributes[ORDER_ONLY] = True
    if talk.tools:
        attributes["gen_ai.tool.definitions"] = _json(list(talk.tools))
    attributes["gen_ai.input.messages"] = _json(messages[: len(messages) - len(last)])
    if last:
        attributes["gen_ai.output.messages"] = _json(last)
    root = Span(
        trace_id=trace_id,
        span_id=_hex(f"{key}\x1froot", 16),
        name=f"invoke_agent {talk.system}",
        start_unix_nano=start,
        end_unix_nano=max(start, end),
        attributes=attributes,
    )
    spans = [root]
    for at, (name, own, error) in enumerate(steps):
        # Inside the root, in order; where the source has times, they are the root's.
        moment = start if talk.times else 2 * at + 1
        spans.append(
            Span(
                trace_id=trace_id,
                span_id=_hex(f"{key}\x1f{at}", 16),
                parent_span_id=root.span_id,
                name=name,
                kind="client" if name.startswith("chat") else "internal",
                start_unix_nano=moment,
                end_unix_nano=moment if talk.times else moment + 1,
                status="error" if error is not None else "unset",
                status_message=error or "",
                attributes=own,
            )
        )
    return Trace(trace_id=trace_id, spans=tuple(spans))


def conversation_of(trace: Trace) -> Conversation | None:
    """The conversation in a trace of any origin; None where no span carries messages.

    Of several spans with messages the one that ends last among those that say the most counts.
    """
    best: Span | None = None
    said: list[Message] = []
    for span in trace.spans:
        found = messages_in(span)
        if len(found) > len(said) or (best is not None and len(found) == len(said) > 0 and _later(span, best)):
            best, said = span, found
    if best is None:
        return None
    values = [span.attributes for span in trace.spans]
    tools = next((_listed(own["gen_ai.tool.definitions"]) for own in values if "gen_ai.tool.definitions" in own), [])
    model = next((own[name] for own in values for name in _MODELS if isinstance(own.get(name), str)), None)
    system = next((own["gen_ai.agent.name"] for own in values if "gen_ai.agent.name" in own), "")
    root = trace.spans[0]
    times = None if root.attributes.get(ORDER_ONLY) is True else (root.start_unix_nano, root.end_unix_nano)
    return Conversation(
        system=str(system),
        messages=tuple(said),
        tools=tuple(tool for tool in tools if isinstance(tool, dict)),
        model=None if model is None else str(model),
        times=times,
    )


def messages_in(span: Span) -> list[Message]:
    """What a span says it was told and answered: system instructions, input messages, output messages."""
    own = span.attributes
    instructions = [part for part in _listed(own.get("gen_ai.system_instructions")) if isinstance(part, dict)]
    found: list[Message] = [{"role": "system", "parts": _parts(instructions)}] if instructions else []
    for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
        for message in _listed(own.get(name)):
            if isinstance(message, dict) and message.get("role") in ("system", "user", "assistant", "tool"):
                parts = message.get("parts")
                found.append({"role": message["role"], "parts": _parts(parts if isinstance(parts, list) else [])})
    return found


_MODELS = ("gen_ai.request.model", "gen_ai.response.model")


def _parts(parts: Sequence[Any]) -> list[Message]:
    """Parts that hold what their type promises; others are only named."""
    kept: list[Message] = []
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            continue
        kind = part["type"]
        whole = {
            "text": isinstance(part.get("content"), str),
            "reasoning": isinstance(part.get("content"), str),
            "tool_call": isinstance(part.get("name"), str),
            "tool_call_response": True,
        }.get(kind, False)
        if not whole:
            kept.append({"type": kind, "left_out": True})
        elif kind == "tool_call_response" and not isinstance(part.get("response"), str):
            given = part.get("response", part.get("result"))
            text = given if isinstance(given, str) else "" if given is None else _json(given)
            kept.append({"type": kind, "id": part.get("id"), "response": text})
        else:
            kept.append(part)
    return kept


def _later(span: Span, other: Span) -> bool:
    return span.end_unix_nano > other.end_unix_nano and other.parent_span_id is not None


def _steps(
    messages: Sequence[Message], model: str | None
) -> Iterator[tuple[str, dict[str, AttributeValue], str | None]]:
    """Name, attributes and error of the span of each reply and of each call, in order."""
    results = [
        (at, part) for at, message in enumerate(messages) for part in message["parts"] if message["role"] == "tool"
    ]
    for at, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        own: dict[str, AttributeValue] = {"gen_ai.operation.name": "chat", "gen_ai.output.messages": _json([message])}
        if model is not None:
            own["gen_ai.request.model"] = model
        yield f"chat {model}" if model else "chat", own, None
        for call in message["parts"]:
            if call["type"] == "tool_call":
                yield _called(call, _result(call, at, results))


def _result(call: Message, at: int, results: list[tuple[int, Message]]) -> Message | None:
    """The first result after the call that bears its id, each taken once; where calls bear none, the next one."""
    for place, (later, part) in enumerate(results):
        if later > at and part.get("id") == call.get("id"):
            return results.pop(place)[1]
    return None


def _called(call: Message, result: Message | None) -> tuple[str, dict[str, AttributeValue], str | None]:
    own: dict[str, AttributeValue] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": call["name"]}
    if call.get("id") is not None:
        own["gen_ai.tool.call.id"] = str(call["id"])
    arguments = call.get("arguments")
    own["gen_ai.tool.call.arguments"] = arguments if isinstance(arguments, str) else _json(arguments)
    if result is not None and "response" in result:
        own["gen_ai.tool.call.result"] = result["response"]
    return f"execute_tool {call['name']}", own, None if result is None else result.get("error")


def _listed(value: object) -> list[Any]:
    """A list out of JSON text; nothing where the text is no such thing."""
    if not isinstance(value, str):
        return []
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _hex(text: str, length: int) -> str:
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
    return found if found.strip("0") else f"{1:0{length}x}"
