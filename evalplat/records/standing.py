"""Standing: the kept baselines of a suite, whether they still are of use, and what was decided on them."""

from __future__ import annotations

from pydantic import AwareDatetime

from .base import Name, Record
from .decision import Verdict


class StandingBaseline(Record):
    """A kept run that gates compare with. `useless` says why none can any more, `unchecked` why that is not known."""

    run_id: str
    aliases: tuple[str, ...]
    target: str
    fingerprint: str
    created_at: AwareDatetime
    age_days: float
    n_cases: int
    n_trials: int
    n_failures: int
    cost_usd: float | None
    useless: str | None = None
    unchecked: str | None = None


class GatedChange(Record):
    """A change that was gated: its attempts, the first one first."""

    baseline: str
    candidate: str
    candidate_fingerprint: str
    verdicts: tuple[Verdict, ...]
    last_at: AwareDatetime


class BegunGate(Record):
    """A candidate's run that a gate began and that has not ended."""

    run_id: str
    candidate: str
    begun_at: AwareDatetime
    n_trials: int


class Standing(Record):
    """All that is kept of a suite, the newest first."""

    suite: Name
    baselines: tuple[StandingBaseline, ...]
    changes: tuple[GatedChange, ...]
    begun: tuple[BegunGate, ...]
