"""Begun: what the ledger has already of a change, so that a gate goes on with it and draws nothing twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from evalplat.errors import LedgerError, ReferenceUnknown
from evalplat.gates import drift
from evalplat.records import GatePolicy, Protocol, RunInfo, ScoreTable, Suite, TargetInfo

from .gated import KeptRun

if TYPE_CHECKING:
    from evalplat.harness import Ledger
    from evalplat.store import Store

FRESH = timedelta(days=1)
"""For so long a baseline run that broke off may go on: what it talks to is taken for the same."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A candidate's run that a gate of this change began, and what it froze."""

    run_id: str
    protocol: Protocol
    ended: bool
    baseline: KeptRun
    """What it was compared with."""
    at: datetime
    """When."""


def claim_of(suite: Suite, base: KeptRun, target: TargetInfo) -> str:
    """Name of this very change: of two gates of it at once, each would draw its own."""
    return f"change-{_digest(suite, base, target).hex()[:32]}"


def seed_of(suite: Suite, base: KeptRun, target: TargetInfo) -> int:
    """Of the order: the same whenever this change is gated, and known to nobody before."""
    return int.from_bytes(_digest(suite, base, target)[:4], "big") >> 1


def adopt_kept(ledger: Ledger, store: Store, suite: Suite, base: KeptRun, target: TargetInfo) -> None:
    """Take over into the ledger the steered runs of this change that the store has: another machine may have made them,
    and they are to be gone on with, not drawn again."""
    known = {info.id for info in ledger.runs()}
    for stored in reversed(store.runs(suite.name)):
        if stored.run_id in known or stored.target_fingerprint != target.fingerprint:
            continue
        if stored.suite_fingerprint != suite.fingerprint or not store.has_trials(stored.run_id):
            continue
        protocol = store.run_info(stored.run_id).protocol
        if protocol is not None and protocol.baseline == base.fingerprint:
            ledger.adopt(store.load_run(stored.run_id), store.load_suite(stored.run_id))


def begun_of(ledger: Ledger, store: Store, suite: Suite, base: KeptRun, target: TargetInfo) -> Begun | None:
    """The newest run of this change, before all others one against this very run of the baseline.

    Void are runs of which every trial failed, as in an outage; and those whose baseline this store does not have.
    """
    adopt_kept(ledger, store, suite, base, target)
    found: list[tuple[RunInfo, Protocol]] = []
    for info in sorted(ledger.runs(), key=lambda info: info.created_at, reverse=True):
        protocol = info.protocol
        if protocol is None or info.target.fingerprint != target.fingerprint:
            continue
        if protocol.baseline == base.fingerprint and info.suite_fingerprint == suite.fingerprint:
            found.append((info, protocol))
    for info, protocol in sorted(found, key=lambda one: one[1].baseline_run != base.run_id):
        tally = ledger.tally(info.id)
        if tally.done and tally.failed == tally.done:
            continue
        try:
            kept = KeptRun.load(store, protocol.baseline_run)
            return Begun(info.id, protocol, info.closed_at is not None, kept, info.created_at)
        except ReferenceUnknown:
            continue
    return None


def of_the_same_world(begun: Begun, base: KeptRun, policy: GatePolicy) -> bool:
    """Whether what `begun` was compared with has not drifted from `base`: else its trials are of another time."""
    if begun.baseline.run_id == base.run_id:
        return True
    table = ScoreTable.concat([begun.baseline.scores, base.scores])
    return drift(table, policy, kept=begun.baseline.run_id, again=base.run_id) is None


def broken_off(ledger: Ledger, suite: Suite, fingerprint: str) -> str | None:
    """The newest run of a whole suite that has trials but no end, and that nobody is at."""
    for info in reversed(ledger.runs()):
        if info.closed_at is not None or info.protocol is not None or info.target.fingerprint != fingerprint:
            continue
        if info.suite_fingerprint != suite.fingerprint or datetime.now(UTC) - info.created_at > FRESH:
            continue
        tally = ledger.tally(info.id)
        if tally.done > tally.failed and _free(ledger, info.id):
            return info.id
    return None


def _free(ledger: Ledger, run_id: str) -> bool:
    try:
        with ledger.lock(run_id):
            return True
    except LedgerError:
        return False


def _digest(suite: Suite, base: KeptRun, target: TargetInfo) -> bytes:
    text = "\x1f".join((suite.questions_sha256, base.fingerprint, target.fingerprint))
    return hashlib.sha256(text.encode()).digest()
