"""Flaky: cases of one system that are neither always right nor always wrong over their trials."""

from __future__ import annotations

from pydantic import Field

from .base import Record


class FlakyCase(Record):
    """How many of a case's trials were right; a failed trial was not."""

    case_id: str
    right: int
    trials: int


class Flaky(Record):
    """Of a metric of 0 and 1: how many of the cases with several trials are flaky, and those most in doubt first."""

    system: str
    metric: str
    n_asked: int = Field(description="Cases with two trials or more.")
    n_flaky: int
    cases: tuple[FlakyCase, ...] = Field(default=(), description="Nearest to one half first; the first 100.")
