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

    @property
    def cut_off(self) -> bool:
        """Whether the last answer of a model ended as it had no more tokens."""
        last = self._last_answer
        return last is not None and bool(_CUT_OFF & _words(last.attributes.get(_FINISHED)))

    @property
    def token_limit(self) -> int | None:
        """Most tokens that the last answer of a model was allowed, where it is known."""
        last = self._last_answer
        limit = None if last is None else last.attributes.get("gen_ai.request.max_tokens")
        return limit if isinstance(limit, int) and limit > 0 else None

    @property
    def _last_answer(self) -> Span | None:
        answers = [span for span in self.spans if span.attributes.get(_FINISHED)]
        return max(answers, key=lambda span: span.end_unix_nano, default=None)


_FINISHED = "gen_ai.response.finish_reasons"
_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens"})


def _words(found: AttributeValue | None) -> set[str]:
    return {str(one).lower() for one in (found if isinstance(found, tuple | list) else [found])}
