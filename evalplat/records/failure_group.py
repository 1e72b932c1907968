"""FailureGroups: the failures of a run, grouped by what was asked and what failed, for a person to name."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from .base import Name, Record
from .label import Label


class FailureGroup(Record):
    """Failures that are alike. `words` set its questions apart from the run's others; `failed` counts cases."""

    id: Name
    name: Name
    words: tuple[str, ...]
    failed: dict[str, int] = Field(description="By metric or kind of failure: cases of the group.")
    cases: tuple[Name, ...] = Field(min_length=1)
    example: Name = Field(description="The case that is closest to the others.")
    labels: tuple[Label, ...] = ()


class FailureGroups(Record):
    """All groups of one run. `silhouette` is -1 to 1: how much closer cases are to their own group than to the next;
    None where there is one group only."""

    run: Name
    metrics: tuple[str, ...]
    below: float | None
    method: str
    n_failed: int = Field(ge=1)
    n_cases: int = Field(ge=1)
    silhouette: float | None
    groups: tuple[FailureGroup, ...]
    at: AwareDatetime
