"""Provenance: which versions, seeds, policy and runs the decision rests on, and how often it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from evalplat.records import ReportData, RunCard, Side
from evalplat.reports import figures
from evalplat.reports.numbers import count
from evalplat.reports.words import attempted


def provenance(data: ReportData) -> dict[str, Any]:
    """Facts, then hashes."""
    return {"facts": list(_facts(data)), "hashes": _hashes(data)}


def _facts(data: ReportData) -> Iterator[tuple[str, str]]:
    decision = data.decision
    yield "Times gated", attempted(decision) or "This change was gated once."
    if decision.decision == "needs-approval":
        yield "Approval", "awaited; none is given yet"
    for role, side, card in (
        ("Baseline", decision.baseline, data.baseline),
        ("Candidate", decision.candidate, data.candidate),
    ):
        yield role, _run(side, card)
    yield "Judged by", f"evalplat {decision.version}, policy {decision.policy_sha256[:12]}"


def _run(side: Side, card: RunCard | None) -> str:
    size = f"{count(side.n_cases)} cases, {count(side.n_trials)} trials"
    if card is None:
        return f"{side.ref}: {size}"
    info = card.info
    closed = f" to {info.closed_at:%H:%M %Z}" if info.closed_at is not None else ", still open"
    model = f", model {info.target.spec.model.name}" if info.target.spec is not None else ""
    # A path on somebody's machine says nothing to others.
    target = info.target.name if PurePath(info.target.ref).is_absolute() else info.target.ref
    return (
        f"{target} ({info.target.kind}{model}): {size}, {info.trials} asked of a case, seed {info.seed}, "
        f"run by evalplat {info.version}, {info.created_at:%Y-%m-%d %H:%M}{closed}"
    )


def _hashes(data: ReportData) -> dict[str, str]:
    known = {"policy": data.decision.policy_sha256}
    for role, side, card in (
        ("baseline", data.decision.baseline, data.baseline),
        ("candidate", data.decision.candidate, data.candidate),
    ):
        if side.run_id:
            known[f"{role}, run"] = side.run_id
        if card is not None:
            known |= figures.hashes_of(card.info, f"{role}, ")
        elif side.fingerprint:
            known[f"{role}, target"] = side.fingerprint
    return figures.merged(known, data.hashes)
