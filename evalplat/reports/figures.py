"""Figures that several panels show: tallies, the run table, causes of failure, the data of the chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from markupsafe import escape

from evalplat.records import Decision, MetricComparison, MetricDecision, ReportData, RunCard, RunInfo, Trial, Usage

from .interval import scale
from .markup import script_json
from .numbers import ABSENT, count, is_share, money, p_value, seconds
from .text import one_line
from .words import VERDICTS, statistic_in_words

_MOST_POINTS = 60


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One figure of both runs. `bars` are shares of the larger in percent; empty where size says nothing."""

    name: str
    texts: tuple[str, ...]
    bars: tuple[float, ...]


def tally(data: ReportData) -> list[tuple[str, str]]:
    """Counts for the head of the page."""
    gating = [metric for metric in data.decision.metrics if metric.comparison.gating]
    passed = sum(metric.verdict == "pass" for metric in gating)
    found = [
        ("gating metrics pass", f"{passed} of {len(gating)}"),
        ("paired cases", count(max((m.comparison.n_cases for m in data.decision.metrics), default=0))),
    ]
    if data.decision.flips:
        worse = sum(flip.change < 0 for flip in data.decision.flips)
        found.append(("cases worse", count(worse)))
        found.append(("cases better", count(len(data.decision.flips) - worse)))
    if data.candidate is not None:
        found.append(("candidate trials failed", f"{data.candidate.n_failures:,} of {data.candidate.n_trials:,}"))
    return found


def usage(*cards: RunCard | None) -> dict[str, Any] | None:
    """The run table, one column a run; None where no run is known."""
    runs = [card for card in cards if card is not None]
    if not runs:
        return None
    rows = [
        _usage_row(name, [figure(card) for card in runs], bars=len(runs) > 1 and place < _BARS)
        for place, (name, figure) in enumerate(_USAGE)
    ]
    roles = ["Baseline", "Candidate"] if len(cards) == 2 else ["Run"]
    names = [role for role, card in zip(roles, cards, strict=True) if card is not None]
    return {"rows": rows, "runs": list(zip(names, runs, strict=True))}


def failures(data: ReportData) -> dict[str, Any] | None:
    """Causes of failure in both runs, most frequent first, each with one message."""
    sides = (data.baseline, data.candidate)
    if all(card is None for card in sides):
        return None
    trials = [trial for pair in data.pairs for trial in (pair.candidate, pair.baseline) if trial is not None]
    return causes(sides, trials)


def causes(sides: tuple[RunCard | None, ...], trials: Iterable[Trial]) -> dict[str, Any]:
    """Rows of (cause, counts by side, an example of its message)."""
    examples: dict[str, str] = {}
    for trial in trials:
        if trial.failure is not None:
            examples.setdefault(trial.failure.kind, trial.failure.message)
    total: Counter[str] = Counter()
    for card in sides:
        total.update(card.failures_by_kind if card else {})
    rows = [
        (
            kind,
            [count(card.failures_by_kind.get(kind, 0)) if card else ABSENT for card in sides],
            examples.get(kind, ""),
        )
        for kind, _ in total.most_common(50)
    ]
    return {
        "rows": rows,
        "sides": ("Baseline", "Candidate") if len(sides) == 2 else ("Trials",),
        "cut_off": _cut_off([card for card in sides if card is not None]) if all(sides) else [],
    }


def _cut_off(cards: list[RunCard]) -> list[str]:
    """By run how many answers reached their token limit; none where none did."""
    return (
        [f"{count(card.n_cut_off)} of {count(card.n_trials)}" for card in cards]
        if any(card.n_cut_off for card in cards)
        else []
    )


def hashes_of(info: RunInfo, role: str = "") -> dict[str, str]:
    """What a run froze, by its name."""
    found = {f"{role}suite": info.suite_fingerprint, f"{role}target": info.target.fingerprint}
    parts = info.target.spec.part_hashes if info.target.spec else {}
    return found | {f"{role}target’s {part}": digest for part, digest in parts.items()}


