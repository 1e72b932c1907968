"""Repeats: right in all of k trials, and the cases whose trials disagree."""

from __future__ import annotations

from typing import Any

from evalplat.records import Flaky, ReportData

_MOST = 40


def repeats(data: ReportData) -> dict[str, Any] | None:
    """None where no case was asked twice."""
    if data.repeats is None and not data.flaky:
        return None
    sides = [side.run_id or side.ref for side in (data.decision.baseline, data.decision.candidate)]
    systems = data.repeats.systems if data.repeats is not None else ()
    rows = []
    for metric in dict.fromkeys(row.metric for row in systems):
        found = {row.system: (number, row) for number, row in enumerate(systems) if row.metric == metric}
        ks = sorted({int(k) for _, row in found.values() for k in row.pass_hat or {}})
        rows.append((metric, [(k, [_hat(found.get(side), k) for side in sides]) for k in ks[:12]]))
    return {"rows": rows[:30], **_flaky(data, sides)}


def _hat(found: Any, k: int) -> tuple[str, float | None]:
    if found is None:
        return "", None
    number, row = found
    return f"report.repeats.systems.{number}.pass_hat.{k}", (row.pass_hat or {}).get(str(k))


def _flaky(data: ReportData, sides: list[str]) -> dict[str, Any]:
    """The candidate's flaky cases, nearest to one half first, with how the baseline did on them."""
    by_side = {one.system: one for one in data.flaky}
    base, cand = (by_side.get(side) for side in sides)
    told = cand or base
    if told is None:
        return {"flaky": None, "cases": [], "base": None, "left": 0}
    before = {one.case_id: f"{one.right} of {one.trials}" for one in base.cases} if base is not None else {}
    cases = [(one.case_id, before.get(one.case_id, _silent(base)), one) for one in told.cases[:_MOST]]
    return {"flaky": told, "base": base, "cases": cases, "left": told.n_flaky - len(cases)}


def _silent(base: Flaky | None) -> str:
    """A case that the baseline's list does not name wavers not, if the list is whole."""
    return "all alike" if base is not None and base.n_flaky == len(base.cases) else "–"
