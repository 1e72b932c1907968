"""Label: what a person said about a case, and when."""

from __future__ import annotations

from pydantic import AwareDatetime, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from .base import Name, Record

LabelValue = StrictBool | StrictInt | StrictFloat | StrictStr
"""A category, a yes or no, or a grade."""


class Label(Record):
    """One person's answer to one question about a case, such as `answer_correct: true`. It decides no score."""

    name: Name = Field(description="The question that was answered, the same for all who answered it.")
    value: LabelValue
    by: Name = Field(description="Who said so: a person, or the name of a judge.")
    at: AwareDatetime
    note: str = ""
