"""Case: one authored input with its expectation."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from .base import Name, Record, content_hash
from .label import Label
from .scenario import Scenario


class Expectation(Record):
    """What a right answer looks like. Each scorer reads the part that it understands."""

    answers: tuple[str, ...] = Field(default=(), description="Acceptable answers; any one suffices.")
    number: float | None = Field(default=None, description="The number that the answer must state.")
    tolerance: float = Field(default=0.0, ge=0, description="Absolute tolerance on `number`.")
    pattern: str | None = Field(default=None, description="Regular expression that the answer must match.")
    json_schema: dict[str, Any] | None = Field(default=None, description="JSON Schema of the answer.")
    abstain: bool = Field(default=False, description="True where the right answer is to say that it is not known.")
    sources: tuple[str, ...] = Field(default=(), description="Ids of the passages that hold the answer.")


class Case(Record):
    """One authored input. The independent unit of every comparison, or its cluster where one is declared."""

    id: Name
    input: str = Field(min_length=1)
    expect: Expectation = Expectation()
    cluster: Name | None = Field(default=None, description="Shared source; cases of one cluster are not independent.")
    slices: dict[Name, Name] = Field(default_factory=dict, description="Slice name to this case's value.")
    tags: tuple[Name, ...] = ()
    weight: float = Field(default=1.0, gt=0)
    labels: tuple[Label, ...] = Field(default=(), description="What people said about the case; decides no score.")
    scenario: Scenario | None = Field(default=None, description="Of a case with several turns; `input` is the first.")

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON of what differs from the defaults: a field that is new changes no old hash."""
        return content_hash(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def question_sha256(self) -> str:
        """SHA-256 of what is asked and what is expected: with another one, its scores are no longer comparable."""
        included = {"input", "expect", "scenario"}
        return content_hash(self.model_dump(mode="json", include=included, exclude_defaults=True))

    @model_validator(mode="after")
    def _abstain_alone(self) -> Case:
        if self.expect.abstain and (self.expect.answers or self.expect.number is not None):
            raise ValueError("expect.abstain excludes expect.answers and expect.number")
        return self
