"""The baseline of a gate: run once, kept while its fingerprint holds, and looked at again in part."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evalplat.errors import ReferenceUnknown
from evalplat.records import Finding, GatePolicy, Suite

from .begun import broken_off
from .expired import of_another_target, of_other_questions
from .gated import KeptRun
from .recheck import Recheck, recheck
from .run import How, carry_out, opened
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class Baseline:
    """A kept run, and how many of its trials this gate ran itself; what was found when it was looked at again."""

    kept: KeptRun
    trials_run: int = 0
    fresh: bool = False
    named: bool = False
    """Whether the user named this very run, and not the system behind it."""
    stale: bool = False
    """Whether what it talks to was found to have changed, and it stays the baseline all the same."""
    drifted: bool = False
    """Whether it was run in the place of a kept one that had drifted."""
    checkable: bool = True
    """Whether its target is to be had as it was, as far as is known."""
    findings: tuple[Finding, ...] = ()


def baseline_of(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store) -> Baseline:
    """The run behind a reference; of a target the newest kept one on these questions, else a new one."""
    try:
        return Baseline(KeptRun.load(store, store.resolve(ref, suite=suite.name)).whole(), named=True)
    except ReferenceUnknown as unknown:
        with also_no_target(unknown):
            kept = _kept(ref, suite, how, place=place, store=store)
            if kept is not None:
                return Baseline(kept)
            why = _why_none(ref, suite, how, place=place, store=store)
            fresh = _run(ref, suite, how, place=place, store=store, resume=_begun(ref, suite, how, place))
            if why is None:
                return fresh
            message = f"{why}; it was run anew as {fresh.kept.run_id} ({fresh.trials_run:,} trials)"
            return replace(fresh, findings=(Finding(code="baseline_stale", message=message),))


def looked_at_again(
    base: Baseline, policy: GatePolicy, how: How, *, candidate: str, seed: int, place: Workspace, store: Store
) -> Baseline:
    """The baseline after a random share of it was run again: itself, or where it drifted a new run in its place.

    Where its target is not to be had as it was (its files have changed since), that is a finding. Where `candidate`
    has its very fingerprint, both are the same system at two times: what drifted is the change that is gated, so the
    kept run stays the baseline.
    """
    kept = base.kept
    if base.fresh or kept.suite is None:
        return base
    found = recheck(kept, policy, how, seed=seed, place=place)
    if found.impossible is not None:
        message = f"the baseline could not be run again to see whether it still holds: {found.impossible}"
        return replace(base, checkable=False, findings=(Finding(code="baseline_unchecked", message=message),))
    if found.stale is None:
        return replace(base, trials_run=found.trials)
    if candidate == kept.fingerprint:
        message = (
            f"{found.stale.message}; the candidate has the baseline's fingerprint, so the change is in what that does "
            "not cover (a file that is read, an endpoint, a model): it is compared with the kept run"
        )
        stale = found.stale.model_copy(update={"message": message})
        return replace(base, trials_run=found.trials, stale=True, findings=(stale,))
    return _anew(base, found, how, place=place, store=store)


def confirmed(
    base: Baseline, policy: GatePolicy, how: How, *, cases: AbstractSet[str], place: Workspace, store: Store
) -> Baseline:
    """The baseline after all of `cases`, on which a candidate fails, were run again: itself, or where it drifted a new
    run in its place.

    A random share sees a large drift, most times; before a change is blamed, its very cases are asked. What a drift
    alone makes of an unchanged candidate, it makes of the baseline on the same cases too.
    """
    if base.fresh or base.stale or not base.checkable or base.kept.suite is None:
        return base
    found = recheck(base.kept, policy, how, seed=0, place=place, cases=cases)
    if found.stale is None:
        return replace(base, trials_run=base.trials_run + found.trials)
    return _anew(base, found, how, place=place, store=store)


def _anew(base: Baseline, found: Recheck, how: How, *, place: Workspace, store: Store) -> Baseline:
    kept = base.kept
    if found.stale is None or kept.suite is None:
        return base
    fresh = _run(kept.info.target.ref, kept.suite, replace(how, cached=False), place=place, store=store)
    message = f"{found.stale.message}; it was run anew as {fresh.kept.run_id}, and the candidate is compared with that"
    trials = base.trials_run + found.trials + fresh.trials_run
    return replace(
        fresh, trials_run=trials, drifted=True, findings=(found.stale.model_copy(update={"message": message}),)
    )


def _kept(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store) -> KeptRun | None:
    fingerprint = opened(ref, how, place).info.fingerprint
    for stored in store.runs(suite.name):
        if stored.target_fingerprint != fingerprint or stored.trials < suite.trials:
            continue
        info = store.run_info(stored.run_id)
        if info.is_whole and info.target.kind != "imported":
            kept = KeptRun.load(store, stored.run_id)
            answered = kept.run is not None and len(kept.run.failures) < len(kept.run.trials)
            if answered and kept.questions == suite.questions_sha256:
                return kept
    return None


def _why_none(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store) -> str | None:
    """Why the newest kept run of what this reference named is of no use any more; None where there is none."""
    for stored in store.runs(suite.name):
        info = store.run_info(stored.run_id) if stored.target_ref == ref else None
        if info is None or not info.is_whole or not store.has_trials(stored.run_id):
            continue
        kept = store.load_suite(stored.run_id)
        why = of_other_questions(kept, suite) or of_another_target(info.target, opened(ref, how, place).info)
        if why is None and stored.trials < suite.trials:
            why = f"{stored.trials} trials a case were kept, and {suite.trials} are asked for"
        return None if why is None else f"the kept baseline {stored.run_id} is of no use to this gate ({why})"
    return None


def _begun(ref: str, suite: Suite, how: How, place: Workspace) -> str | None:
    fingerprint = opened(ref, how, place).info.fingerprint
    with place.ledger() as ledger:
        return broken_off(ledger, suite, fingerprint)


def _run(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store, resume: str | None = None) -> Baseline:
    from evalplat.harness import require_some_success

    done = carry_out(suite, ref, how, place=place, store=store, resume=resume)
    require_some_success(done.run)
    return Baseline(KeptRun.load(store, done.run_id), trials_run=done.n_trials, fresh=True)


@contextmanager
def also_no_target(unknown: ReferenceUnknown) -> Iterator[None]:
    """Says both where a reference is no run and, inside the block, no target either."""
    try:
        yield
    except ReferenceUnknown as err:
        raise ReferenceUnknown(f"{unknown}; nor is it a target: {err}") from err
