"""A suite's page over time: each metric run by run, the gates between, and what the changes add up to."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from evalplat.records import Drift, HistoryMetric, MetricComparison, PastMetric, SuiteHistory

from .numbers import change, count, percent, span, value
from .page import Panel, Written, assemble, environment, write
from .text import one_line
from .timeline import timeline

_MOST = {"metrics": 16, "runs": 150, "columns": 4, "drifts": 4}


def render_history_html(history: SuiteHistory) -> str:
    """One HTML file that opens offline, of at most 6,000,000 bytes. The same data gives the same bytes."""
    panels = [
        Panel("history", "Suite", "history.html.j2", lambda: _hero(history)),
        Panel("course", "Over time", "history_course.html.j2", lambda: _course(history), limit=2_500_000),
        Panel("runs", "Runs", "history_runs.html.j2", lambda: _runs(history), limit=900_000),
        Panel("drift", "Since the anchor", "history_drift.html.j2", lambda: _drift(history), limit=500_000),
        Panel("gates", "Gates", "history_gates.html.j2", lambda: _gates(history), limit=500_000),
        Panel("reproduce", "Reproduce", "reproduce.html.j2", lambda: {"command": history.command}),
    ]
    written = [done for panel in panels if (done := write(panel))]
    at = history.generated_at.isoformat(timespec="seconds")
    html = environment().get_template("footer.html.j2").render(version=history.version, at=at)
    footer = Written("footer", "", Markup(html))  # noqa: S704
    return assemble(f"History of {one_line(history.suite, 80)}", written, footer, charts=False)


def level_in(metric: HistoryMetric, one: PastMetric | None) -> tuple[str, str]:
    """A run's mean of the metric, and its interval."""
    if one is None:
        return value(None), ""
    show = percent if metric.share else value
    return show(one.mean), span(one.ci_low, one.ci_high, show) if one.ci_low is not None else ""


def change_of(found: MetricComparison) -> str:
    """A difference with its sign, in the metric's own unit."""
    return change(found.difference, found)


def _hero(history: SuiteHistory) -> dict[str, Any]:
    verdicts = [gate.verdict for run in history.runs for gate in run.gates]
    real = [run for run in history.runs if any(one.real and one.worse for one in run.drift)]
    first = history.metrics[0]
    return {
        "history": history,
        "newest": history.runs[-1],
        "first": first,
        "level": level_in(first, history.runs[-1].metric(first.metric)),
        "drifted": [run.run_id for run in real],
        "drift_known": any(run.drift for run in history.runs),
        "tally": [
            ("runs", f"{count(len(history.runs))} of {count(history.n_runs)}"),
            ("gates", count(len(verdicts))),
            ("passed", count(verdicts.count("pass"))),
            ("failed", count(verdicts.count("fail"))),
            ("inconclusive", count(verdicts.count("inconclusive"))),
        ],
    }


def _course(history: SuiteHistory) -> dict[str, Any]:
    drawn = [(metric, timeline(metric, history.runs)) for metric in history.metrics[: _MOST["metrics"]]]
    return {
        "drawn": [(metric, one) for metric, one in drawn if one is not None],
        "left": len(history.metrics) - len(drawn),
        "changed": any(run.suite_changed for run in history.runs),
        "partly": any(not run.whole for run in history.runs),
    }


def _runs(history: SuiteHistory) -> dict[str, Any]:
    """The newest first, as a reader looks for it."""
    metrics = history.metrics[: _MOST["columns"]]
    rows = [
        {
            "number": at,
            "run": run,
            "levels": [(metric.metric, *level_in(metric, run.metric(metric.metric))) for metric in metrics],
            "drift": [_told(one) for one in run.drift[: _MOST["drifts"]]],
            "anchor": run.run_id == history.anchor,
        }
        for at, run in reversed(list(enumerate(history.runs)))
    ]
    return {"rows": rows[: _MOST["runs"]], "metrics": metrics, "left": max(0, len(rows) - _MOST["runs"])}


def _told(one: Drift) -> dict[str, Any]:
    found = one.comparison
    return {
        "metric": found.metric,
        "difference": change_of(found),
        "span": span(found.ci_low, found.ci_high, lambda number: change(number, found)),
        "state": ("worse" if one.worse else "better") if one.real else "not told apart",
        "cases": found.n_cases,
        "p": one.p_adjusted,
    }


def _drift(history: SuiteHistory) -> dict[str, Any] | None:
    rows = [(run, _told(one)) for run in reversed(history.runs) for one in run.drift]
    if not rows and history.no_drift is None:
        return None
    return {"rows": rows[: _MOST["runs"]], "left": max(0, len(rows) - _MOST["runs"]), "history": history}


def _gates(history: SuiteHistory) -> dict[str, Any] | None:
    targets = {run.run_id: run.target for run in history.runs}
    rows = [
        (run, gate, targets.get(gate.baseline_run or "", gate.baseline)) for run in history.runs for gate in run.gates
    ]
    rows.sort(key=lambda row: row[1].at, reverse=True)
    if not rows:
        return None
    return {"rows": rows[: _MOST["runs"]], "left": max(0, len(rows) - _MOST["runs"])}
