"""The gate's page: what was decided, on what evidence, and how to look further."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from evalplat.records import ReportData

from . import cases, figures
from .folded import folded
from .linediff import marked
from .page import LIMIT_BYTES, Panel, Written, assemble, environment, overhead, write
from .panels.costs import spending
from .panels.lights import lights
from .panels.looks import looks
from .panels.provenance import provenance
from .panels.repeats import repeats
from .panels.rows import method, scorecard, settle, slices
from .panels.safety import safety
from .panels.verdict import verdict
from .text import one_line
from .words import VERDICTS

_MOST_CHANGES = 20
_MOST_FLIPS = 1000


def render_html(data: ReportData) -> str:
    """One HTML file that opens offline, of at most 6,000,000 bytes. The same data gives the same bytes."""
    track = "Looks" if data.decision.looks else "Since the anchor"
    before = [
        Panel("verdict", "Verdict", "verdict.html.j2", lambda: verdict(data)),
        Panel("lights", "At a glance", "lights.html.j2", lambda: lights(data)),
        Panel("scorecard", "Scorecard", "scorecard.html.j2", lambda: scorecard(data), limit=300_000),
        Panel("settle", "What would settle it", "settle.html.j2", lambda: settle(data)),
        Panel("looks", track, "looks.html.j2", lambda: looks(data), limit=100_000),
        Panel("warnings", "Warnings", "warnings.html.j2", lambda: folded(data.decision.findings), limit=300_000),
        Panel("slices", "Slices", "slices.html.j2", lambda: slices(data), limit=500_000),
        Panel("explore", "Chart", "explore.html.j2", lambda: figures.forest(data.decision), limit=300_000),
        Panel("safety", "Safety by attack", "safety.html.j2", lambda: safety(data), limit=300_000),
    ]
    after = [
        Panel("repeats", "Asked again", "repeats.html.j2", lambda: repeats(data)),
        Panel("failures", "Failures by cause", "failures.html.j2", lambda: figures.failures(data)),
        Panel("usage", "Cost, tokens, latency", "spending.html.j2", lambda: spending(data)),
        Panel("changes", "What changed", "changes.html.j2", lambda: _changes(data), limit=300_000),
        Panel("method", "How it was computed", "method.html.j2", lambda: method(data), limit=300_000),
        Panel("hashes", "Provenance", "provenance.html.j2", lambda: provenance(data)),
        Panel("reproduce", "Reproduce", "reproduce.html.j2", lambda: {"command": data.command}),
    ]
    head = [written for panel in before if (written := write(panel))]
    tail = [written for panel in after if (written := write(panel))]
    footer = _footer(data.decision.version, data.generated_at.isoformat(timespec="seconds"))
    charts = any(written.id == "explore" for written in head)
    room = LIMIT_BYTES - overhead(charts=charts) - sum(written.n_bytes for written in (*head, *tail, footer))
    middle = write(Panel("cases", "Flipped and failed cases", "cases.html.j2", lambda: _cases(data, room), limit=room))
    panels = [*head, *([middle] if middle else []), *tail]
    title = f"{VERDICTS[data.decision.verdict].label}: {one_line(data.suite or 'gate', 80)}"
    return assemble(title, panels, footer, charts=charts)


def _changes(data: ReportData) -> dict[str, Any] | None:
    known = data.baseline is not None and data.candidate is not None
    if not known and not data.changes:
        return None
    changes = [(change.part, *marked(change.before, change.after)) for change in data.changes[:_MOST_CHANGES]]
    return {"changes": changes, "left": len(data.changes) - len(changes)}


def _cases(data: ReportData, room: int) -> dict[str, Any] | None:
    flips = data.decision.flips
    # A score table knows no answers: its cases go into the plain list.
    pairs = [pair for pair in data.pairs if pair.baseline is not None or pair.candidate is not None]
    if not pairs and not flips:
        return None
    template = environment().get_template("case.html.j2")
    reserve = min(400_000, 400 * len(flips)) + 20_000
    metric = flips[0].metric if flips else None
    shown = cases.fit(pairs, lambda view: template.render(case=view), room - reserve, ("Baseline", "Candidate"), metric)
    rest = cases.rest_of(flips, pairs, len(shown.html))
    return {
        "html": [Markup(html) for html in shown.html],  # noqa: S704 rendered by our own template
        "shown": shown,
        "total": max(data.n_pairs_total, len(pairs)) if pairs else len(flips),
        "rest": rest[:_MOST_FLIPS],
        "n_rest": len(rest),
        "metric": metric,
        "compared": True,
        "states": cases.states_of(pairs[: len(shown.html)]),
    }


def _footer(version: str, at: str) -> Written:
    html = environment().get_template("footer.html.j2").render(version=version, at=at)
    return Written("footer", "", Markup(html))  # noqa: S704
