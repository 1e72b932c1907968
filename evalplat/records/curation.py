"""Curation: cases that wait to be accepted, with where they come from; cases that left a dataset, with the figures."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from .base import Name, Record
from .case import Case, Expectation


class Provenance(Record):
    """Where a case comes from, and who took it from there. Texts are masked as the case is."""

    source: str = Field(min_length=1, description="`run:RUN`, or the file.")
    case_id: Name = Field(description="What the case is called there.")
    trial: int | None = Field(default=None, ge=0)
    trace_id: str | None = None
    failed: tuple[str, ...] = Field(default=(), description="Metrics and kinds of failure, where it was a failure.")
    group: Name | None = Field(default=None, description="Name of the group of failures that it was taken with.")
    said: str = Field(default="", description="What the system answered; no expectation.")
    turns: int = Field(default=1, ge=1, description="Messages of the user; a case without a scenario asks the first.")
    by: Name
    at: AwareDatetime


class PendingCase(Record):
    """A case that no run sees until somebody accepts it. It lies in a file of its own, which is no dataset."""

    case: Case
    provenance: Provenance
    masked: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="By place, such as `input`: the kinds of what was masked there, one each."
    )

    @property
    def lacks(self) -> tuple[str, ...]:
        """What must be given, or declared unneeded, before the case can be accepted; in words."""
        found = []
        if not _is_judged(self.case):
            found.append("an expectation")
        if any(place.split(".")[0] in ("expect", "scenario") for place in self.masked):
            found.append("an expectation that can be met: masking changed it")
        return tuple(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before accepting it, in words."""
        found = []
        if self.provenance.turns > 1 and self.case.scenario is None:
            found.append(f"the user said {self.provenance.turns} things; the case asks the first only")
        if "input" in self.masked:
            found.append(f"masked in the input: {', '.join(self.masked['input'])}")
        if self.case.cluster is None:
            found.append("no cluster: it counts as independent of all others")
        return tuple(found)


class Decided(Record):
    """What became of a pending case."""

    status: Literal["accepted", "rejected"]
    pending: PendingCase
    by: Name
    at: AwareDatetime
    note: str = ""


class Duplicate(Record):
    """A case that was found and not taken: the dataset, or what waits for it, has it, nearly."""

    case_id: Name
    of: Name
    place: Literal["dataset", "pending", "rejected", "retired", "found"]
    similarity: float


class Curated(Record):
    """What was looked at, what of it is pending now, and what was there already."""

    dataset: str
    source: str
    path: str = Field(description="Where the pending cases lie.")
    n_found: int = Field(ge=0)
    pending: tuple[PendingCase, ...]
    duplicates: tuple[Duplicate, ...]
    notes: tuple[str, ...] = ()


class Undistinguished(Record):
    """A case on which all systems did the same in all trials. `upper` bounds, one-sided, the chance that they do not.

    `upper`: of a trial, trials taken as independent and systems as like the ones to come. `upper_systems`: of a system,
    which is the honest bound where systems differ from each other more than their trials do.
    """

    case_id: Name
    always: Literal["pass", "fail"]
    n_systems: int = Field(ge=1)
    n_trials: int = Field(ge=1)
    upper: float
    upper_systems: float
    share_of_calls: float = Field(ge=0, le=1)


class Retirement(Record):
    """Cases that no system distinguishes, proposed for retirement, and what retiring them would do.

    `like_these` cases are the same so far, on fewer than `trials_needed` trials; `guarded` ones are about safety;
    `stale` scores are of a case that asks or expects something else by now, and were left out.
    """

    dataset: str
    metrics: tuple[str, ...]
    systems: tuple[str, ...]
    confidence: float
    at_most: float
    method: str
    n_cases: int = Field(ge=1)
    n_judged: int = Field(ge=0)
    proposed: tuple[Undistinguished, ...]
    like_these: int = Field(ge=0)
    trials_needed: int = Field(ge=1)
    guarded: tuple[str, ...] = ()
    stale: int = Field(default=0, ge=0)
    share_saved: float = Field(ge=0, le=1, description="Of the calls of a run over the whole dataset.")
    n_clusters: int = Field(ge=1)
    n_clusters_left: int = Field(ge=0)
    applied: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def margin_factor(self) -> float:
        """By how much a mean's drop on all cases looks larger on those that are left."""
        return self.n_cases / max(1, self.n_cases - len(self.proposed))


class RetiredCase(Record):
    """A case that left a dataset, with the figures that said so."""

    case: Case
    figures: Undistinguished
    metrics: tuple[str, ...]
    systems: tuple[str, ...]
    by: Name
    at: AwareDatetime


def _is_judged(case: Case) -> bool:
    if case.expect != Expectation():
        return True
    play = case.scenario
    return play is not None and any(
        (play.end_state, play.resists, play.must_call, play.never_call, play.must_say, play.never_say, play.finish)
    )
