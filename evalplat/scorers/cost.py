"""cost: US dollars of a trial. What nobody can know is a failure, never a guess."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.records import Record, Trial

from .base import CannotScore, Judged


class CostOptions(Record):
    """None."""


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars of all calls of the trial. A model without a price, or calls of unknown usage, make it a failure."""

    options: CostOptions

    def read(self, trial: Trial) -> Judged:
        """US dollars."""
        usage = trial.usage
        if usage.cost_usd is None:
            raise CannotScore("Unpriced", "a call of this trial has no known price")
        if usage.unknown_usage_calls:
            message = f"at least {usage.cost_usd:g} USD: the usage of {usage.unknown_usage_calls} call(s) is not known"
            raise CannotScore("UsageUnknown", message, value=usage.cost_usd)
        return Judged(usage.cost_usd, f"{usage.cost_usd:.4g} USD for {usage.total_tokens} tokens")
