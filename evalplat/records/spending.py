"""Spending: what a trial costs the candidate beside the baseline: money, tokens, calls, time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Record

Quantity = Literal["cost_usd", "input_tokens", "output_tokens", "calls", "tool_calls", "retries", "latency_s"]


class Spent(Record):
    """Of one trial, on average. None: nobody can know. `ratio` is candidate over baseline, None where that is 0."""

    quantity: Quantity
    baseline: float | None
    candidate: float | None
    ratio: float | None


class Spending(Record):
    """Means over the cases that both runs have of the mean over their trials, failed ones too: they were paid for."""

    n_cases: int = Field(ge=1)
    rows: tuple[Spent, ...]
