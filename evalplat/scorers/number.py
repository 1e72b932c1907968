"""number: the answer states the expected number, within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from evalplat.records import Answer, Case, Record

from .base import CannotScore, Judged, shorten
from .figures import close, stated_numbers


class NumberOptions(Record):
    """`only`: no other number may stand in the answer. `relative_tolerance`: beside the case's absolute one."""

    only: bool = False
    relative_tolerance: float = Field(default=0.0, ge=0, lt=1)


@dataclass(frozen=True, slots=True)
class Number:
    """1 where one of the numbers in the answer is `expect.number` within `expect.tolerance`."""

    options: NumberOptions

    def applies(self, case: Case) -> bool:
        """Cases with `expect.number`."""
        return case.expect.number is not None

    def check(self, case: Case, answer: Answer) -> Judged:
        """Read the numbers and compare."""
        expected, tolerance = case.expect.number, case.expect.tolerance
        if expected is None:
            raise CannotScore("NoExpectation", "the case has no expect.number")
        wanted = f"{expected:.15g}" + (f" within {tolerance:g}" if tolerance else "")
        numbers = stated_numbers(answer.text)
        if not numbers:
            return Judged(0.0, f"states no number, expected {wanted}")
        right = [
            number
            for number in numbers
            if number.value is not None
            and close(number.value, expected, absolute=tolerance, relative=self.options.relative_tolerance)
        ]
        said = shorten(", ".join(number.text for number in numbers[:20]), 100)
        if not right:
            return Judged(0.0, f"states {said}, expected {wanted}")
        if self.options.only and len(right) < len(numbers):
            return Judged(0.0, f"states {said}, expected {wanted} alone")
        return Judged(1.0, f"states {shorten(right[0].text)}")
