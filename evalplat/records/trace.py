"""Trace and Span: what happened in a trial, in OpenTelemetry's GenAI conventions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt

from .base import Record

# Strict inside: of tuples pydantic takes the first that fits, and 1.0 would come back as 1.
AttributeValue = (
    str
    | bool
    | int
    | float
    | tuple[str, ...]
    | tuple[StrictBool, ...]
    | tuple[StrictInt, ...]
    | tuple[StrictFloat, ...]
)


class SpanEvent(Record):
    """Something that happened at one moment of a span, such as a retry."""

    name: str
    time_unix_nano: int
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)


class Span(Record):
    """One operation. `name` and `attributes` follow the GenAI semantic conventions (`gen_ai.*`)."""

    trace_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    span_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    parent_span_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    name: str
    kind: Literal["internal", "client", "server"] = "internal"
    start_unix_nano: int
    end_unix_nano: int
    status: Literal["unset", "ok", "error"] = "unset"
    status_message: str = ""
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()


class Trace(Record):
    """All spans of one trial, parents before children."""

    trace_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    spans: tuple[Span, ...] = ()
