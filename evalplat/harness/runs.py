"""What a run is before its first trial, whether it may go on, and whether it was worth anything."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, datetime
from random import Random

from evalplat import __version__
from evalplat.errors import ResumeMismatch, RunFailed
from evalplat.records import Protocol, Run, RunInfo, Suite, TargetInfo

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing in it looks like something else


def new_run_id(now: datetime | None = None, random: Random | None = None) -> str:
    """`20260531-142210-7k2mx`: sorts by time (UTC), safe in URLs and file names. `now` must know its time zone."""
    now = now or datetime.now(UTC)
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    draw = random.choice if random else secrets.choice
    return now.astimezone(UTC).strftime("%Y%m%d-%H%M%S-") + "".join(draw(_ALPHABET) for _ in range(5))


def freeze(
    suite: Suite, target: TargetInfo, run_id: str, at: datetime, *, protocol: Protocol | None = None, reused: int = 0
) -> RunInfo:
    """The RunInfo of a new run of `suite` by `target`; with the `protocol` of the gate that steers it, and how many
    trials it takes over from an earlier run."""
    return RunInfo(
        id=run_id,
        suite=suite.name,
        suite_fingerprint=suite.fingerprint,
        target=target,
        trials=suite.trials,
        seed=suite.seed,
        n_cases=len(suite.cases),
        created_at=at,
        protocol=protocol,
        reused=reused,
        version=__version__,
    )


def check_unchanged(info: RunInfo, frozen: Suite, suite: Suite, target: TargetInfo) -> None:
    """Whether `suite` and `target` are those of the run. Raises ResumeMismatch that names everything that is not."""
    changes = [*_suite_changes(info, frozen, suite), *_target_changes(info.target, target)]
    if changes:
        raise ResumeMismatch(
            f"run {info.id} cannot go on, something is not what it was at its start: {'; '.join(changes)}. "
            "Undo that, or start a new run without --resume"
        )


def _suite_changes(info: RunInfo, frozen: Suite, suite: Suite) -> list[str]:
    if suite.fingerprint == info.suite_fingerprint:
        return []
    changes = []
    if suite.trials != info.trials:
        changes.append(f"trials per case were {info.trials}, are {suite.trials}")
    if suite.seed != info.seed:
        changes.append(f"the seed was {info.seed}, is {suite.seed}")
    before, after = {case.id: case for case in frozen.cases}, {case.id: case for case in suite.cases}
    counts = {
        "changed": sum(case_id in after and after[case_id] != case for case_id, case in before.items()),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
    }
    if any(counts.values()):
        changes.append("cases: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count))
    elif [d.name for d in suite.datasets] != [d.name for d in frozen.datasets] or tuple(before) != tuple(after):
        changes.append("the datasets' names or order")
    if suite.scorers != frozen.scorers:
        changes.append("the scorers")
    return changes or ["the suite"]


def _target_changes(before: TargetInfo, after: TargetInfo) -> list[str]:
    if (before.kind, before.fingerprint) == (after.kind, after.fingerprint):
        return []
    if before.spec is not None and after.spec is not None and (parts := before.spec.diff(after.spec)):
        return [f"the target's {', '.join(parts)}"]
    if before.ref != after.ref:
        return [f"the target was {before.ref}, is {after.ref}"]
    return [f"the code of the target {after.ref}" if after.kind != "http" else f"the target {after.ref}"]


def require_some_success(run: Run) -> Run:
    """The run, if any trial has an answer. Raises RunFailed with the commonest cause where none has."""
    if len(run.failures) < len(run.trials):
        return run
    causes = Counter(f"{t.failure.kind}: {t.failure.message}" for t in run.failures if t.failure is not None)
    cause, count = causes.most_common(1)[0]
    raise RunFailed(f"run {run.info.id}: all {len(run.trials)} trials failed, {count} of them with {cause}")
