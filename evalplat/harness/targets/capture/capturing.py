"""Capture: everything that is seen of one trial while a function that is not ours runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from evalplat.records import Usage
from evalplat.runtime.telemetry import Recording, record, tracer_provider

from .conventions import INFERENCE
from .usage import usage_of

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from evalplat.runtime.gateway import PriceTable

_here: ContextVar[Capture | None] = ContextVar("evalplat_capture", default=None)


class Capture:
    """One trial's spans. Frameworks call from whatever thread or task; context variables say whose trial it is."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.foreign: set[str] = set()
        """Ids of spans that came by the application's own tracer provider."""
        self.retries = self.refused = 0
        """Requests of the openai client that were sent again, and those that were answered by an error."""
        self.late: tuple[str, ...] = ()
        """Frameworks that were imported while the trial ran, so that nobody listened to them."""
        self._open: dict[object, tuple[Span, Context]] = {}
        self._calls: dict[int, Context] = {}

    def begin(self, key: object, name: str, attributes: Mapping[str, Any]) -> None:
        """Open a span below the current one, and make it current; `key` is any hashable by which `end` finds it."""
        from opentelemetry import context
        from opentelemetry.trace import SpanKind, get_current_span, set_span_in_context

        above = context.get_current()
        inference = attributes.get("gen_ai.operation.name") in INFERENCE
        if inference:  # two calls of a batch lie side by side
            above = self._calls.get(get_current_span().get_span_context().span_id, above)
        span = (
            tracer_provider()
            .get_tracer("evalplat.capture")
            .start_span(name, above, SpanKind.CLIENT if inference else SpanKind.INTERNAL, attributes=_said(attributes))
        )
        if inference:
            self._calls[span.get_span_context().span_id] = above
        self._open[key] = (span, above)
        context.attach(set_span_in_context(span, above))

    def end(self, key: object, attributes: Mapping[str, Any], *, error: BaseException | str | None = None) -> None:
        """Close the span of `key`, if that is ours, with what became known; the one above it is current again."""
        from opentelemetry import context
        from opentelemetry.trace import StatusCode, get_current_span

        span, above = self._open.pop(key, (None, None))
        if span is None or above is None:
            return
        span.set_attributes(_said(attributes))
        if isinstance(error, BaseException):
            span.record_exception(error)
            span.set_attribute("error.type", type(error).__name__)
        if error is not None:
            text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
            span.set_status(StatusCode.ERROR, text)
        span.end()
        if get_current_span() is span:  # not where a stream is closed by somebody else
            context.attach(above)

    def within_call(self) -> bool:
        """Whether the current span is a model call that a framework shows, so that its client need not."""
        from opentelemetry.trace import get_current_span

        context = get_current_span().get_span_context()
        return f"{context.span_id:016x}" not in self.foreign and self._is_call(get_current_span())

    @staticmethod
    def _is_call(span: Span) -> bool:
        attributes = getattr(span, "attributes", None) or {}
        return attributes.get("gen_ai.operation.name") in INFERENCE

    def usage(self, prices: PriceTable | None = None) -> Usage | None:
        """What the trial used, once the recording has ended; None where no model call was seen."""
        trace, foreign = self.recording.trace, self.foreign
        usage = usage_of(trace, foreign=foreign, retries=self.retries, refused=self.refused, prices=prices)
        if self.late:  # the first call may have gone unseen
            usage = (usage or Usage()) + Usage(calls=1, unknown_usage_calls=1, cost_usd=None)
        return usage


def capture_here() -> Capture | None:
    """The capture of the trial that this context belongs to."""
    return _here.get()


@contextmanager
def capturing(name: str) -> Iterator[Capture]:
    """Everything inside is one trial, as one trace with `name` as its root span.

    Frameworks that are imported already are listened to. Many may be open at once, in tasks and in threads that got a
    copy of the context. Raises TargetFailed where an installed framework is not of a kind that can be listened to.
    """
    from .frameworks import imported, listen

    heard = listen()
    with record(f"invoke_workflow {name}", attributes=_root(name)) as recording:
        capture = Capture(recording)
        token = _here.set(capture)
        try:
            yield capture
        except BaseException as err:
            recording.failed(err)
            raise
        finally:
            _here.reset(token)
            capture.late = tuple(sorted(imported() - heard))
            if capture.late:
                recording.root.set_attribute("evalplat.unheard", capture.late)


def _root(name: str) -> dict[str, Any]:
    return {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": name}


def _said(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
