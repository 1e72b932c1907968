"""The page of several candidates: which may ship, and which differences between them are real."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from evalplat.records import SeveralReportData

from . import figures
from .interval import draw
from .numbers import count
from .page import Panel, Written, assemble, environment, write
from .several_words import headline, held_by, level_of, of_all, places, verdict_of
from .text import one_line
from .words import ESTIMANDS, settling

_MOST = {"systems": 60, "pairs": 150, "metrics": 20, "findings": 200, "runs": 20}


def render_several_html(data: SeveralReportData) -> str:
    """One HTML file that opens offline, of at most 6,000,000 bytes. The same data gives the same bytes."""
    panels = [
        Panel("verdict", "Verdict", "several_verdict.html.j2", lambda: _verdict(data)),
        Panel("ranking", "Ranking", "ranking.html.j2", lambda: _ranking(data), limit=300_000),
        Panel("candidates", "Candidates", "several_metrics.html.j2", lambda: _metrics(data), limit=1_000_000),
        Panel("settle", "What would settle it", "several_settle.html.j2", lambda: _settle(data), limit=200_000),
        Panel("flips", "Flipped cases", "several_flips.html.j2", lambda: _flips(data), limit=200_000),
        Panel("pairs", "Every pair", "pairs.html.j2", lambda: _pairs(data), limit=600_000),
        Panel("warnings", "Warnings", "several_warnings.html.j2", lambda: _warnings(data), limit=300_000),
        Panel("usage", "Cost, tokens, latency", "runs.html.j2", lambda: _runs(data), limit=200_000),
        Panel("method", "How it was computed", "several_method.html.j2", lambda: _method(data)),
        Panel("hashes", "Hashes", "hashes.html.j2", lambda: {"hashes": _hashes(data)}),
        Panel("reproduce", "Reproduce", "reproduce.html.j2", lambda: {"command": data.command}),
    ]
    written = [done for panel in panels if (done := write(panel))]
    at = data.generated_at.isoformat(timespec="seconds")
    html = environment().get_template("footer.html.j2").render(version=data.decisions[0].version, at=at)
    footer = Written("footer", "", Markup(html))  # noqa: S704
    title = f"{len(data.decisions)} candidates: {one_line(data.suite or 'gate', 80)}"
    return assemble(title, written, footer, charts=False)


def _verdict(data: SeveralReportData) -> dict[str, Any]:
    verdicts = [one.verdict for one in data.decisions]
    real = sum(pair.real for pair in data.ranking.pairs)
    return {
        "verdict": verdict_of(data.decisions),
        "headline": headline(data),
        "sentences": [*held_by(data), *data.ranking.sentences][:20],
        "data": data,
        "tally": [
            ("candidates", count(len(verdicts))),
            ("may ship", count(verdicts.count("pass"))),
            ("fail", count(verdicts.count("fail"))),
            ("inconclusive", count(verdicts.count("inconclusive"))),
            ("differences that are real", f"{real} of {len(data.ranking.pairs)} pairs"),
        ],
        "estimand": ESTIMANDS[data.decisions[0].estimand],
    }


def _ranking(data: SeveralReportData) -> dict[str, Any]:
    ranking = data.ranking
    decisions = {one.candidate.ref: one for one in data.decisions}
    targets = {
        one.candidate.ref: card.info.target.name for one, card in zip(data.decisions, data.runs, strict=False) if card
    }
    n = len(ranking.systems)
    rows = [
        {
            "found": one,
            "value": level_of(ranking, one.value),
            "places": places(one),
            "from": round(240 * (one.first - 1) / n, 2),
            "to": round(240 * one.last / n, 2),
            "decision": decisions.get(one.system),
            "target": targets.get(one.system),
        }
        for one in ranking.systems[: _MOST["systems"]]
    ]
    slots = [round(240 * at / n, 2) for at in range(1, n)] if n <= 40 else []
    return {"rows": rows, "ranking": ranking, "explained": of_all(ranking), "left": n - len(rows), "slots": slots}


def _pairs(data: SeveralReportData) -> dict[str, Any]:
    pairs = data.ranking.pairs
    rows = [{"pair": one, "found": one.comparison, "drawing": draw(one.comparison)} for one in pairs[: _MOST["pairs"]]]
    return {"rows": rows, "left": len(pairs) - len(rows), "ranking": data.ranking}


def _metrics(data: SeveralReportData) -> dict[str, Any]:
    """By metric, each candidate against the baseline."""
    n = len(data.decisions[0].metrics)
    groups = []
    for at in range(min(n, _MOST["metrics"])):
        rows = [
            {
                "ref": one.candidate.ref,
                "decision": one.metrics[at],
                "found": one.metrics[at].comparison,
                "drawing": draw(one.metrics[at].comparison),
            }
            for one in data.decisions[: _MOST["systems"]]
        ]
        groups.append((data.decisions[0].metrics[at].comparison, rows))
    return {"groups": groups, "left": n - len(groups), "baseline": data.decisions[0].baseline.ref}


def _settle(data: SeveralReportData) -> dict[str, Any] | None:
    """Of each candidate that is open, what would settle its metrics that decide."""
    rows = [
        (one.candidate.ref, metric.comparison.metric, told)
        for one in data.decisions
        if one.verdict == "inconclusive"
        for metric in one.metrics
        if metric.comparison.gating and (told := settling(metric.comparison))
    ]
    return {"rows": rows[: _MOST["systems"]], "left": max(0, len(rows) - _MOST["systems"])} if rows else None


def _flips(data: SeveralReportData) -> dict[str, Any] | None:
    """By candidate, how many cases flipped, and the worst of them."""
    rows = []
    for one in data.decisions[: _MOST["systems"]]:
        worse = sorted((flip for flip in one.flips if flip.change < 0), key=lambda flip: flip.change)
        first = [flip.case_id for flip in worse[:3]]
        rows.append(
            {"ref": one.candidate.ref, "worse": len(worse), "better": len(one.flips) - len(worse), "first": first}
        )
    metrics = [flip.metric for one in data.decisions for flip in one.flips[:1]]
    if not metrics:
        return None
    return {"rows": rows, "metric": metrics[0], "baseline": data.decisions[0].baseline.ref}


def _warnings(data: SeveralReportData) -> dict[str, Any] | None:
    """Each once, with the candidates that it is about."""
    about: dict[tuple[str, str, str | None], list[str]] = {}
    for one in data.decisions:
        for finding in one.findings:
            about.setdefault((finding.code, finding.message, finding.metric), []).append(one.candidate.ref)
    if not about:
        return None
    found = [(*key, refs) for key, refs in about.items()][: _MOST["findings"]]
    return {"findings": found, "left": len(about) - len(found), "candidates": len(data.decisions)}


def _runs(data: SeveralReportData) -> dict[str, Any] | None:
    refs = (data.decisions[0].baseline.ref, *(one.candidate.ref for one in data.decisions))
    cards = [(ref, card) for ref, card in zip(refs, (data.baseline, *data.runs), strict=False) if card is not None]
    return {"rows": cards[: _MOST["runs"]], "left": max(0, len(cards) - _MOST["runs"])} if cards else None


def _method(data: SeveralReportData) -> dict[str, Any]:
    methods = dict.fromkeys(pair.comparison.method for pair in data.ranking.pairs)
    return {"ranking": data.ranking, "methods": list(methods)[:20], "candidates": len(data.decisions)}


def _hashes(data: SeveralReportData) -> dict[str, str]:
    known = {"policy": data.decisions[0].policy_sha256}
    for role, card in (("baseline", data.baseline), *((None, card) for card in data.runs)):
        if card is not None:
            known |= figures.hashes_of(card.info, f"{one_line(role or card.info.target.name, 60)}, ")
    return figures.merged(known, data.hashes)
