"""Guardrails: what may go to the model, and what may come back."""

from .checks import Check, Forbidden, MaxChars
from .rails import Rails

__all__ = ["Check", "Forbidden", "MaxChars", "Rails"]
