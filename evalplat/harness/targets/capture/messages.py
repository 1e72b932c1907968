"""Messages as OpenAI's two protocols write them, into those of the GenAI conventions (JSON text)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, Any]


def chat_input(messages: Sequence[Mapping[str, Any]] | None) -> str | None:
    """What a chat completion was asked."""
    return None if messages is None else dumped([_chat(message) for message in messages])


def chat_output(messages: Sequence[Mapping[str, Any]] | None, finish: str | None = None) -> str | None:
    """What a chat completion answered."""
    return None if messages is None else dumped([_finished(_chat(message), finish) for message in messages])


def responses_input(asked: str | Sequence[Mapping[str, Any]] | None) -> str | None:
    """What the Responses API was asked."""
    if asked is None:
        return None
    items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    return dumped([_item(item) for item in items])


def responses_output(items: Sequence[Mapping[str, Any]]) -> str:
    """What the Responses API answered."""
    return dumped([_item(item) for item in items])


def text_part(text: str) -> Message:
    """A part of a message that is text."""
    return {"type": "text", "content": text}


def call_part(call_id: str | None, name: str, arguments: str) -> Message:
    """A part of a message that asks for a tool; `arguments` is the text that the model wrote."""
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def result_part(call_id: str | None, result: str) -> Message:
    """A part of a message that is a tool's answer."""
    return {"type": "tool_call_response", "id": call_id, "result": result}


def dumped(messages: Sequence[Message]) -> str:
    """As the attribute holds them."""
    return json.dumps(messages, ensure_ascii=False, default=repr)


def in_words(parts: Sequence[Any]) -> str:
    """What there is to say, in one text."""
    return ": ".join(part if isinstance(part, str) else json.dumps(part, default=repr) for part in parts if part)


def content_parts(content: Any) -> list[Message]:
    """The parts of a message's content: a text, or a list of parts of which what is no text is named by its type."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [text_part(content)]
    if not isinstance(content, Sequence):
        return [text_part(str(content))]
    return [_part(part) for part in content]


def _part(part: Any) -> Message:
    if isinstance(part, str):
        return text_part(part)
    text = part.get("text") or part.get("refusal") if isinstance(part, Mapping) else None
    if isinstance(text, str):
        return text_part(text)
    return {"type": str(part.get("type", "unknown")) if isinstance(part, Mapping) else type(part).__name__}


def _chat(message: Mapping[str, Any]) -> Message:
    role = str(message.get("role", "assistant"))
    if role == "tool":
        return {"role": "tool", "parts": [result_part(message.get("tool_call_id"), _flat(message.get("content")))]}
    parts = content_parts(message.get("content") or message.get("refusal"))
    for call in message.get("tool_calls") or ():
        asked = call.get("function") or call.get("custom") or {}
        arguments = asked.get("arguments", asked.get("input", ""))
        parts.append(call_part(call.get("id"), str(asked.get("name", "")), arguments))
    return {"role": role, "parts": parts}


def _item(item: Mapping[str, Any]) -> Message:
    kind = item.get("type", "message")
    if kind == "function_call":
        part = call_part(item.get("call_id"), str(item.get("name", "")), item.get("arguments", ""))
        return {"role": "assistant", "parts": [part]}
    if kind == "function_call_output":
        return {"role": "tool", "parts": [result_part(item.get("call_id"), _flat(item.get("output")))]}
    if kind == "message":
        return {"role": str(item.get("role", "assistant")), "parts": content_parts(item.get("content"))}
    return {"role": "assistant", "parts": [{"type": str(kind)}]}


def _flat(content: Any) -> str:
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part.get("content", "") for part in content_parts(content))


def _finished(message: Message, finish: str | None) -> Message:
    return message if finish is None else {**message, "finish_reason": finish}
