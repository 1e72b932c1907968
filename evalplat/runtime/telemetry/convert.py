"""OpenTelemetry's spans into ours: redacted, tidied, parents before children."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from evalplat.records import Span, SpanEvent
from evalplat.records.trace import AttributeValue

from .redaction import Redactor, clean

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

# What pydantic-ai adds for one vendor's display, or says twice.
_DROPPED = ("logfire.", "model_request_parameters", "model_name", "agent_name", "final_result")
_ALL_MESSAGES = "pydantic_ai.all_messages"
UNFINISHED = "evalplat.unfinished"
"""True on a span that had not ended when its trace was closed."""


def convert(spans: Sequence[ReadableSpan], redactor: Redactor) -> tuple[Span, ...]:
    """The spans as records, parents before children, else in the order they began."""
    now = time.time_ns()
    return parents_first(_span(span, redactor, now) for span in spans)


def _span(span: ReadableSpan, redactor: Redactor, now: int) -> Span:
    context = span.get_span_context()
    assert context is not None  # the SDK's spans have one
    start = span.start_time or now
    attributes = _attributes(_tidy(span.attributes or {}), redactor)
    if span.end_time is None:
        attributes[UNFINISHED] = True
    events = tuple(
        SpanEvent(
            name=redactor.text(clean(event.name)),
            time_unix_nano=event.timestamp,
            attributes=_attributes(event.attributes or {}, redactor),
        )
        for event in span.events
    )
    return Span(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_span_id=f"{span.parent.span_id:016x}" if span.parent else None,
        name=redactor.text(clean(span.name)),
        kind=_kind(span.kind.name),
        start_unix_nano=start,
        # The clock may be set back between the two readings.
        end_unix_nano=max(span.end_time or now, start),
        status=_status(span.status.status_code.name),
        status_message=redactor.line(span.status.description or ""),
        attributes=attributes,
        events=events,
    )


def _tidy(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """pydantic-ai's own attributes in the words of the conventions."""
    kept = {name: value for name, value in attributes.items() if not name.startswith(_DROPPED)}
    messages = kept.pop(_ALL_MESSAGES, None)
    if isinstance(messages, str):
        history = json.loads(messages)
        last = history[-1:] if history and history[-1].get("role") == "assistant" else []
        kept["gen_ai.input.messages"] = json.dumps(history[: len(history) - len(last)], ensure_ascii=False)
        if last:
            kept["gen_ai.output.messages"] = json.dumps(last, ensure_ascii=False)
    return kept


def _attributes(attributes: Mapping[str, Any], redactor: Redactor) -> dict[str, AttributeValue]:
    return {redactor.text(clean(name)): _value(value, redactor) for name, value in attributes.items()}


def _value(value: Any, redactor: Redactor) -> AttributeValue:
    if isinstance(value, str):
        return redactor.text(clean(value))
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        items = [_value(item, redactor) for item in value]
        if len({type(item) for item in items}) <= 1 and not any(isinstance(item, tuple) for item in items):
            return tuple(items)  # type: ignore[return-value]  # of one type, which mypy cannot see
        return redactor.text(clean(json.dumps(items, ensure_ascii=False)))
    return redactor.text(clean(str(value)))


def _kind(name: str) -> Literal["internal", "client", "server"]:
    return "client" if name in ("CLIENT", "PRODUCER") else "server" if name in ("SERVER", "CONSUMER") else "internal"


def _status(name: str) -> Literal["unset", "ok", "error"]:
    return "error" if name == "ERROR" else "ok" if name == "OK" else "unset"


def parents_first(found: Iterable[Span]) -> tuple[Span, ...]:
    """Each span after its parent, else in the order given; iterative, since the depth is what the agent made it."""
    spans = list(found)
    ids = {span.span_id for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in spans:
        parent = span.parent_span_id if span.parent_span_id in ids else None
        children.setdefault(parent, []).append(span)
    ordered: list[Span] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        span = waiting.pop()
        ordered.append(span)
        waiting.extend(reversed(children.get(span.span_id, [])))
    return tuple(ordered)
