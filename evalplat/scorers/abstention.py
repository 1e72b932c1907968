"""abstention: the answer says that it is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from pydantic import Field, model_validator

from evalplat.records import Answer, Case, Record

from .base import Judged, quoted
from .wording import normalize, whole_phrase

_SOURCES = ("passage", "passages", "text", "context", "document", "documents", "article", "information", "source")
_SILENT = tuple(
    f"{negation} {verb}"
    for negation, verb in product(
        ("does not", "doesn't", "do not", "don't"),
        ("mention", "say", "specify", "state", "provide", "contain", "include", "give", "answer", "tell"),
    )
)
_PLAIN = (
    "i don't know", "i do not know", "i dont know", "we don't know", "we do not know", "it is not known",
    "i'm not sure", "i am not sure", "i'm not certain", "i am not certain",
    "cannot answer", "can't answer", "can not answer", "could not answer", "couldn't answer", "unable to answer",
    "not able to answer", "cannot be answered", "can't be answered", "cannot determine", "can't determine",
    "cannot be determined", "can't be determined", "unable to determine", "cannot tell", "can't tell",
    "i have no information", "i don't have information", "i do not have information", "i don't have any information",
    "i do not have any information", "i don't have that information", "i do not have that information",
    "i don't have this information", "i do not have this information", "i don't have enough information",
    "i do not have enough information", "not enough information", "insufficient information",
    "there is no information", "no information is given", "no information is provided", "no information available",
    "could not find", "couldn't find", "i cannot find", "i can't find", "unable to find",
    "not mentioned", "not specified", "not stated", "not provided in the", "not given in the",
)  # fmt: skip
DEFAULT_PHRASES = (*_PLAIN, *(f"{source} {silent}" for source, silent in product(_SOURCES, _SILENT)))
"""English phrases by which an answer abstains; found anywhere in it, as whole words."""


class AbstentionOptions(Record):
    """`phrases` are added to the default ones, or stand alone with `only_phrases`.

    `cases`: `unanswerable` (those with `expect.abstain`; 1 = abstains), `answerable` (1 = does not), or `all`.
    """

    phrases: tuple[str, ...] = ()
    only_phrases: bool = False
    cases: Literal["unanswerable", "answerable", "all"] = Field(default="unanswerable")

    @model_validator(mode="after")
    def _has_phrases(self) -> AbstentionOptions:
        if any(not normalize(phrase) for phrase in self.phrases):
            raise ValueError("phrases: one is empty")
        if self.only_phrases and not self.phrases:
            raise ValueError("only_phrases needs phrases")
        return self


@dataclass(frozen=True, slots=True)
class Abstention:
    """1 where the answer abstains exactly when it should."""

    options: AbstentionOptions
    phrases: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        own = tuple(normalize(phrase) for phrase in self.options.phrases)
        object.__setattr__(self, "phrases", own if self.options.only_phrases else own + DEFAULT_PHRASES)

    def applies(self, case: Case) -> bool:
        """By default the cases with `expect.abstain`."""
        return self.options.cases == "all" or case.expect.abstain == (self.options.cases == "unanswerable")

    def abstains(self, answer: Answer) -> str | None:
        """The phrase by which the answer abstains, or None."""
        return whole_phrase(self.phrases, normalize(answer.text))

    def check(self, case: Case, answer: Answer) -> Judged:
        """Look for a phrase."""
        phrase = self.abstains(answer)
        if case.expect.abstain:
            return Judged.of(phrase is not None, f"abstains: {quoted(phrase)}" if phrase else "does not abstain")
        return Judged.of(phrase is None, f"abstains: {quoted(phrase)}" if phrase else "answers")
