"""latency: wall-clock seconds of a trial."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.records import Record, Trial

from .base import Judged


class LatencyOptions(Record):
    """None."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Wall-clock seconds of the trial, retries and tools included."""

    options: LatencyOptions

    def read(self, trial: Trial) -> Judged:
        """Seconds."""
        return Judged(trial.latency_s, f"{trial.latency_s:.3g} s")
