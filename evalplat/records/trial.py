"""Outcome: what a target did with one input; Trial: one case x one target x one seed, with its outcome."""

from __future__ import annotations

import hashlib
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from .base import Name, Record
from .episode import Episode
from .trace import Trace


class Usage(Record):
    """What a trial used. Calls whose usage nobody can know are counted, never guessed."""

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    calls: int = Field(default=0, ge=0, description="Requests sent to a model, retries included.")
    retries: int = Field(default=0, ge=0)
    cached_calls: int = Field(default=0, ge=0, description="Answered from the response cache; not in `calls`.")
    unknown_usage_calls: int = Field(
        default=0, ge=0, description="Calls that were sent and may have been billed, without a usage in the answer."
    )
    cost_usd: float | None = Field(default=0.0, ge=0, description="None where a call has no known price.")

    @property
    def total_tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        unpriced = self.cost_usd is None or other.cost_usd is None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            calls=self.calls + other.calls,
            retries=self.retries + other.retries,
            cached_calls=self.cached_calls + other.cached_calls,
            unknown_usage_calls=self.unknown_usage_calls + other.unknown_usage_calls,
            cost_usd=None if unpriced else (self.cost_usd or 0.0) + (other.cost_usd or 0.0),
        )


class Citation(Record):
    """A passage that was handed to the model, in the order of its rank."""

    source_id: str
    score: float
    text: str


class Answer(Record):
    """What a target gave back."""

    text: str
    citations: tuple[Citation, ...] = ()

    @property
    def sha256(self) -> str:
        """SHA-256 of the text, by which unchanged outputs are known."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


class Failure(Record):
    """Why there is no answer, or no score. `kind` is the name of an exception in `evalplat.errors`, or its own."""

    kind: Name
    message: str


class TrialKey(Record):
    """Which trial: a case and a number from 0."""

    case_id: Name
    trial: int = Field(default=0, ge=0)

    def seed(self, run_seed: int = 0) -> int:
        """Seed of this trial in 31 bits: the same in every process and order."""
        text = f"{run_seed}\x1f{self.case_id}\x1f{self.trial}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


class Outcome(Record):
    """What a target did with one input: an answer or a failure, never both and never neither."""

    answer: Answer | None = None
    failure: Failure | None = None
    usage: Usage = Usage()
    latency_s: float = Field(ge=0)
    started_at: AwareDatetime
    trace: Trace | None = None
    episode: Episode | None = Field(default=None, description="Of a scenario: the conversation and the environment.")

    @property
    def output_sha256(self) -> str | None:
        """By which an unchanged output is known: of the answer, of a conversation all that was done; None if failed."""
        if self.answer is None:
            return None
        return self.answer.sha256 if self.episode is None else self.episode.sha256

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.answer is None) == (self.failure is None):
            raise ValueError("there is either an answer or a failure")
        return self


class Trial(Outcome):
    """One finished trial: the outcome of one case x one target x one seed."""

    key: TrialKey
    seed: int = Field(ge=0)
