"""UsageMeter: counts what the calls of a session or of a whole run took."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.records import Usage


@dataclass(slots=True)
class UsageMeter:
    """Mutable counterpart of `evalplat.records.Usage`."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    retries: int = 0
    cached_calls: int = 0
    unknown_usage_calls: int = 0
    cost_usd: float = 0.0
    unpriced: bool = False

    @property
    def usage(self) -> Usage:
        """What was used so far."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            calls=self.calls,
            retries=self.retries,
            cached_calls=self.cached_calls,
            unknown_usage_calls=self.unknown_usage_calls,
            cost_usd=None if self.unpriced else self.cost_usd,
        )
