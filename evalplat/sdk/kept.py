"""Kept: what a gate of a suite needs where machines forget, gathered into one file and put back from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.records import Decision, Run, RunInfo

from .begun import FRESH
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.harness import Ledger
    from evalplat.store import FileRun, KeptDecision, KeptFile, Store, StoredRun

KEEP = 20
"""Decisions at least that a kept file has, where there are as many."""

Change = tuple[str | None, str | None, str | None]
"""Fingerprints of baseline and candidate, and the hash of the questions: what stays the same in every attempt."""


def change_of(decision: Decision) -> Change:
    """Which change a decision is about."""
    return decision.baseline.fingerprint, decision.candidate.fingerprint, decision.questions_sha256


def gather(
    suite: str,
    *,
    place: Workspace,
    store: Store,
    keep: int = KEEP,
    change: Change | None = None,
    named: Sequence[str] = (),
) -> KeptFile:
    """What is kept of a suite: its aliases, its last `keep` decisions with their runs, all attempts at `change` (None:
    at the newest one), the runs that gates have begun and not ended, and the runs `named`.

    Raises InputError where there is nothing to keep.
    """
    from evalplat.store import KeptFile

    if keep < 1:
        raise InputError(f"--keep: at least 1, found {keep}")
    decisions = _chosen(store.decisions(suite), keep, change)
    listed = {stored.run_id: stored for stored in store.runs(suite)}
    aliases = {alias: run_id for alias, run_id in store.aliases(suite).items() if run_id in listed}
    with place.ledger() as ledger:
        begun = tuple(_begun(ledger, suite, listed, keep))
    wanted = [*_sides(decisions), *aliases.values(), *named, *_newest_whole(store, listed.values())]
    runs = {one.id: one for one in begun}
    while wanted:
        lacking = [run_id for run_id in dict.fromkeys(wanted) if run_id in listed and run_id not in runs]
        runs |= {run_id: _stored(store, run_id) for run_id in lacking}
        # What a steered run was compared with is needed to go on with it.
        wanted = [
            run_id
            for one in runs.values()
            if (protocol := one.run.info.protocol) is not None
            for run_id in (protocol.baseline_run, protocol.anchor_run)
            if run_id in listed and run_id not in runs
        ]
    if not runs:
        raise InputError(f"suite {suite}: there is no run of it in {store.uri} and none begun; nothing to keep")
    ordered = sorted(runs.values(), key=lambda one: (one.run.info.created_at, one.id))
    return KeptFile(suite, tuple(ordered), decisions, aliases)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came out of a file that was not there before. `left` are aliases that name another run here, and stayed."""

    path: Path
    suite: str
    runs: int
    trials: int
    decisions: int
    aliases: tuple[str, ...]
    left: tuple[str, ...]


def restore(path: Path, *, place: Workspace, store: Store, suite: str | None = None, move: bool = False) -> Restored:
    """Put a kept file into store and ledger. What is there already stays as it is; doing it again changes nothing.

    `move` lets aliases name what they name in the file, where they name something else here. The file is read and
    checked whole before anything is written. Raises InputError for a file that is not as it was written, or is of
    another suite than `suite`.
    """
    from evalplat.store import KeptFile

    file = KeptFile.read(path)
    if suite is not None and file.suite != suite:
        why = f"keeps the suite {file.suite!r}, this gate is of {suite!r}; name another file"
        raise InputError(why, where=str(path))
    listed = {stored.run_id for stored in store.runs(file.suite)}
    fresh = [one for one in file.runs if one.scores is not None and one.id not in listed]
    for one in fresh:
        _put(store, one)
    trials = sum(len(one.run.trials) for one in fresh)
    with place.ledger() as ledger:
        known = {info.id for info in ledger.runs()}
        steered = [one for one in file.runs if one.suite is not None and (one.scores is None or one.run.info.protocol)]
        for one in steered:
            if one.suite is not None:
                added = ledger.adopt(one.run, one.suite)
                trials += added if one.scores is None else 0
    decided = _decide(store, file)
    moved, left = _name(store, file, move=move)
    begun = [one for one in steered if one.scores is None and one.id not in known]
    return Restored(path, file.suite, len(fresh) + len(begun), trials, decided, moved, left)


