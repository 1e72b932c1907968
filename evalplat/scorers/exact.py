"""exact: the answer is one of the acceptable ones, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.records import Answer, Case, Record

from .base import Judged, quoted
from .wording import normalize


class ExactOptions(Record):
    """`case_sensitive`: upper and lower case differ."""

    case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Exact:
    """1 where the whole answer equals one of `expect.answers` after normalisation."""

    options: ExactOptions

    def applies(self, case: Case) -> bool:
        """Cases with `expect.answers`."""
        return bool(case.expect.answers)

    def check(self, case: Case, answer: Answer) -> Judged:
        """Compare."""
        fold = not self.options.case_sensitive
        said = normalize(answer.text, fold_case=fold)
        for accepted in case.expect.answers:
            if normalize(accepted, fold_case=fold) == said:
                return Judged(1.0, f"is {quoted(accepted)}")
        return Judged(0.0, f"{quoted(answer.text)} is none of {listed(case.expect.answers)}")


def listed(answers: tuple[str, ...]) -> str:
    """A few answers, quoted."""
    return ", ".join(quoted(answer) for answer in answers[:4]) + (", ..." if len(answers) > 4 else "")
