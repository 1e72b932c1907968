"""regex: the answer matches a regular expression, within a time limit, for texts are hostile and patterns careless."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import regex  # type: ignore[import-untyped]
from pydantic import Field, field_validator

from evalplat.records import Answer, Case, Record

from .base import CannotScore, Judged, quoted

DEFAULT_TIMEOUT_S = 1.0


class RegexOptions(Record):
    """`pattern`: for all cases, instead of each case's `expect.pattern`. `match`: anywhere, or the `full` answer."""

    pattern: str | None = None
    ignore_case: bool = False
    match: Literal["search", "full"] = "search"
    timeout_s: float = Field(default=DEFAULT_TIMEOUT_S, gt=0, le=60)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                regex.compile(value)
            except (regex.error, RecursionError, OverflowError) as err:
                raise ValueError(f"is not a regular expression: {err}") from err
        return value


@dataclass(frozen=True, slots=True)
class Regex:
    """1 where the pattern is found in the answer as it was given. A match that takes too long is a failure."""

    options: RegexOptions

    def applies(self, case: Case) -> bool:
        """Cases with `expect.pattern`, or all where the option `pattern` is set."""
        return self.options.pattern is not None or case.expect.pattern is not None

    def check(self, case: Case, answer: Answer) -> Judged:
        """Search."""
        pattern = self.options.pattern if self.options.pattern is not None else case.expect.pattern
        if pattern is None:
            raise CannotScore("NoExpectation", "the case has no expect.pattern")
        match = timed_match(
            pattern,
            answer.text,
            timeout_s=self.options.timeout_s,
            ignore_case=self.options.ignore_case,
            full=self.options.match == "full",
        )
        if match is None:
            return Judged(0.0, f"no match of {quoted(pattern)}")
        return Judged(1.0, f"{quoted(match)} matches {quoted(pattern)}")


def timed_match(
    pattern: str, text: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, ignore_case: bool = False, full: bool = False
) -> str | None:
    """What matched, or None. Raises CannotScore where the pattern is malformed or takes longer than `timeout_s`."""
    try:
        compiled = _compiled(pattern, ignore_case)
        match = (compiled.fullmatch if full else compiled.search)(text, timeout=timeout_s)
    except TimeoutError as err:
        raise CannotScore("Timeout", f"{quoted(pattern)} took longer than {timeout_s:g} s") from err
    except (regex.error, RecursionError, OverflowError) as err:
        raise CannotScore("SpecError", f"{quoted(pattern)} is not a regular expression: {err}") from err
    return None if match is None else str(match.group())


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