def _put(store: Store, one: FileRun) -> None:
    from evalplat.gates import summarize

    if one.scores is None:
        return
    if one.suite is None:
        store.save_scores(one.run.info, one.scores, summarize(one.scores))
    else:
        store.save_run(one.run, one.suite, one.scores, summarize(one.scores))


def _decide(store: Store, file: KeptFile) -> int:
    from evalplat.reports import decision_json, render_markdown

    known = {kept.decision.content_hash for kept in store.decisions(file.suite)}
    fresh = [kept for kept in file.decisions if kept.decision.content_hash not in known]
    for kept in fresh:
        files = {"decision.json": decision_json(kept.decision), "summary.md": render_markdown(kept.decision)}
        store.save_decision(kept.decision, suite=file.suite, files=files, at=kept.at)
    return len(fresh)


def _name(store: Store, file: KeptFile, *, move: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Aliases that were set, and those that stayed what they are here."""
    here = store.aliases(file.suite)
    differ = {alias: run_id for alias, run_id in file.aliases.items() if here.get(alias) != run_id}
    set_ = sorted(alias for alias in differ if move or alias not in here)
    for alias in set_:
        store.set_alias(alias, differ[alias])
    return tuple(set_), tuple(sorted(differ.keys() - set(set_)))


def _chosen(decisions: Sequence[KeptDecision], keep: int, change: Change | None) -> tuple[KeptDecision, ...]:
    """The last ones, and all attempts at the change that is at issue."""
    if not decisions:
        return ()
    at_issue = change or change_of(decisions[-1].decision)
    last = len(decisions) - keep
    return tuple(
        kept for number, kept in enumerate(decisions) if number >= last or change_of(kept.decision) == at_issue
    )


def _sides(decisions: Iterable[KeptDecision]) -> Iterator[str]:
    for kept in decisions:
        sides = (kept.decision.baseline, kept.decision.candidate)
        yield from (side.run_id for side in sides if side.run_id is not None)


def _begun(ledger: Ledger, suite: str, listed: dict[str, StoredRun], keep: int) -> Iterator[FileRun]:
    """Runs of the ledger alone: of gates, the newest `keep` that have trials; and a whole run that broke off lately."""
    from evalplat.store import FileRun

    steered = whole = 0
    for info in sorted(ledger.runs(), key=lambda info: info.created_at, reverse=True):
        if info.suite != suite or info.id in listed or not _worth_keeping(info, steered, whole, keep):
            continue
        run = Run(info=info, trials=tuple(ledger.trials(info.id)))
        if run.trials:
            steered, whole = steered + (info.protocol is not None), whole + (info.protocol is None)
            yield FileRun(run, ledger.suite(info.id), None)


def _worth_keeping(info: RunInfo, steered: int, whole: int, keep: int) -> bool:
    if info.protocol is not None:
        return steered < keep
    return whole < 1 and info.closed_at is None and datetime.now(UTC) - info.created_at <= FRESH


def _newest_whole(store: Store, listed: Iterable[StoredRun]) -> Iterator[str]:
    for stored in listed:
        info = store.run_info(stored.run_id)
        if info.is_whole and info.target.kind != "imported":
            yield stored.run_id
            return


def _stored(store: Store, run_id: str) -> FileRun:
    from evalplat.store import FileRun

    scores = store.load_scores(run_id)
    try:
        return FileRun(store.load_run(run_id), store.load_suite(run_id), scores)
    except ReferenceUnknown:  # imported as scores
        return FileRun(Run(info=store.run_info(run_id), trials=()), None, scores)
