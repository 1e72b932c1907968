"""One private tracer provider, and the spans of each open trace."""

from __future__ import annotations

import secrets
import threading
from contextvars import ContextVar
from functools import cache

from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

next_trace_id: ContextVar[int | None] = ContextVar("evalplat_next_trace_id", default=None)
"""The id of the next trace that is begun in this context, where the caller chose one."""


class Collector(SpanProcessor):
    """Files spans by trace, from the moment they begin: one that never ends is not lost."""

    def __init__(self) -> None:
        self._traces: dict[int, list[Span]] = {}
        self._lock = threading.Lock()

    def open(self, trace_id: int) -> None:
        """Begin to collect. Raises ValueError where this trace is being collected already."""
        with self._lock:
            if trace_id in self._traces:
                raise ValueError(f"trace {trace_id:032x} is being recorded already")
            self._traces[trace_id] = []

    def close(self, trace_id: int) -> list[Span]:
        """The spans so far, in the order they began; later ones are dropped."""
        with self._lock:
            return self._traces.pop(trace_id)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        """See SpanProcessor."""
        with self._lock:
            spans = self._traces.get(span.get_span_context().trace_id)
            if spans is not None:
                spans.append(span)


class _Ids(IdGenerator):
    """Ids that do not come from `random`: a tool that seeds it would make them repeat."""

    def generate_span_id(self) -> int:
        return secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        return next_trace_id.get() or new_trace_id()


class _Provider(TracerProvider):
    """Never the global one, and deaf to OTEL_* variables: those are for the application's own telemetry."""

    def __init__(self) -> None:
        unset = SpanLimits.UNSET
        super().__init__(
            sampler=ALWAYS_ON,
            resource=Resource({"service.name": "evalplat"}),
            shutdown_on_exit=False,
            id_generator=_Ids(),
            span_limits=SpanLimits(unset, unset, unset, unset, unset, unset, unset, unset),
            meter_provider=NoOpMeterProvider(),
        )
        # OTEL_SDK_DISABLED is read in the constructor, and there is no argument against it.
        self._disabled = False


@cache
def provider() -> tuple[TracerProvider, Collector]:
    """The tracer provider of this process, and the collector behind it."""
    made, collector = _Provider(), Collector()
    made.add_span_processor(collector)
    return made, collector


def new_trace_id() -> int:
    """A random trace id."""
    return secrets.randbits(128) or 1
