"""latency: wall-clock seconds of a trial. A trial that the response cache answered has none that means anything."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.records import Record, Trial

from .base import CannotScore, Judged


class LatencyOptions(Record):
    """None."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Wall-clock seconds of the trial, retries and tools included."""

    options: LatencyOptions

    def read(self, trial: Trial) -> Judged:
        """Seconds."""
        if trial.usage.cached_calls:
            raise CannotScore("NotMeasured", f"{trial.usage.cached_calls} call(s) were answered from the cache")
        return Judged(trial.latency_s, f"{trial.latency_s:.3g} s")
