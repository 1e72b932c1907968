"""Messages in OpenTelemetry's GenAI form (role and parts), out of the forms that other tools write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from evalplat.errors import LogError
from evalplat.redaction import without_secrets
from evalplat.suites.json_lines import json_object

from .sources import field, shown

Message = dict[str, Any]
"""`{"role", "parts": [{"type": "text", "content"} | {"type": "tool_call", "id", "name", "arguments"} | …]}`."""

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


def openai_messages(data: Sequence[Any], *, where: str) -> tuple[Message, ...]:
    """Chat messages of OpenAI's form, and of AgentDojo's, without secrets. Raises LogError naming message and field."""
    return _messages(data, _openai_call, where)


def inspect_messages(data: Sequence[Any], *, where: str) -> tuple[Message, ...]:
    """Chat messages of Inspect's form, without secrets. Raises LogError naming message and field."""
    return _messages(data, _inspect_call, where)


def text_of(message: Message) -> str:
    """The text of a message, its parts joined by line feeds."""
    return "\n".join(part["content"] for part in message["parts"] if part["type"] == "text")


def last_answer(messages: Sequence[Message]) -> str:
    """The last text that the assistant said; empty where it said none."""
    said = (text_of(message) for message in reversed(messages) if message["role"] == "assistant")
    return next((text for text in said if text), "")


def first_question(messages: Sequence[Message]) -> str:
    """The first text that a user said; empty where nobody said any."""
    said = (text_of(message) for message in messages if message["role"] == "user")
    return next((text for text in said if text.strip()), "")


def masked(value: Any) -> Any:
    """JSON data with the shapes of keys and tokens masked in every text, names of fields excepted."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {key: masked(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part) for part in value]
    return value


def _messages(data: Sequence[Any], call: Callable[[dict[str, Any], str], Message], where: str) -> tuple[Message, ...]:
    found = []
    for at, raw in enumerate(data):
        place = f"{where}: messages.{at}"
        if not isinstance(raw, dict):
            raise LogError(f"expected an object, found {shown(raw)}", where=place)
        found.append(masked(_message(raw, call, place)))
    return tuple(found)


def _message(raw: dict[str, Any], call: Callable[[dict[str, Any], str], Message], where: str) -> Message:
    role = _ROLES.get(field(raw, "role", str, where=where))
    if role is None:
        raise LogError(f"role: expected system, user, assistant or tool, found {shown(raw['role'])}", where=where)
    if role == "tool":
        return {"role": role, "parts": [_response(raw, where)]}
    parts = list(_content(raw.get("content"), where))
    for at, one in enumerate(field(raw, "tool_calls", list, where=where, default=[])):
        if not isinstance(one, dict):
            raise LogError(f"tool_calls.{at}: expected an object, found {shown(one)}", where=where)
        parts.append(call(one, f"{where}.tool_calls.{at}"))
    return {"role": role, "parts": parts}


def _content(content: Any, where: str) -> Iterator[Message]:
    """Text as it is; of pictures and the like only the kind, as a trace is no place for megabytes."""
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield {"type": "text", "content": content}
        return
    if not isinstance(content, list):
        raise LogError(f"content: expected text or a list, found {shown(content)}", where=where)
    for at, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise LogError(f"content.{at}: expected an object with a type, found {shown(block)}", where=where)
        kind = {"thinking": "reasoning", "input_text": "text", "output_text": "text"}.get(block["type"], block["type"])
        said = next(
            (block[name] for name in ("text", "content", "reasoning") if isinstance(block.get(name), str)), None
        )
        if kind in ("text", "reasoning"):
            if said is None:
                raise LogError(f"content.{at}: a {kind} block without a text, found {shown(block)}", where=where)
            yield {"type": kind, "content": said}
        else:
            yield {"type": kind, "left_out": True}


def _response(raw: dict[str, Any], where: str) -> Message:
    text = "\n".join(part["content"] for part in _content(raw.get("content"), where) if "content" in part)
    part: Message = {"type": "tool_call_response", "id": field(raw, "tool_call_id", str, where=where, default=None)}
    error = raw.get("error")
    if isinstance(error, dict):  # Inspect's
        error = field(error, "message", str, where=f"{where}.error", default="failed")
    part["response"] = text
    if error is not None:
        part["error"] = str(error)
    return part


def _openai_call(raw: dict[str, Any], where: str) -> Message:
    function = raw.get("function")
    if isinstance(function, str):  # AgentDojo's
        arguments = field(raw, "args", dict, where=where, default={})
        return _call(raw.get("id"), function, arguments, where)
    if not isinstance(function, dict):
        raise LogError(f"function: expected an object, found {shown(function)}", where=where)
    name = field(function, "name", str, where=f"{where}.function")
    given = field(function, "arguments", (str, dict), where=f"{where}.function", default={})
    return _call(raw.get("id"), name, given if isinstance(given, dict) else _arguments(given), where)


def _inspect_call(raw: dict[str, Any], where: str) -> Message:
    arguments = field(raw, "arguments", (dict, str), where=where, default={})
    return _call(raw.get("id"), field(raw, "function", str, where=where), arguments, where)


def _call(number: Any, name: str, arguments: Any, where: str) -> Message:
    if number is not None and not isinstance(number, str):
        raise LogError(f"id: expected text, found {shown(number)}", where=where)
    return {"type": "tool_call", "id": number, "name": name, "arguments": arguments}


def _arguments(text: str) -> Any:
    """The object in the text of the arguments; what a model garbled stays as the text that it is."""
    try:
        return json_object(text) if text.strip() else {}
    except ValueError:
        return text
