"""Telemetry: every trial as a trace in OpenTelemetry's GenAI conventions, without secrets."""

from .recording import Recording, record, tracer_provider
from .redaction import Redactor, clean, redact

__all__ = ["Recording", "Redactor", "clean", "record", "redact", "tracer_provider"]
