"""The verbs of `evalplat baseline`: save, restore, show and refresh what a gate compares with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import EvalplatError, InputError, ReferenceUnknown
from evalplat.records import BegunGate, GatedChange, Standing, StandingBaseline, Suite
from evalplat.suites import load_suite

from .anchor import ALIAS
from .expired import expired
from .kept import KEEP, Restored, change_of, gather
from .kept import restore as put_back
from .run import How, RunDone, carry_out, with_trials
from .workspace import Workspace, workspace

if TYPE_CHECKING:
    from evalplat.harness import Progress
    from evalplat.store import Store, StoredRun


@dataclass(frozen=True, slots=True)
class Saved:
    """What a kept file has by now."""

    path: Path
    suite: str
    runs: int
    decisions: int
    begun: int
    size: int


def save_baseline(refs: Sequence[str], out: Path | str, *, keep: int = KEEP) -> Saved:
    """Write what is kept of one suite into one file. `refs` are the suite (its file or name) or runs of it.

    Raises InputError where they are of several suites, or nothing is kept.
    """
    place = workspace()
    store = place.store()
    if not refs:
        raise InputError("say which: a suite (its file or its name), or runs")
    names, runs = zip(*(_suite_or_run(ref, store) for ref in refs), strict=True)
    if len(set(names)) > 1:
        raise InputError(f"one file keeps one suite; these are of {', '.join(sorted(set(names)))}")
    file = gather(names[0], place=place, store=store, keep=keep, named=[run for run in runs if run is not None])
    begun = sum(one.scores is None for one in file.runs)
    return Saved(Path(out), file.suite, len(file.runs), len(file.decisions), begun, file.write(Path(out)))


def restore_baseline(path: Path | str, *, move_aliases: bool = False) -> Restored:
    """Put a kept file into the store and the ledger of this project; what is there already stays as it is.

    Raises InputError for a file that is not as it was written; nothing of it is then taken over.
    """
    place = workspace()
    return put_back(Path(path), place=place, store=place.store(), move=move_aliases)


def show_baseline(suite: str) -> Standing:
    """What stands of a suite, by its file or its name: kept baselines, their age and cost, attempts, gates begun.

    With the file each baseline is held against today's questions and today's target. Raises ReferenceUnknown.
    """
    place = workspace()
    store = place.store()
    name, _ = _suite_or_run(suite, store)
    now = load_suite(suite) if _is_file(suite) else None
    listed = {stored.run_id: stored for stored in store.runs(name)}
    decisions = store.decisions(name)
    used = [kept.decision.baseline.run_id for kept in decisions]
    standing = [one for run_id, one in listed.items() if one.aliases or run_id in used]
    baselines = tuple(_standing(one, now, place, store) for one in standing or list(listed.values())[:1])
    changes: dict[object, GatedChange] = {}
    for kept in decisions:
        one, key = kept.decision, change_of(kept.decision)
        before = changes.pop(key).verdicts if key in changes else ()
        changes[key] = GatedChange(
            baseline=one.baseline.ref,
            candidate=one.candidate.ref,
            candidate_fingerprint=one.candidate.fingerprint or "",
            verdicts=(*before, one.verdict),
            last_at=kept.at,
        )
    begun = tuple(_begun(place, name, set(listed)))
    return Standing(suite=name, baselines=baselines, changes=tuple(reversed(changes.values())), begun=begun)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A baseline that was run anew. `before` is the run that the alias named."""

    done: RunDone
    alias: str
    before: str | None
    same_system: bool
    """Whether both runs are of one fingerprint."""

    @property
    def attempts(self) -> str:
        """What it does to the attempts so far, in a sentence."""
        if self.before is None:
            return "No gate has been against this alias yet."
        if self.same_system:
            return (
                "It is the same system: a gate of a change that was gated before goes on with its attempts, unless the "
                "baseline drifted between the two runs."
            )
        return (
            "It is another system than before: a gate against it is of another change, and begins a test of its own. "
            "What was decided against the one before stays kept."
        )


def refresh_baseline(
    suite: Path | str,
    agent: str,
    *,
    alias: str = "production",
    trials: int | None = None,
    model: str | None = None,
    concurrency: int = 4,
    progress: Progress | None = None,
) -> Refreshed:
    """Run `agent` on `suite` anew, no answer of a model taken from the cache, and let `alias` name that run.

    The alias moves only when the run has ended and has answers. Raises as `run` does.
    """
    from evalplat.harness import require_some_success

    if alias == ALIAS:
        raise InputError(
            f"--alias: {ALIAS!r} is the release that all changes since are held to; set it with `run --alias`"
        )
    place = workspace()
    store, loaded = place.store(), with_trials(load_suite(suite), trials)
    before = store.aliases(loaded.name).get(alias)
    how = How(model=model, concurrency=concurrency, progress=progress, cached=False)
    done = carry_out(loaded, agent, how, place=place, store=store)
    require_some_success(done.run)
    store.set_alias(alias, done.run_id)
    was = None
    if before is not None:
        try:
            was = store.run_info(before).target.fingerprint
        except ReferenceUnknown:
            before = None
    return Refreshed(done, alias, before, was == done.run.info.target.fingerprint)


def _is_file(ref: str) -> bool:
    return Path(ref).suffix in (".yaml", ".yml") or Path(ref).is_file()


def _suite_or_run(ref: str, store: Store) -> tuple[str, str | None]:
    """The name of the suite, and the run where it is one."""
    if _is_file(ref):
        return load_suite(ref).name, None
    listed = store.runs(ref)
    if listed or store.decisions(ref):
        return ref, None
    run_id = store.resolve(ref)
    return store.run_info(run_id).suite, run_id


def _standing(stored: StoredRun, now: Suite | None, place: Workspace, store: Store) -> StandingBaseline:
    useless: str | None = None
    unchecked: str | None = "give the suite's file to see whether it still holds"
    if now is not None:
        try:
            useless, unchecked = expired(store, stored.run_id, now, place), None
        except EvalplatError as err:
            unchecked = str(err)
    return StandingBaseline(
        run_id=stored.run_id,
        aliases=stored.aliases,
        target=stored.target_ref,
        fingerprint=stored.target_fingerprint,
        created_at=stored.created_at,
        age_days=(datetime.now(UTC) - stored.created_at).total_seconds() / 86400,
        n_cases=stored.n_cases,
        n_trials=int(stored.totals.get("trials", 0)),
        n_failures=int(stored.totals.get("failures", 0)),
        cost_usd=stored.totals.get("cost_usd"),
        useless=useless,
        unchecked=unchecked,
    )


def _begun(place: Workspace, suite: str, listed: set[str]) -> Iterator[BegunGate]:
    with place.ledger() as ledger:
        for info in sorted(ledger.runs(), key=lambda info: info.created_at, reverse=True):
            if info.suite == suite and info.protocol is not None and info.id not in listed:
                done = ledger.tally(info.id).done
                if done:
                    yield BegunGate(
                        run_id=info.id, candidate=info.target.ref, begun_at=info.created_at, n_trials=done
                    )  # fmt: skip
