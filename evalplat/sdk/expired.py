"""Expired: why a kept baseline is of no use to today's suite and target, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalplat.errors import EvalplatError
from evalplat.records import Suite, TargetInfo

from .run import How, opened
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.store import Store


def expired(store: Store, run_id: str, now: Suite, place: Workspace) -> str | None:
    """What of its fingerprint no longer holds: its questions (cases and scorers), or its target; None where all does.

    A target that cannot be opened here is not known to have changed. Costs no call.
    """
    info = store.run_info(run_id)
    if not store.has_trials(run_id):
        return None
    why = of_other_questions(store.load_suite(run_id), now)
    if why is not None or info.target.kind == "imported":
        return why
    try:
        target = opened(info.target.ref, How(), place).info
    except EvalplatError:
        return None
    return of_another_target(info.target, target)


def of_other_questions(kept: Suite, now: Suite) -> str | None:
    """In what the cases and scorers differ; None where a run of one can be compared with a run of the other."""
    if kept.questions_sha256 == now.questions_sha256:
        return None
    before, after = {case.id: case for case in kept.cases}, {case.id: case for case in now.cases}
    counts = {
        "changed": sum(case_id in after and after[case_id] != case for case_id, case in before.items()),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
    }
    found = []
    if any(counts.values()):
        found.append("cases: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count))
    if kept.scorers != now.scorers:
        found.append("the scorers changed")
    return "; ".join(found) or "the datasets have other names or another order"


def of_another_target(before: TargetInfo, now: TargetInfo) -> str | None:
    """In what the target differs from the one that was run; None where it is the same."""
    if before.fingerprint == now.fingerprint:
        return None
    parts = before.spec.diff(now.spec) if before.spec is not None and now.spec is not None else ()
    return f"{now.ref} is another by now: {', '.join(parts) or 'its code changed'}"
