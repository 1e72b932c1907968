"""Looks: how the difference moved between its bounds while the candidate ran."""

from __future__ import annotations

from typing import Any

from evalplat.records import LookMetric, MetricComparison, ReportData
from evalplat.reports.looks_plot import LooksPlot, plot
from evalplat.reports.words import course

_MOST = 6


def looks(data: ReportData) -> dict[str, Any] | None:
    """None for a gate that judged everything at once and has no anchor."""
    decision = data.decision
    if not decision.looks and decision.anchor is None:
        return None
    gating = [one.comparison for one in decision.metrics if one.comparison.gating]
    return {
        "cost": course(decision),
        "looks": decision.looks,
        "found": gating[0],
        "plots": [(found, drawn) for found in gating if (drawn := _plot(data, found)) is not None][:_MOST],
        "anchor": decision.anchor,
    }


def _plot(data: ReportData, found: MetricComparison) -> LooksPlot | None:
    rows = [(look, _of(look.metrics, found)) for look in data.decision.looks]
    return plot([(look.cases, row) for look, row in rows if row is not None], found)


def _of(rows: tuple[LookMetric, ...], found: MetricComparison) -> LookMetric | None:
    return next((row for row in rows if row.metric == found.metric), None)
