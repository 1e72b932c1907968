"""A trace as rows of a waterfall."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from evalplat.records import Span, Trace

from .numbers import seconds

_MAX_SPANS = 60
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class SpanRow:
    """One span. `start` and `width` are shares of the whole trace in percent."""

    name: str
    depth: int
    start: float
    width: float
    duration: str
    status: str
    message: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TraceRows:
    """The spans that are shown, and how many there are."""

    spans: tuple[SpanRow, ...]
    total: int
    duration: str


def rows(trace: Trace | None) -> TraceRows | None:
    """The spans in their order, parents before children; None where nothing was recorded."""
    if trace is None or not trace.spans:
        return None
    first = min(span.start_unix_nano for span in trace.spans)
    last = max(max(span.end_unix_nano, span.start_unix_nano) for span in trace.spans)
    whole = max(last - first, 1)
    depths: dict[str, int] = {}
    made = []
    for span in trace.spans[:_MAX_SPANS]:
        depth = depths.get(span.parent_span_id or "", -1) + 1
        depths[span.span_id] = min(depth, _MAX_DEPTH)
        made.append(_row(span, depths[span.span_id], first, whole))
    return TraceRows(tuple(made), len(trace.spans), seconds(whole / 1e9))


def _row(span: Span, depth: int, first: int, whole: int) -> SpanRow:
    length = max(span.end_unix_nano - span.start_unix_nano, 0)
    return SpanRow(
        name=span.name,
        depth=depth,
        start=round(100 * (span.start_unix_nano - first) / whole, 2),
        width=max(round(100 * length / whole, 2), 0.6),
        duration=seconds(length / 1e9),
        status=span.status,
        message=span.status_message,
        details=tuple(_details(span)),
    )


def _details(span: Span) -> Iterable[tuple[str, str]]:
    for name, found in span.attributes.items():
        yield name, _messages(found) if name.endswith("messages") and isinstance(found, str) else _text(found)
    for event in span.events:
        inside = "\n".join(f"{name}: {_text(found)}" for name, found in event.attributes.items())
        yield f"event {event.name}", inside or f"at {seconds((event.time_unix_nano - span.start_unix_nano) / 1e9)}"


def _messages(found: str) -> str:
    """Messages of the GenAI conventions as `role: text`; whatever is not of that shape stays as it was recorded."""
    try:
        parsed = json.loads(found)
        lines = [f"{message['role']}: {_part(part)}" for message in parsed for part in message["parts"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return found
    return "\n\n".join(lines) or found


def _part(part: dict[str, object]) -> str:
    content = part.get("content")
    if part["type"] == "text" and isinstance(content, str) and len(part) == 2:
        return content
    return json.dumps(part, ensure_ascii=False)


def _text(found: object) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, tuple):
        return ", ".join(_text(item) for item in found)
    return json.dumps(found)
