"""ReportData: everything that a report shows, already computed."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from .agent_diff import PartChange
from .base import Record
from .case import Case
from .decision import Decision
from .dimension import Light
from .flaky import Flaky
from .slice_mean import SliceMean
from .spending import Spending
from .suite import RunInfo
from .summary import Summary
from .trial import Trial, Usage


class RunCard(Record):
    """A run in figures."""

    info: RunInfo
    usage: Usage
    n_trials: int
    n_failures: int
    failures_by_kind: dict[str, int] = Field(default_factory=dict)
    n_cut_off: int = Field(default=0, description="Trials whose last answer of a model ended at its token limit.")
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None


class CasePair(Record):
    """One case as both runs answered it, one trial each, with the scores of those trials by metric."""

    case: Case
    baseline: Trial | None = None
    candidate: Trial | None = None
    baseline_scores: dict[str, float] = Field(default_factory=dict)
    candidate_scores: dict[str, float] = Field(default_factory=dict)
    explanations: dict[str, str] = Field(default_factory=dict, description="Of the candidate's scores, by metric.")
    baseline_explanations: dict[str, str] = Field(default_factory=dict, description="Of the baseline's, by metric.")
    change: float | None = Field(default=None, description="On the first gating metric; negative is worse.")


class StandOut(Record):
    """Something that the candidate's answers have in more of the cases that got worse than the baseline's.

    `baseline` and `candidate` count cases, of `length` they are median numbers of words.
    """

    kind: Literal["no answer", "cut off", "same answer", "failed tool", "length"]
    worse: int = Field(ge=1, description="Cases looked at: those that got worse, the worst 400 at most.")
    baseline: float = Field(ge=0)
    candidate: float = Field(ge=0)
    what: str = Field(default="", description="The answer, cut, or the tool.")
    others: tuple[int, int] | None = Field(
        default=None, description="Candidate trials of the cases that did not get worse that have it too, and all."
    )
    limit: int | None = Field(default=None, description="Most tokens of an answer that was cut off, where it is one.")


class ReportData(Record):
    """A gate's page. `pairs` are the flipped and the failed cases, worst first; `n_pairs_total` counts them all."""

    decision: Decision
    suite: str | None = None
    generated_at: AwareDatetime
    command: str = Field(description="The command that reproduces the decision.")
    baseline: RunCard | None = None
    candidate: RunCard | None = None
    changes: tuple[PartChange, ...] = ()
    pairs: tuple[CasePair, ...] = ()
    n_pairs_total: int = 0
    hashes: dict[str, str] = Field(default_factory=dict, description="What was hashed, to its SHA-256.")
    lights: tuple[Light, ...] = ()
    deciding: int | None = Field(default=None, ge=0, description="Place of the gating metric that decides.")
    spending: Spending | None = None
    repeats: Summary | None = Field(default=None, description="Both systems' metrics of 0 and 1, with pass^k.")
    standing_out: tuple[StandOut, ...] = ()
    flaky: tuple[Flaky, ...] = Field(default=(), description="Of baseline and candidate, on the first gating metric.")


class RunReportData(Record):
    """A run's page."""

    run: RunCard
    summary: Summary
    generated_at: AwareDatetime
    failed: tuple[CasePair, ...] = Field(default=(), description="Failed or wrong trials, as the candidate's side.")
    n_failed_total: int = 0
    hashes: dict[str, str] = Field(default_factory=dict)
    slices: tuple[SliceMean, ...] = ()
    flaky: Flaky | None = Field(default=None, description="None where no case has several trials of 0 or 1.")
    command: str | None = Field(default=None, description="The command that makes this page.")
