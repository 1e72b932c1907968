"""A suite over time: its card, rows and figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import escape

from evalplat.records import SuiteHistory
from evalplat.reports.numbers import ABSENT, count, percent, value
from evalplat.reports.text import one_line

from .card import Card, Table

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLUMNS = 4


def history_card(history: SuiteHistory) -> Card:
    """A row for each kept run, the newest last."""
    shown = history.metrics[:_COLUMNS]
    rows = []
    for run in history.runs[-30:]:
        means = []
        for metric in shown:
            found = run.metric(metric.metric)
            mean = None if found is None else found.mean
            means.append(ABSENT if mean is None else percent(mean) if metric.share else value(mean))
        name = ", ".join(run.aliases) or run.run_id
        rows.append((f"{run.created_at:%Y-%m-%d %H:%M}", name, run.target, run.verdict or ABSENT, *means))
    heads = ("at", "run", "target", "gate", *(metric.metric for metric in shown))
    lines = [f"{count(len(history.runs))} of {count(history.n_runs)} kept runs, the newest last"]
    lines += [f"the suite changed before {run.run_id}: not to be compared" for run in history.runs if run.suite_changed]
    if history.no_drift is not None:
        lines.append(f"since the anchor: not known, {history.no_drift}")
    return Card(f"suite {history.suite} over time", tuple(lines), (Table.of(heads, rows, numbers=4),))


def history_rows(history: SuiteHistory) -> list[dict[str, Any]]:
    """A row for each run and metric."""
    return [
        {
            "run_id": run.run_id,
            "aliases": ", ".join(run.aliases),
            "target": run.target,
            "created_at": run.created_at,
            "gate": run.verdict,
            "suite_changed": run.suite_changed,
            "cost_usd": run.cost_usd,
            **metric.model_dump(exclude={"pass_hat"}),
        }
        for run in history.runs
        for metric in run.metrics
    ]


def history_figure(history: SuiteHistory) -> go.Figure:
    """Each metric's mean with its 95 % interval, run by run."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    metrics = history.metrics[:8]
    figure = make_subplots(
        rows=max(len(metrics), 1), cols=1, shared_xaxes=True, subplot_titles=[_text(one.metric) for one in metrics]
    )
    for row, one in enumerate(metrics, 1):
        points = [(run, run.metric(one.metric)) for run in history.runs]
        known = [(run, found, found.mean) for run, found in points if found is not None and found.mean is not None]
        spread = {
            "type": "data", "symmetric": False,
            "array": [0.0 if found.ci_high is None else found.ci_high - mean for _, found, mean in known],
            "arrayminus": [0.0 if found.ci_low is None else mean - found.ci_low for _, found, mean in known],
        }  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=[run.created_at for run, _, _ in known], y=[mean for _, _, mean in known], error_y=spread,
                mode="lines+markers", name=_text(one.metric),
                hovertext=[_text(", ".join((run.target, *run.aliases)), 120) for run, _, _ in known],
            ),
            row=row, col=1,
        )  # fmt: skip
        if one.share:
            figure.update_yaxes(tickformat=".0%", row=row, col=1)
    figure.update_layout(showlegend=False, height=120 + 180 * len(metrics), title=_text(f"{history.suite} over time"))
    return figure


def _text(text: str, limit: int = 60) -> str:
    # plotly reads tags and entities in its labels: what it is handed is text.
    return str(escape(one_line(text, limit)))
