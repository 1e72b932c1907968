"""How far a run is: the state, and a reporter in plain lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TextIO

from evalplat.records import Trial, Usage

_WINDOW = 200
"""Trials over which the rate is taken: a run that becomes slower shows it."""


@dataclass(frozen=True, slots=True)
class ProgressState:
    """Where a run stands. `done` counts trials that are on disk, those of earlier sessions (`resumed`) included."""

    total: int
    done: int
    failed: int
    resumed: int
    usage: Usage
    elapsed_s: float
    rate_per_s: float | None = None
    eta_s: float | None = None


class Progress(Protocol):
    """Whoever wants to know. Called once before the first trial, then after each one, from the event loop's thread."""

    def update(self, state: ProgressState) -> None:
        """A new state; the last has `done == total`, unless the run stops early."""


class Meter:
    """Counts finished trials and knows rate and time left. `clock` is in seconds and never goes back."""

    def __init__(
        self, total: int, *, done: int, failed: int, usage: Usage, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total, self._done, self._failed, self._usage = total, done, failed, usage
        self._resumed = done
        self._clock = clock
        self._started = clock()
        self._recent = deque([self._started], maxlen=_WINDOW)

    def count(self, trial: Trial) -> ProgressState:
        """One more trial is on disk."""
        self._done += 1
        self._failed += trial.failure is not None
        self._usage += trial.usage
        self._recent.append(self._clock())
        return self.state

    @property
    def state(self) -> ProgressState:
        """Where the run stands now."""
        now = self._clock()
        span = now - self._recent[0]
        rate = (len(self._recent) - 1) / span if len(self._recent) > 1 and span > 0 else None
        return ProgressState(
            total=self._total,
            done=self._done,
            failed=self._failed,
            resumed=self._resumed,
            usage=self._usage,
            elapsed_s=now - self._started,
            rate_per_s=rate,
            eta_s=(self._total - self._done) / rate if rate else None,
        )


class PlainProgress:
    """A line at the start, every `every_s` seconds and at the end: for logs of CI jobs."""

    def __init__(self, stream: TextIO, *, every_s: float = 10.0) -> None:
        self._stream = stream
        self._every_s = every_s
        self._next_s = 0.0

    def update(self, state: ProgressState) -> None:
        """Write a line when it is time."""
        if state.elapsed_s < self._next_s and state.done < state.total:
            return
        self._next_s = state.elapsed_s + self._every_s
        print(progress_line(state), file=self._stream, flush=True)


def progress_line(state: ProgressState) -> str:
    """`120/600 trials, 2 failed, 3.1/s, 0.0123 USD, 2 min 35 s left`."""
    parts = [f"{state.done}/{state.total} trials", f"{state.failed} failed"]
    if state.rate_per_s is not None:
        parts.append(f"{state.rate_per_s:.3g}/s")
    cost = state.usage.cost_usd
    parts.append("cost unknown" if cost is None else f"{cost:.4g} USD")
    if state.eta_s is not None and state.done < state.total:
        parts.append(f"{_duration(state.eta_s)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
