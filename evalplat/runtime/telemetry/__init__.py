"""Telemetry: every trial as a trace in OpenTelemetry's GenAI conventions, without secrets."""

from .convert import parents_first
from .recording import Recording, record, span_collector, tracer_provider
from .redaction import Redactor, clean, looks_secret, redact

__all__ = [
    "Recording",
    "Redactor",
    "clean",
    "looks_secret",
    "parents_first",
    "record",
    "redact",
    "span_collector",
    "tracer_provider",
]
