"""Evaluation: what one system did on cases and how that was graded, made by another tool."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from .base import Name, Record, canonical_json
from .case import Case
from .suite import ScorerSpec
from .trial import Trial

_SCHEME = "evalplat.run/1"


class Grade(Record):
    """One metric of one trial, as it was given elsewhere: a score, or an error that says why there is none, or both."""

    metric: Name
    score: float | None = None
    error: str | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.score is None and self.error is None:
            raise ValueError("there is neither a score nor an error")
        return self


class Graded(Record):
    """A trial with its grades, in the order of the metrics."""

    trial: Trial
    grades: tuple[Grade, ...] = ()


class RunHead(Record):
    """What an exported run begins with: everything but cases and trials, which are counted, and hashed in `digest`."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    format: str = Field(default=_SCHEME, alias="schema", pattern=rf"^{_SCHEME}$")
    system: Name
    suite: Name
    dataset: Name
    seed: int = Field(default=0, ge=0)
    scorers: tuple[ScorerSpec, ...] = Field(min_length=1)
    n_cases: int = Field(ge=1)
    n_trials: int = Field(ge=1)
    digest: str = Field(pattern="^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All of one system. `scorers` are those that grade: of kind `imported` where the grades come with the trials.

    Cases and trials are in the order of the source; `notes` say what it has and a run has no place for.
    """

    system: str
    suite: str
    dataset: str
    cases: tuple[Case, ...]
    trials: tuple[Graded, ...]
    scorers: tuple[ScorerSpec, ...]
    seed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over all but the notes, in whatever order: the same content is the same run."""
        digest = hashlib.sha256(f"{_SCHEME}\n".encode())
        names = [self.system, self.suite, self.dataset, self.seed]
        parts = [names, [spec.model_dump(mode="json") for spec in self.scorers]]
        digest.update("".join(f"{canonical_json(part)}\n" for part in parts).encode("utf-8", "surrogatepass"))
        for records in (self.cases, self.trials):
            digest.update(b"".join(sorted(bytes.fromhex(record.content_hash) for record in records)))
        return digest.hexdigest()

    @property
    def head(self) -> RunHead:
        """The head of the run as it is exported."""
        return RunHead(
            system=self.system,
            suite=self.suite,
            dataset=self.dataset,
            seed=self.seed,
            scorers=self.scorers,
            n_cases=len(self.cases),
            n_trials=len(self.trials),
            digest=self.digest,
        )
