"""A run's page: how one system did, and where it failed."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from evalplat.records import RunReportData

from . import cases, figures
from .interval import draw_share
from .page import LIMIT_BYTES, Panel, Written, assemble, environment, overhead, write
from .text import one_line

_MOST_SLICES = 100


def render_run_html(data: RunReportData) -> str:
    """One HTML file that opens offline, of at most 6,000,000 bytes. The same data gives the same bytes."""
    before = [
        Panel("run", "Run", "run.html.j2", lambda: {"run": data.run, "generated_at": data.generated_at}),
        Panel("summary", "Scores", "summary.html.j2", lambda: _summary(data)),
        Panel("slices", "Slices", "run_slices.html.j2", lambda: _slices(data), limit=400_000),
        Panel("flaky", "Flaky cases", "run_flaky.html.j2", lambda: _flaky(data)),
        Panel("failures", "Failures by cause", "failures.html.j2", lambda: _failures(data)),
        Panel("usage", "Cost, tokens and latency", "usage.html.j2", lambda: figures.usage(data.run)),
    ]
    after = [
        Panel("hashes", "Hashes", "hashes.html.j2", lambda: {"hashes": _hashes(data)}),
        Panel("reproduce", "Reproduce", "reproduce.html.j2", lambda: _reproduce(data)),
    ]
    head = [written for panel in before if (written := write(panel))]
    tail = [written for panel in after if (written := write(panel))]
    at = data.generated_at.isoformat(timespec="seconds")
    html = environment().get_template("footer.html.j2").render(version=data.run.info.version, at=at)
    footer = Written("footer", "", Markup(html))  # noqa: S704
    room = LIMIT_BYTES - overhead(charts=False) - sum(written.n_bytes for written in (*head, *tail, footer))
    middle = write(Panel("cases", "Failed and wrong trials", "cases.html.j2", lambda: _cases(data, room), limit=room))
    panels = [*head, *([middle] if middle else []), *tail]
    title = f"Run {one_line(data.run.info.id, 80)}"
    return assemble(title, panels, footer, charts=False)


def _summary(data: RunReportData) -> dict[str, Any]:
    rows = [(row, draw_share(row)) for row in data.summary.systems[:200]]
    return {"rows": rows, "left": len(data.summary.systems) - len(rows)}


def _slices(data: RunReportData) -> dict[str, Any] | None:
    """By column, the parts of its cases."""
    if not data.slices:
        return None
    shown = data.slices[:_MOST_SLICES]
    groups = [
        (name.removeprefix("slice."), [(one, draw_share(one.summary)) for one in shown if one.slice == name])
        for name in dict.fromkeys(one.slice for one in shown)
    ]
    return {"groups": groups, "left": len(data.slices) - len(shown)}


def _flaky(data: RunReportData) -> dict[str, Any] | None:
    return {"flaky": data.flaky} if data.flaky is not None else None


def _reproduce(data: RunReportData) -> dict[str, Any] | None:
    return {"command": data.command} if data.command is not None else None


def _failures(data: RunReportData) -> dict[str, Any]:
    trials = [trial for pair in data.failed for trial in (pair.candidate, pair.baseline) if trial is not None]
    return figures.causes((data.run,), trials)


def _hashes(data: RunReportData) -> dict[str, str]:
    return figures.merged({"run": data.run.info.id} | figures.hashes_of(data.run.info), data.hashes)


def _cases(data: RunReportData, room: int) -> dict[str, Any] | None:
    if not data.failed:
        return None
    pair = environment().get_template("case.html.j2")
    shown = cases.fit(data.failed, lambda view: pair.render(case=view), room - 20_000, ("", "Answer"), None)
    return {
        "html": [Markup(html) for html in shown.html],  # noqa: S704 rendered by our own template
        "shown": shown,
        "total": max(data.n_failed_total, len(data.failed)),
        "rest": [],
        "n_rest": 0,
        "metric": None,
        "compared": False,
        "states": ("wrong", "failed"),
    }
