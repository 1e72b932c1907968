"""expectation: the answer is right by all that the case says about a right answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from evalplat.records import Answer, Case, Record

from .abstention import Abstention, AbstentionOptions
from .base import Check, Judged, quoted
from .contains import Contains, ContainsOptions
from .number import Number, NumberOptions
from .patterns import Regex, RegexOptions
from .schema import JsonSchema, JsonSchemaOptions


class ExpectationOptions(Record):
    """Options of the scorers that it hands on to."""

    abstention: AbstentionOptions = AbstentionOptions()
    number: NumberOptions = NumberOptions()
    regex: RegexOptions = RegexOptions()
    json_schema: JsonSchemaOptions = JsonSchemaOptions()
    contains: ContainsOptions = ContainsOptions()


@dataclass(frozen=True, slots=True)
class Expectation:
    """A case that expects abstention: 1 where the answer abstains.

    Any other: 1 where the answer does not abstain and fulfils each part that the case states: number, pattern,
    JSON Schema, and (any one of the) answers.
    """

    options: ExpectationOptions
    abstention: Abstention = field(init=False)
    parts: tuple[Check, ...] = field(init=False)

    def __post_init__(self) -> None:
        own = self.options
        parts = (Number(own.number), Regex(own.regex), JsonSchema(own.json_schema), Contains(own.contains))
        object.__setattr__(self, "abstention", Abstention(own.abstention))
        object.__setattr__(self, "parts", parts)

    def applies(self, case: Case) -> bool:
        """Cases that say anything about the content of a right answer; `expect.sources` alone is not enough."""
        return case.expect.abstain or any(part.applies(case) for part in self.parts)

    def check(self, case: Case, answer: Answer) -> Judged:
        """Check each part; the first that is not fulfilled decides."""
        if case.expect.abstain:
            return self.abstention.check(case, answer)
        phrase = self.abstention.abstains(answer)
        if phrase is not None:
            return Judged(0.0, f"abstains though there is an answer: {quoted(phrase)}")
        reasons = []
        for part in self.parts:
            if part.applies(case):
                judged = part.check(case, answer)
                if judged.value != 1.0:
                    return judged
                reasons.append(judged.why)
        return Judged(1.0, "; ".join(reasons))
