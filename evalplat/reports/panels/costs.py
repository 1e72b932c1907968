"""Cost: what quality is bought for, in a sentence; a trial's money, tokens, calls and time beside the baseline's."""

from __future__ import annotations

from typing import Any, Final

from evalplat.records import MetricComparison, ReportData
from evalplat.reports import figures
from evalplat.reports.numbers import change, count, money, seconds, value
from evalplat.reports.verdict_words import deciding_place, dimension_at, places_of

_NAMES: Final = {
    "cost_usd": "Cost",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "calls": "Model calls",
    "tool_calls": "Tool calls",
    "retries": "Retries",
    "latency_s": "Time",
}
_NOUNS: Final = {
    "cost_usd": "money",
    "total_tokens": "tokens",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "calls": "model calls",
}


_CLOCKS: Final = 5
"""Percent by which the times of two runs may differ and be called the same: machines are never alike twice."""


def in_a_sentence(data: ReportData) -> tuple[str, list[tuple[str, float]]] | None:
    """`+2.0 points (correct) for 63 % more money and about the same time`, with where each ratio comes from; None where
    neither is known."""
    quality = _quality(data)
    ratio, noun, at = _ratio(data)
    place, time = _time(data)
    told, sources = [], []
    if ratio is not None:
        told.append(f"{_more(ratio)} {noun}")
        sources.append((at, ratio))
    if time is not None:
        longer = _longer(time)
        told.append(longer or "about the same time")
        if longer is not None:
            sources.append((f"report.spending.rows.{place}.ratio", time))
    if quality is None or not told:
        return None
    return f"{change(quality.difference, quality)} ({quality.metric}) for {' and '.join(told)}.", sources


def _time(data: ReportData) -> tuple[int, float | None]:
    """Place and ratio of the mean time of a trial, where both were timed."""
    for place, row in enumerate(data.spending.rows if data.spending else ()):
        if row.quantity == "latency_s" and row.ratio is not None:
            return place, row.ratio
    return 0, None


def _more(ratio: float) -> str:
    share = round(100 * abs(ratio - 1), 1)
    if share < 0.1:
        return "the same"
    return f"{value(ratio)} times the" if ratio >= 3 else f"{share:g} % {'more' if ratio > 1 else 'less'}"


def _longer(ratio: float) -> str | None:
    """None where it is about the same."""
    return None if 100 * abs(ratio - 1) < _CLOCKS else f"{_more(ratio)} time"


def _quality(data: ReportData) -> MetricComparison | None:
    """The metric that decides, where it is one of quality; else the first of quality; with a difference to tell."""
    places = [deciding_place(data), *places_of(data, "quality")]
    for place in places:
        found = data.decision.metrics[place].comparison
        compared = found.difference is not None and found.rule not in ("zero", "at_least", "at_most")
        if compared and dimension_at(data, place) == "quality":
            return found
    return None


def _ratio(data: ReportData) -> tuple[float | None, str, str]:
    """Candidate over baseline: a cost metric of the gate, else of the runs' usage what is known."""
    for place in sorted(
        places_of(data, "cost"), key=lambda place: data.decision.metrics[place].comparison.metric != "cost_usd"
    ):
        found = data.decision.metrics[place].comparison
        if found.statistic == "ratio" and found.difference is not None:
            return found.difference, _NOUNS.get(found.metric, found.metric), f"metrics.{place}.difference"
    for number, row in enumerate(data.spending.rows if data.spending else ()):
        if row.ratio is not None and row.quantity in _NOUNS:
            return row.ratio, _NOUNS[row.quantity], f"report.spending.rows.{number}.ratio"
    return None, "", ""


def _shown(quantity: str, number: float | None) -> str:
    if quantity == "cost_usd":
        return money(number)
    return seconds(number) if quantity == "latency_s" else value(number)


def spending(data: ReportData) -> dict[str, Any] | None:
    """By trial, then the whole runs."""
    whole = figures.usage(data.baseline, data.candidate)
    if whole is None and data.spending is None:
        return None
    spent = [
        {
            "name": _NAMES[row.quantity],
            "at": f"report.spending.rows.{number}",
            "row": row,
            "baseline": _shown(row.quantity, row.baseline),
            "candidate": _shown(row.quantity, row.candidate),
            "ratio": "–" if row.ratio is None else f"× {value(row.ratio)}",
        }
        for number, row in enumerate(data.spending.rows if data.spending else ())
    ]
    cases = count(data.spending.n_cases) if data.spending else ""
    return {"spent": spent, "cases": cases, **(whole or {"rows": [], "runs": []})}
