"""tokens: what a trial's calls read and wrote. What nobody can know is a failure, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalplat.records import Record, Trial

from .base import CannotScore, Judged


class TokensOptions(Record):
    """`count`: `total`, `input` or `output` tokens."""

    count: Literal["total", "input", "output"] = "total"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of all calls of the trial. Calls of unknown usage make it a failure with what is known as its value."""

    options: TokensOptions

    def read(self, trial: Trial) -> Judged:
        """Tokens."""
        usage = trial.usage
        counts = {"total": usage.total_tokens, "input": usage.input_tokens, "output": usage.output_tokens}
        count = counts[self.options.count]
        if usage.unknown_usage_calls:
            message = f"at least {count}: the usage of {usage.unknown_usage_calls} call(s) is not known"
            raise CannotScore("UsageUnknown", message, value=float(count))
        return Judged(float(count), f"{count} {self.options.count} tokens in {usage.calls} call(s)")
