"""Recording: everything that happens in one trial, as one trace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from evalplat.records import Trace

from .convert import convert
from .redaction import Redactor

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, TracerProvider

_SCOPE = "evalplat"
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")


class Recording:
    """One open trace. `trace` is there once the recording has ended."""

    def __init__(self, root: Span, redactor: Redactor) -> None:
        self.root = root
        self.redactor = redactor
        self._trace: Trace | None = None

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return f"{self.root.get_span_context().trace_id:032x}"

    @property
    def traceparent(self) -> str:
        """The W3C header by which a callee's own log is joined with this trace."""
        return f"00-{self.trace_id}-{self.root.get_span_context().span_id:016x}-01"

    @property
    def trace(self) -> Trace:
        """The trace, redacted. Raises RuntimeError while the recording goes on."""
        if self._trace is None:
            raise RuntimeError("the recording has not ended")
        return self._trace

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Any] | None = None) -> Iterator[Span]:
        """A span below the current one. An exception is recorded on it and goes on."""
        with (
            tracer_provider().get_tracer(_SCOPE).start_as_current_span(name, attributes=dict(attributes or {})) as span
        ):
            yield span

    def failed(self, error: BaseException) -> None:
        """Mark the whole trace as failed, with the exception."""
        from opentelemetry.trace import StatusCode

        self.root.record_exception(error)
        self.root.set_status(StatusCode.ERROR, f"{type(error).__name__}: {error}")
        self.root.set_attribute("error.type", type(error).__name__)


@contextmanager
def record(
    name: str, *, trace_id: str | None = None, attributes: Mapping[str, Any] | None = None
) -> Iterator[Recording]:
    """Record what happens inside as one trace with `name` as its root span.

    The trace is its own, whatever spans an application around it has open, and many may be recorded at once: spans are
    told apart by OpenTelemetry's context, which goes along into tasks and `asyncio.to_thread`. `trace_id` is 32
    lower-case hexadecimal digits, not all 0; a random one without it. Raises ValueError where it is malformed, or being
    recorded already.
    """
    from opentelemetry import context as otel
    from opentelemetry.trace import set_span_in_context

    from . import collector

    if trace_id is not None and not _TRACE_ID.fullmatch(trace_id):
        raise ValueError(f"a trace id has 32 lower-case hexadecimal digits, found {trace_id!r}")
    number = int(trace_id, 16) if trace_id is not None else collector.new_trace_id()
    provider, spans = collector.provider()
    spans.open(number)
    redactor = Redactor()
    recording: Recording | None = None
    try:
        chosen = collector.next_trace_id.set(number)
        try:
            root = provider.get_tracer(_SCOPE).start_span(name, otel.Context(), attributes=dict(attributes or {}))
        finally:
            collector.next_trace_id.reset(chosen)
        token = otel.attach(set_span_in_context(root, otel.Context()))
        recording = Recording(root, redactor)
        try:
            yield recording
        finally:
            otel.detach(token)
            root.end()
    finally:
        collected = spans.close(number)
        if recording is not None:
            recording._trace = Trace(trace_id=f"{number:032x}", spans=convert(collected, redactor))


def tracer_provider() -> TracerProvider:
    """The private provider, for libraries that bring their own instrumentation."""
    from . import collector

    return collector.provider()[0]


def span_collector() -> SpanProcessor:
    """What files spans into the traces that are being recorded: for another provider, whose spans are to join them."""
    from . import collector

    return collector.provider()[1]
