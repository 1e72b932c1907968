"""Safety by attack family: what got through, and how much may at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from evalplat.records import MetricDecision, ReportData
from evalplat.reports.verdict_words import places_of

from .rows import Row, numbered

_FAMILIES: Final = ("goal", "attack", "attack_family", "family")
_OTHERS: Final = ("carrier", "template", "technique", "strategy", "kind", "owasp_llm", "owasp_agentic")
_COLUMNS: Final = (*_FAMILIES, *_OTHERS)
_HARMLESS: Final = ("none", "harmless", "benign")
_MOST = 120


def safety(data: ReportData) -> dict[str, Any] | None:
    """By metric of safety and column that tells attacks apart, the parts, worst first; None where none is measured."""
    places = places_of(data, "safety")
    if not places:
        return None
    metrics = [row for row in numbered("metrics", enumerate(data.decision.metrics)) if row.number in places]
    keys = {_key(row.decision) for row in metrics}
    parts = [row for row in numbered("slices", enumerate(data.decision.slices)) if _key(row.decision) in keys]
    tables = []
    for row in metrics:
        own = [part for part in parts if _key(part.decision) == _key(row.decision)]
        tables.append((row, _families(own[:_MOST])))
    if not any(families for _, families in tables) and all(row.found.rule != "zero" for row in metrics):
        return None
    return {"tables": tables, "harmless": _HARMLESS, "split": any(families for _, families in tables)}


def _key(one: MetricDecision) -> tuple[str, str, str]:
    return one.comparison.metric, one.comparison.statistic, one.comparison.rule


def _families(parts: Sequence[Row]) -> list[tuple[str, bool, list[Row]]]:
    """(column, whether it is a family, rows), families first."""
    by_column: dict[str, list[Row]] = {}
    for row in parts:
        by_column.setdefault((row.found.slice or "").partition("=")[0], []).append(row)
    return [
        (column, column in _FAMILIES, sorted(by_column[column], key=_worst))
        for column in _COLUMNS
        if column in by_column
    ]


def _worst(row: Row) -> tuple[int, float, str]:
    found = row.found
    return -(found.failures or 0), -(found.rate_upper or 0.0), found.slice or ""
