"""The trace of an episode whose clock is the simulation's own: the same bytes for the same episode."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from evalplat.records import Case, Episode, Span, SpanEvent, TargetInfo, ToolCall, Trace, TrialKey, canonical_json
from evalplat.records.trace import AttributeValue

from .seeds import hex_id

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""When every scripted trial begins: no clock is read."""

_NS = 1_000_000_000


def trace_of(episode: Episode, case: Case, key: TrialKey, seed: int, target: TargetInfo) -> Trace:
    """Spans of the conversation, of each reply and of each call, in OpenTelemetry's GenAI conventions."""
    trace_id = hex_id(32, "trace", seed, key.case_id, key.trial)

    def span(number: int, parent: int | None, name: str, start: float, end: float, **more: Any) -> Span:
        return Span(
            trace_id=trace_id,
            span_id=hex_id(16, "span", trace_id, number),
            parent_span_id=None if parent is None else hex_id(16, "span", trace_id, parent),
            name=name,
            start_unix_nano=_nano(start),
            end_unix_nano=_nano(end),
            **more,
        )

    about: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": target.name,
        "gen_ai.agent.name": target.name,
        "evalplat.scripted": True,
        "evalplat.case.id": case.id,
        "evalplat.ended": episode.ended,
    }
    spans = [span(0, None, f"invoke_workflow {target.name}", 0.0, episode.seconds, attributes=about)]
    for turn, (start, end, said, reply) in enumerate(_turns(episode), start=1):
        attributes: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": target.name,
            "gen_ai.input.messages": _message("user", said),
        }
        if reply is not None:
            attributes["gen_ai.output.messages"] = _message("assistant", reply)
        of_turn = len(spans)
        events = tuple(
            SpanEvent(
                name="fault",
                time_unix_nano=_nano(fault.at_s),
                attributes={"evalplat.fault.kind": fault.kind, "evalplat.fault.step": fault.step},
            )
            for fault in episode.faults
            if fault.hit == "model" and start <= fault.at_s < max(end, start + 1e-9)
        )
        name = f"invoke_agent {target.name}"
        spans.append(span(of_turn, 0, name, start, end, attributes=attributes, events=events))
        for call in episode.tool_calls:
            if call.turn == turn:
                began, ended = call.at_s, call.at_s + call.took_s
                spans.append(span(len(spans), of_turn, f"execute_tool {call.tool}", began, ended, **_about_call(call)))
    return Trace(trace_id=trace_id, spans=tuple(spans))


def _turns(episode: Episode) -> list[tuple[float, float, str, str | None]]:
    """Begin, end, message and reply of each turn of the agent; the last may have no reply."""
    turns: list[tuple[float, float, str, str | None]] = []
    said: tuple[float, str] | None = None
    for message in episode.messages:
        if message.role == "user":
            said = message.at_s, message.text
        elif said is not None:
            turns.append((said[0], message.at_s, said[1], message.text))
            said = None
    if said is not None and episode.ended not in ("user_done", "user_gave_up"):
        turns.append((said[0], episode.seconds, said[1], None))
    return turns


def _about_call(call: ToolCall) -> dict[str, Any]:
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool,
        "gen_ai.tool.call.arguments": canonical_json(call.args),
    }
    if call.fault is not None:
        attributes["evalplat.fault.kind"] = call.fault
    if call.error is not None:
        return {
            "attributes": {**attributes, "error.type": "ToolError"},
            "status": "error",
            "status_message": call.error,
        }
    return {"attributes": {**attributes, "gen_ai.tool.call.result": canonical_json(call.result)}}


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)


def _nano(seconds: float) -> int:
    return int(EPOCH.timestamp()) * _NS + round(seconds * _NS)
