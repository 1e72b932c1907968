"""Rows of metrics: the scorecard, the slices, how each was computed, what would settle the open ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from evalplat.records import MetricDecision, ReportData
from evalplat.reports.held import unconfirmed
from evalplat.reports.interval import Drawing, draw
from evalplat.reports.words import ESTIMANDS, not_by_more_cases

_MOST_METRICS = 60
_MOST_SLICES = 150


@dataclass(frozen=True, slots=True)
class Row:
    """A metric with its picture. `at` is its place in decision.json, by which each number is found again."""

    at: str
    number: int
    decision: MetricDecision
    drawing: Drawing | None
    alone: bool = False
    """It fails by itself, and the gate does not: Holm over all that decide does not bear it out."""

    @property
    def found(self) -> Any:
        """What was measured."""
        return self.decision.comparison

    @property
    def ends(self) -> tuple[str, ...]:
        """Names of the fields between which the interval lies."""
        return ("rate_upper",) if self.found.rule == "zero" else ("ci_low", "ci_high")


def numbered(group: str, metrics: Iterable[tuple[int, MetricDecision]]) -> list[Row]:
    """Metrics with their places in `group` of decision.json."""
    return [Row(f"{group}.{place}", place, one, draw(one.comparison)) for place, one in metrics]


def scorecard(data: ReportData) -> dict[str, Any]:
    """Gating metrics, then informative ones."""
    groups = []
    for gating, title in ((True, "Gating"), (False, "Informative")):
        own = [(place, one) for place, one in enumerate(data.decision.metrics) if one.comparison.gating == gating]
        if own:
            rows = numbered("metrics", own[:_MOST_METRICS])
            marked = [replace(row, alone=unconfirmed(data.decision, row.decision)) for row in rows]
            groups.append((title, gating, marked))
    left = len(data.decision.metrics) - sum(len(rows) for _, _, rows in groups)
    return {"groups": groups, "left": left}


def slices(data: ReportData) -> dict[str, Any] | None:
    """By metric, the parts of its cases."""
    if not data.decision.slices:
        return None
    shown = numbered("slices", sorted(enumerate(data.decision.slices), key=_badness)[:_MOST_SLICES])
    groups = [
        (metric, [row for row in shown if row.found.metric == metric])
        for metric in dict.fromkeys(row.found.metric for row in sorted(shown, key=lambda row: not row.found.gating))
    ]
    return {"groups": groups, "left": len(data.decision.slices) - len(shown)}


def _badness(numbered: tuple[int, MetricDecision]) -> tuple[int, float]:
    """Those that fail first, of these what lost most; then what is open, then what passes."""
    found = numbered[1].comparison
    lost = (found.difference or 0.0) * (1.0 if found.direction == "higher" or found.statistic != "mean" else -1.0)
    if found.statistic == "ratio" or (found.direction == "lower" and found.statistic != "mean"):
        lost = -(found.difference or 0.0)
    return ("fail", "inconclusive", "pass").index(numbered[1].verdict), lost


def method(data: ReportData) -> dict[str, Any]:
    """How each metric was computed, unrounded."""
    rows = numbered("metrics", enumerate(data.decision.metrics[:_MOST_METRICS]))
    return {"rows": rows, "estimand": ESTIMANDS[data.decision.estimand], "looked": bool(data.decision.looks)}


def settle(data: ReportData) -> dict[str, Any] | None:
    """Open metrics, those that decide first, with what would settle them, and what the suite still has."""
    rows = [row for row in numbered("metrics", enumerate(data.decision.metrics)) if row.found.needed is not None]
    if not rows:
        return None
    rows.sort(key=lambda row: not row.found.gating)
    calls, stopped = data.decision.calls, data.decision.stopped
    left = calls if calls is not None and stopped == "futility" and calls.candidate < calls.largest else None
    return {"rows": rows[:_MOST_METRICS], "left": left, "alone": not_by_more_cases(data.decision)}
