"""The baseline of a gate: run once, kept while its fingerprint holds, and looked at again in part."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from evalplat.errors import EvalplatError, ReferenceUnknown
from evalplat.gates import drift
from evalplat.records import Finding, GatePolicy, ScoreTable, Suite
from evalplat.scorers import score_run, score_table

from .gated import KeptRun
from .run import How, carry_out, opened, run_trials
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.store import Store

FEWEST_RECHECKED = 20


@dataclass(frozen=True, slots=True)
class Baseline:
    """A kept run, and how many of its trials this gate ran itself; what was found when it was looked at again."""

    kept: KeptRun
    trials_run: int = 0
    fresh: bool = False
    findings: tuple[Finding, ...] = ()


def baseline_of(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store) -> Baseline:
    """The run behind a reference; of a target the newest kept one on these questions, else a new one."""
    try:
        return Baseline(KeptRun.load(store, store.resolve(ref, suite=suite.name)).whole())
    except ReferenceUnknown as unknown:
        with also_no_target(unknown):
            kept = _kept(ref, suite, how, place=place, store=store)
            return Baseline(kept) if kept is not None else _run(ref, suite, how, place=place, store=store)


def looked_at_again(
    base: Baseline, policy: GatePolicy, how: How, *, seed: int, place: Workspace, store: Store
) -> Baseline:
    """The baseline after a random share of it was run again: itself, or where it drifted a new run in its place.

    Where its target is not to be had as it was (its files have changed since), that is a finding.
    """
    kept = base.kept
    if base.fresh or not policy.stopping.recheck or kept.suite is None:
        return base
    part = _part(kept.suite, policy.stopping.recheck, seed)
    try:
        target = opened(kept.info.target.ref, replace(how, cached=False), place)
        if target.info.fingerprint != kept.fingerprint:
            raise ReferenceUnknown(f"{kept.info.target.ref} is not what it was")
    except EvalplatError as err:
        message = f"the baseline could not be run again to see whether it still holds: {err}"
        return replace(base, findings=(Finding(code="baseline_unchecked", message=message),))
    run = run_trials(part, kept.info.target.ref, replace(how, cached=False), place=place)
    again = score_table(score_run(part, run), part, run, run.info.id)
    table = ScoreTable.concat([kept.scores, again])
    found = drift(table, policy, kept=kept.run_id, again=run.info.id)
    if found is None:
        return replace(base, trials_run=len(run.trials))
    fresh = _run(kept.info.target.ref, kept.suite, replace(how, cached=False), place=place, store=store)
    message = f"{found.message}; it was run anew as {fresh.kept.run_id}, and the candidate is compared with that"
    trials = fresh.trials_run + len(run.trials)
    return Baseline(fresh.kept, trials, True, (found.model_copy(update={"message": message}),))


def _kept(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store) -> KeptRun | None:
    fingerprint = opened(ref, how, place).info.fingerprint
    for stored in store.runs(suite.name):
        if stored.target_fingerprint != fingerprint or stored.trials < suite.trials:
            continue
        info = store.run_info(stored.run_id)
        if info.is_whole and info.target.kind != "imported":
            kept = KeptRun.load(store, stored.run_id)
            if kept.questions == suite.questions_sha256:
                return kept
    return None


def _run(ref: str, suite: Suite, how: How, *, place: Workspace, store: Store) -> Baseline:
    from evalplat.harness import require_some_success

    done = carry_out(suite, ref, how, place=place, store=store)
    require_some_success(done.run)
    return Baseline(KeptRun.load(store, done.run_id), trials_run=done.n_trials, fresh=True)


def _part(suite: Suite, share: float, seed: int) -> Suite:
    """A random share of the cases, one trial each."""
    cases = sorted(case.id for case in suite.cases)
    count = min(len(cases), max(FEWEST_RECHECKED, math.ceil(share * len(cases))))
    chosen = set(Random(seed).sample(cases, count))  # noqa: S311 - a sample, no secret
    datasets = [
        dataset.model_copy(update={"cases": tuple(case for case in dataset.cases if case.id in chosen)})
        for dataset in suite.datasets
    ]
    return suite.model_copy(update={"datasets": tuple(one for one in datasets if one.cases), "trials": 1})


@contextmanager
def also_no_target(unknown: ReferenceUnknown) -> Iterator[None]:
    """Says both where a reference is no run and, inside the block, no target either."""
    try:
        yield
    except ReferenceUnknown as err:
        raise ReferenceUnknown(f"{unknown}; nor is it a target: {err}") from err
