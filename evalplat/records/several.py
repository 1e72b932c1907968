"""SeveralReportData: what the page of several candidates shows, already computed."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from .base import Record
from .decision import Decision
from .ranking import Ranking
from .report import RunCard


class SeveralReportData(Record):
    """Several candidates against one baseline, adjusted for their number, and against each other.

    `decisions` and `runs` are in the order in which the candidates were named; `baseline` and `runs` are there where
    runs of the store were compared, and a run whose scores were imported has no card.
    """

    decisions: tuple[Decision, ...] = Field(min_length=1)
    ranking: Ranking
    suite: str | None = None
    generated_at: AwareDatetime
    command: str = Field(description="The command that reproduces the decisions.")
    baseline: RunCard | None = None
    runs: tuple[RunCard | None, ...] = ()
    hashes: dict[str, str] = Field(default_factory=dict, description="What was hashed, to its SHA-256.")
