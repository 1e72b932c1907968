"""The gate's page: what was decided, on what evidence, and how to look further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from evalplat.records import MetricDecision, ReportData

from . import cases, figures
from .interval import draw
from .linediff import marked
from .page import LIMIT_BYTES, Panel, Written, assemble, environment, overhead, write
from .text import one_line
from .words import ADVICE, ESTIMANDS, VERDICTS, course

_MOST = {"metrics": 60, "slices": 150, "findings": 200, "changes": 20}
_MOST_FLIPS = 1000


def render_html(data: ReportData) -> str:
    """One HTML file that opens offline, of at most 6,000,000 bytes. The same data gives the same bytes."""
    before = [
        Panel("verdict", "Verdict", "verdict.html.j2", lambda: _verdict(data)),
        Panel("scorecard", "Scorecard", "scorecard.html.j2", lambda: _scorecard(data), limit=300_000),
        Panel("looks", "Looks", "looks.html.j2", lambda: _looks(data), limit=100_000),
        Panel("settle", "What would settle it", "settle.html.j2", lambda: _settle(data)),
        Panel("warnings", "Warnings", "warnings.html.j2", lambda: _warnings(data), limit=300_000),
        Panel("slices", "Slices", "slices.html.j2", lambda: _slices(data), limit=500_000),
        Panel("explore", "Chart", "explore.html.j2", lambda: figures.forest(data.decision), limit=300_000),
    ]
    after = [
        Panel("failures", "Failures by cause", "failures.html.j2", lambda: figures.failures(data)),
        Panel("usage", "Cost, tokens, latency", "usage.html.j2", lambda: figures.usage(data.baseline, data.candidate)),
        Panel("changes", "What changed", "changes.html.j2", lambda: _changes(data), limit=300_000),
        Panel("method", "How it was computed", "method.html.j2", lambda: _method(data), limit=250_000),
        Panel("hashes", "Hashes", "hashes.html.j2", lambda: {"hashes": _hashes(data)}),
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


def _verdict(data: ReportData) -> dict[str, Any]:
    decision = data.decision
    return {
        "decision": decision,
        "words": VERDICTS[decision.verdict],
        "action": ADVICE[decision.decision],
        "estimand": ESTIMANDS[decision.estimand],
        "suite": data.suite,
        "generated_at": data.generated_at,
        "tally": figures.tally(data),
    }


def _scorecard(data: ReportData) -> dict[str, Any]:
    groups = []
    for gating, title in ((True, "Gating"), (False, "Informative")):
        metrics = [metric for metric in data.decision.metrics if metric.comparison.gating == gating]
        if metrics:
            groups.append((title, gating, _rows(metrics[: _MOST["metrics"]])))
    left = len(data.decision.metrics) - sum(len(rows) for _, _, rows in groups)
    return {"groups": groups, "left": left}


def _rows(metrics: Sequence[MetricDecision]) -> list[dict[str, Any]]:
    return [{"decision": metric, "found": metric.comparison, "drawing": draw(metric.comparison)} for metric in metrics]


def _looks(data: ReportData) -> dict[str, Any] | None:
    decision = data.decision
    if not decision.looks and decision.anchor is None:
        return None
    found = next(one.comparison for one in decision.metrics if one.comparison.gating)
    return {"cost": course(decision), "looks": decision.looks, "found": found, "anchor": decision.anchor}


def _settle(data: ReportData) -> dict[str, Any] | None:
    needed = [metric for metric in data.decision.metrics if metric.comparison.needed is not None]
    return {"metrics": needed[: _MOST["metrics"]]} if needed else None


def _warnings(data: ReportData) -> dict[str, Any] | None:
    findings = data.decision.findings
    shown = findings[: _MOST["findings"]]
    return {"findings": shown, "left": len(findings) - len(shown)} if findings else None


def _slices(data: ReportData) -> dict[str, Any] | None:
    slices = data.decision.slices
    if not slices:
        return None
    shown = slices[: _MOST["slices"]]
    groups = [
        (metric, _rows([part for part in shown if part.comparison.metric == metric]))
        for metric in dict.fromkeys(part.comparison.metric for part in shown)
    ]
    return {"groups": groups, "left": len(slices) - len(shown)}


def _changes(data: ReportData) -> dict[str, Any] | None:
    known = data.baseline is not None and data.candidate is not None
    if not known and not data.changes:
        return None
    changes = [(change.part, *marked(change.before, change.after)) for change in data.changes[: _MOST["changes"]]]
    return {"changes": changes, "left": len(data.changes) - len(changes)}


def _method(data: ReportData) -> dict[str, Any]:
    return {"metrics": data.decision.metrics[: _MOST["metrics"]], "estimand": ESTIMANDS[data.decision.estimand]}


def _hashes(data: ReportData) -> dict[str, str]:
    known = {"policy": data.decision.policy_sha256}
    for role, side, card in (
        ("baseline", data.decision.baseline, data.baseline),
        ("candidate", data.decision.candidate, data.candidate),
    ):
        if side.run_id:
            known[f"{role}, run"] = side.run_id
        if card is not None:
            known |= figures.hashes_of(card.info, f"{role}, ")
        elif side.fingerprint:
            known[f"{role}, target"] = side.fingerprint
    return figures.merged(known, data.hashes)


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
        "states": ("worse", "better", "unchanged", "failed"),
    }


def _footer(version: str, at: str) -> Written:
    html = environment().get_template("footer.html.j2").render(version=version, at=at)
    return Written("footer", "", Markup(html))  # noqa: S704