def merged(known: dict[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Both, without saying twice what is known already; at most 200."""
    rest = {name: digest for name, digest in more.items() if digest not in known.values()}
    return dict(islice({**known, **rest}.items(), 200))


def forest(decision: Decision) -> dict[str, Any] | None:
    """Data of the chart: each metric's interval and those of its slices; None where there is nothing to set side by
    side: the scorecard draws a single interval as well, and the page is 2 MB smaller."""
    made, n_points = [], 0
    for metric in decision.metrics[:30]:
        held = scale(metric.comparison)
        parts = [part for part in decision.slices if _same(part.comparison, metric.comparison)][:_MOST_POINTS]
        points = [_point("all cases", metric), *(_point(part.comparison.slice or "", part) for part in parts)]
        points = [point for point in points if point["low"] is not None or point["high"] is not None]
        if points:
            n_points += len(points)
            found = metric.comparison
            made.append(
                {
                    "label": one_line(f"{found.metric}, {statistic_in_words(found)}", 80),
                    "axis": _label(f"{found.metric}: {held.what}" + _UNITS[_unit(metric)]),
                    "unit": _unit(metric),
                    "null": held.null,
                    "threshold": held.threshold,
                    "thresholdLabel": "bound" if held.null is None else "margin",
                    "better": held.better,
                    "points": points,
                }
            )
    if n_points < 2:
        return None
    return {"figure": script_json(made), "metrics": [one["label"] for one in made]}


_UNITS = {
    "points": ", in percentage points",
    "ratio": ", candidate over baseline",
    "share": ", in percent",
    "plain": "",
}


def _unit(metric: MetricDecision) -> str:
    found = metric.comparison
    if found.statistic == "ratio":
        return "ratio"
    if found.rule == "zero" or (found.rule in ("at_least", "at_most") and is_share(found)):
        return "share"
    return "points" if is_share(found) else "plain"


def _point(label: str, metric: MetricDecision) -> dict[str, Any]:
    found = metric.comparison
    held = scale(found)
    lines = [f"{held.what} {held.show(held.point)}", f"interval {held.text}", f"{count(found.n_cases)} cases"]
    if found.p_adjusted is not None:
        lines.append(f"adjusted p {p_value(found.p_adjusted)}")
    return {
        "label": _label(label),
        "point": held.point,
        "low": held.low,
        "high": held.high,
        "verdict": metric.verdict,
        "text": "<br>".join([_label(label), *map(_label, lines), VERDICTS[metric.verdict].label]),
    }


def _label(text: str) -> str:
    # plotly reads tags and entities in its labels: what it is handed is text.
    return str(escape(one_line(text, 60)))


def _same(part: MetricComparison, whole: MetricComparison) -> bool:
    return (part.metric, part.statistic, part.rule) == (whole.metric, whole.statistic, whole.rule)


def _usage_row(name: str, figures: list[tuple[float | None, str]], *, bars: bool) -> UsageRow:
    largest = max((number for number, _ in figures if number is not None), default=0) or 1
    shares = tuple(round(100 * (number or 0) / largest, 1) for number, _ in figures) if bars else ()
    return UsageRow(name, tuple(text for _, text in figures), shares)


def _of_usage(field: str, *, told: bool = False) -> Any:
    """`told`: where nobody said what any call used, a call is what is assumed of a trial, and nothing was measured."""

    def figure(card: RunCard) -> tuple[float | None, str]:
        number = getattr(card.usage, field)
        if told and card.usage.unknown_usage_calls and card.usage.unknown_usage_calls == card.usage.calls:
            return None, "not measured"
        return number, count(number)

    return figure


def _cost(usage: Usage) -> tuple[float | None, str]:
    return usage.cost_usd, money(usage.cost_usd)


_BARS = 5
"""The first figures of _USAGE, which a reader compares by size."""

_USAGE: tuple[tuple[str, Any], ...] = (
    ("Cost", lambda card: _cost(card.usage)),
    ("Input tokens", _of_usage("input_tokens", told=True)),
    ("Output tokens", _of_usage("output_tokens", told=True)),
    ("Latency, median", lambda card: (card.latency_p50_s, seconds(card.latency_p50_s))),
    ("Latency, 95th percentile", lambda card: (card.latency_p95_s, seconds(card.latency_p95_s))),
    ("Trials", lambda card: (card.n_trials, count(card.n_trials))),
    ("Failed trials", lambda card: (card.n_failures, count(card.n_failures))),
    ("Model calls", _of_usage("calls", told=True)),
    ("Retries", _of_usage("retries")),
    ("Answered from cache", _of_usage("cached_calls")),
    ("Calls of unknown usage", _of_usage("unknown_usage_calls")),
)
