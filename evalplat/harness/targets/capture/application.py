"""The application's own tracer provider: what it records inside a trial belongs to the trial too."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider

from evalplat.runtime.telemetry import span_collector

from .capturing import capture_here

if TYPE_CHECKING:
    from opentelemetry.context import Context

_lock = threading.Lock()
_known: WeakSet[TracerProvider] = WeakSet()


class _Listener(SpanProcessor):
    """Files the application's spans by their trace; a span that began inside a trial carries the trial's trace id."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """See SpanProcessor."""
        span_collector().on_start(span, parent_context)
        capture = capture_here()
        if capture is not None:
            capture.foreign.add(f"{span.get_span_context().span_id:016x}")


def listen_to_application() -> None:
    """Listen to OpenTelemetry's global provider, where the application has set one of the SDK. Its exporters stay."""
    from opentelemetry.trace import get_tracer_provider

    provider = get_tracer_provider()
    with _lock:
        if isinstance(provider, TracerProvider) and provider not in _known:
            provider.add_span_processor(_Listener())
            _known.add(provider)
