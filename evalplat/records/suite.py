"""Suite: datasets + scorers + trials per case; Run: all trials of a suite by one target."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from .agent import AgentSpec
from .base import Name, Record, content_hash
from .case import Case
from .dataset import Dataset
from .policy import GatePolicy
from .sequential import Protocol
from .trial import Trial

ScorerKind = Literal[
    "expectation",
    "exact",
    "contains",
    "regex",
    "number",
    "json_schema",
    "abstention",
    "citation",
    "latency",
    "tokens",
    "cost",
    "end_state",
    "steps",
    "tools",
    "arguments",
    "never_said",
    "said",
    "resisted",
    "bounded",
    "finished",
    "imported",
]
"""`imported` stands for a scorer of another tool: its scores came with the run, and cannot be had again."""

# What people said about a case decides no score: a run goes on, and is the same, when a case gets a label.
_LABELS: dict[str, Any] = {"datasets": {"__all__": {"cases": {"__all__": {"labels"}}}}}


class ScorerSpec(Record):
    """A scorer of a suite. `metric` names its column; `options` are the scorer's own, checked when it is built."""

    metric: Name
    kind: ScorerKind
    options: dict[str, Any] = Field(default_factory=dict)


class Suite(Record):
    """What a target is examined on."""

    name: Name
    datasets: tuple[Dataset, ...] = Field(min_length=1)
    scorers: tuple[ScorerSpec, ...] = Field(min_length=1)
    trials: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)
    policy: GatePolicy | None = None

    @model_validator(mode="after")
    def _unique(self) -> Suite:
        metrics = [scorer.metric for scorer in self.scorers]
        if len(set(metrics)) != len(metrics):
            raise ValueError("scorers: a metric occurs twice")
        ids = [case.id for case in self.cases]
        if len(set(ids)) != len(ids):
            raise ValueError("datasets: a case id occurs in two datasets")
        return self

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases, in the order of the datasets."""
        return tuple(case for dataset in self.datasets for case in dataset.cases)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the trials and their scores: cases without labels, scorers, trials, seed; not the
        policy. Of what differs from the defaults, so that a field that is new makes no kept run another."""
        excluded = {"policy": True, "name": True, **_LABELS}
        return content_hash(self.model_dump(mode="json", exclude=excluded, exclude_defaults=True))

    @property
    def questions_sha256(self) -> str:
        """SHA-256 of cases and scorers: what stays the same with other trials or another seed."""
        included = {"datasets", "scorers"}
        return content_hash(self.model_dump(mode="json", include=included, exclude=_LABELS, exclude_defaults=True))


class TargetInfo(Record):
    """Which system was examined. `fingerprint` changes whenever its behaviour may."""

    kind: Literal["agent", "callable", "command", "http", "imported", "scripted"]
    ref: str = Field(description="What the user typed: a path, module:function, command or URL.")
    name: Name
    fingerprint: str
    spec: AgentSpec | None = None

    @property
    def is_instrument(self) -> bool:
        """Whether it is no system at all: a scripted agent that knows the answers, made to test scenarios with."""
        return self.kind == "scripted"


class RunInfo(Record):
    """What a run froze before its first trial, and how it stands. Immutable once closed."""

    id: Name
    suite: Name
    suite_fingerprint: str
    target: TargetInfo
    trials: int = Field(ge=1)
    seed: int = Field(ge=0)
    n_cases: int = Field(ge=1)
    created_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    protocol: Protocol | None = Field(default=None, description="Of a run that a gate steers, look by look.")
    looks: int | None = Field(default=None, ge=1, description="Such a run, closed: how many looks it took.")
    reused: int = Field(default=0, ge=0, description="Trials taken over from an earlier run of the same change.")
    version: str

    @property
    def is_whole(self) -> bool:
        """Whether every case was asked for: false where a gate ended the run early."""
        return self.protocol is None or self.looks == len(self.protocol.cases)


class Run(Record):
    """A closed run with its trials, ordered as the suite's cases are, then by trial."""

    info: RunInfo
    trials: tuple[Trial, ...]

    @property
    def failures(self) -> tuple[Trial, ...]:
        """The trials that have no answer."""
        return tuple(trial for trial in self.trials if trial.failure is not None)
