"""SystemSummary: one system and metric at a time. Field names are those of summary.json."""

from __future__ import annotations

from pydantic import Field

from .base import Record


class SystemSummary(Record):
    """Mean over cases of the mean over trials, with its interval. Of 0 and 1 a failed trial is a 0."""

    system: str
    metric: str
    n_cases: int
    n_clusters: int
    n_trials: int
    failures: int
    mean: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float = 0.95
    pass_hat: dict[str, float] | None = Field(default=None, description="pass^k by k, where scores are binary.")


class Summary(Record):
    """All systems and metrics of a table or run."""

    systems: tuple[SystemSummary, ...]
