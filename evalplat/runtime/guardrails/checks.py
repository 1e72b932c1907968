"""The checks: each looks at one text and says what is wrong with it, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from evalplat.errors import SpecError

MAX_PATTERN_CHARS = 1_000
MAX_MATCHED_CHARS = 100_000


class Check(Protocol):
    """The seam for guardrails: anything with a name that looks at a text."""

    @property
    def name(self) -> str:
        """What the check is called in traces and failures."""

    def complaint(self, text: str) -> str | None:
        """What is wrong, in one line that repeats nothing of the text; None where nothing is."""


@dataclass(frozen=True)
class MaxChars:
    """No more than `limit` characters."""

    name: str
    limit: int

    def complaint(self, text: str) -> str | None:
        """See Check."""
        return f"{len(text)} characters, at most {self.limit} allowed" if len(text) > self.limit else None


class Forbidden:
    """No match of a regular expression, anywhere in the text.

    Patterns come from the author of the spec, the text from a model: a pattern that backtracks cannot be stopped, so
    the text is bounded, and one above 100,000 characters is refused unread, never passed unread.
    Raises SpecError where the pattern is not a regular expression.
    """

    def __init__(self, name: str, pattern: str) -> None:
        self.name = name
        if len(pattern) > MAX_PATTERN_CHARS:
            raise SpecError(f"{name}: a pattern may have {MAX_PATTERN_CHARS} characters, found {len(pattern)}")
        try:
            self._pattern = re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as err:
            raise SpecError(f"{name}: {pattern!r} is not a regular expression: {err}") from err

    def complaint(self, text: str) -> str | None:
        """See Check."""
        if len(text) > MAX_MATCHED_CHARS:
            return f"{len(text)} characters are too many to be searched for {self._pattern.pattern!r}"
        return f"matches {self._pattern.pattern!r}" if self._pattern.search(text) else None
