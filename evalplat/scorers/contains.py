"""contains: an acceptable answer stands in the text as whole words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalplat.records import Answer, Case, Record

from .base import CannotScore, Judged
from .exact import listed
from .wording import find_words, normalize


class ContainsOptions(Record):
    """`require`: `any` of `expect.answers` suffices, or `all` must be there."""

    case_sensitive: bool = False
    require: Literal["any", "all"] = "any"


@dataclass(frozen=True, slots=True)
class Contains:
    """1 where any (or all) of `expect.answers` stand in the answer as whole words; `5` is not in `15` or `4.95`."""

    options: ContainsOptions

    def applies(self, case: Case) -> bool:
        """Cases with `expect.answers`."""
        return bool(case.expect.answers)

    def check(self, case: Case, answer: Answer) -> Judged:
        """Look for the answers."""
        fold = not self.options.case_sensitive
        text = normalize(answer.text, fold_case=fold)
        found: list[str] = []
        lacking: list[str] = []
        for accepted in case.expect.answers:
            needle = normalize(accepted, fold_case=fold)
            if not needle:
                raise CannotScore("EmptyExpectation", "expect.answers holds an empty answer")
            (found if find_words(needle, text) >= 0 else lacking).append(accepted)
        if self.options.require == "all":
            right = not lacking
            return Judged.of(right, f"found {listed(tuple(found))}" if right else f"{listed(tuple(lacking))} not found")
        if found:
            return Judged(1.0, f"found {listed(tuple(found))}")
        return Judged(0.0, f"none of {listed(case.expect.answers)} found")
