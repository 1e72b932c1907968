"""A selftest's page: how often the gate is right and wrong on a suite's own shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from markupsafe import Markup, escape

from evalplat.records.selftest import Selftest, SelftestScenario, SimulatedShare

from .folded import folded
from .markup import script_json
from .numbers import count, percent
from .page import Panel, Written, assemble, environment, write
from .text import one_line

POWER = 0.8
_MOST = 200


def render_selftest_html(selftest: Selftest, *, command: str, generated_at: datetime) -> str:
    """One HTML file that opens offline. The same data gives the same bytes."""
    panels = [
        Panel("selftest", "Selftest", "selftest.html.j2", lambda: _hero(selftest, generated_at)),
        Panel("warnings", "Warnings", "warnings.html.j2", lambda: folded(selftest.warnings)),
        Panel("verdicts", "Verdicts", "selftest_verdicts.html.j2", lambda: _verdicts(selftest)),
        Panel("early", "Stopping early", "selftest_early.html.j2", lambda: _early(selftest)),
        Panel("metrics", "Metrics", "selftest_metrics.html.j2", lambda: {"rows": selftest.metrics[:_MOST]}),
        Panel("explore", "Chart", "explore.html.j2", lambda: _chart(selftest), limit=300_000),
        Panel("assumed", "What was assumed", "selftest_assumed.html.j2", lambda: _assumed(selftest)),
        Panel("reproduce", "Reproduce", "reproduce.html.j2", lambda: {"command": command}),
    ]
    written = [done for panel in panels if (done := write(panel))]
    at = generated_at.isoformat(timespec="seconds")
    html = environment().get_template("footer.html.j2").render(version=selftest.version, at=at)
    footer = Written("footer", "", Markup(html))  # noqa: S704
    charts = any(done.id == "explore" for done in written)
    return assemble(f"Selftest: {one_line(', '.join(selftest.history), 80)}", written, footer, charts=charts)


def truth_of(scenario: SelftestScenario) -> str:
    """What is true in a scenario, in words."""
    where = " (near the ceiling)" if scenario.setting == "ceiling" else ""
    if scenario.metric is None:
        return f"unchanged{where}"
    return f"{scenario.metric} worse by {'half ' if scenario.step == 'half' else ''}the margin{where}"


def _hero(selftest: Selftest, generated_at: datetime) -> dict[str, Any]:
    return {"test": selftest, "generated_at": generated_at, "unchanged": selftest.scenario("history", "unchanged")}


def _verdicts(selftest: Selftest) -> dict[str, Any]:
    rows = []
    for scenario in selftest.scenarios[:_MOST]:
        shares = [(name, getattr(scenario, field).share) for name, field in _FIELDS]
        rows.append({"truth": truth_of(scenario), "scenario": scenario, "bars": _stacked(shares)})
    return {"rows": rows, "draws": selftest.draws}


_FIELDS = (("pass", "passes"), ("inconclusive", "inconclusive"), ("fail", "fails"))


def _early(selftest: Selftest) -> dict[str, Any] | None:
    if not selftest.stopping:
        return None
    rows = []
    for one in selftest.stopping[:_MOST]:
        truth = "unchanged" if one.metric is None else f"{one.metric} worse by the margin"
        rows.append({"truth": truth, "found": one, "shares": (one.passes, one.inconclusive, one.fails)})
    return {"rows": rows, "looks": selftest.looks, "draws": selftest.stopping[0].passes.draws}


def _stacked(shares: list[tuple[str, float]]) -> list[tuple[str, float, float]]:
    """(verdict, from, to) in percent."""
    bars, at = [], 0.0
    for name, share in shares:
        bars.append((name, round(at, 2), round(at + 100 * share, 2)))
        at += 100 * share
    return bars


def _assumed(selftest: Selftest) -> dict[str, Any] | None:
    return {"assumptions": selftest.assumptions[:_MOST]} if selftest.assumptions else None


def _chart(selftest: Selftest) -> dict[str, Any]:
    alpha = max(metric.alpha for metric in selftest.metrics)
    wrong, right = [], []
    for scenario in selftest.scenarios[:60]:
        if scenario.step == "unchanged":
            wrong.append(_point(scenario, "fails", _of_error(scenario.fails, alpha)))
            right.append(_point(scenario, "passes", _of_power(scenario.passes)))
        elif scenario.step == "worse":
            wrong.append(_point(scenario, "passes", _of_error(scenario.passes, alpha)))
            right.append(_point(scenario, "fails", _of_power(scenario.fails)))
    made = [
        _figure("Errors", "share of simulated gates that err, in percent", alpha, "alpha", -1, wrong),
        _figure("Power", "share of simulated gates that are right, in percent", POWER, "80 %", 1, right),
    ]
    return {"figure": script_json(made), "metrics": [one["label"] for one in made]}


def _figure(
    label: str, axis: str, threshold: float, name: str, better: int, points: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "label": label,
        "axis": axis,
        "unit": "share",
        "null": None,
        "threshold": threshold,
        "thresholdLabel": name,
        "better": better,
        "points": points,
    }


def _point(scenario: SelftestScenario, verdict: Literal["passes", "fails"], colour: str) -> dict[str, Any]:
    share: SimulatedShare = getattr(scenario, verdict)
    low, high = max(0.0, share.share - 1.96 * share.se), min(1.0, share.share + 1.96 * share.se)
    between = f"95 % Monte Carlo interval {percent(low)} to {percent(high)}"
    text = [f"{truth_of(scenario)}: {verdict}", percent(share.share), between, f"{count(share.draws)} gates"]
    step = "unchanged" if scenario.metric is None else f"{one_line(scenario.metric, 20)} worse"
    where = "near ceiling, " if scenario.setting == "ceiling" else ""
    return {
        "label": _lines(step, f"{where}{verdict}"),
        "point": share.share,
        "low": low,
        "high": high,
        "verdict": colour,
        "text": _lines(*text),
    }


def _lines(*texts: str) -> str:
    # plotly reads tags and entities in its labels: what it is handed is text.
    return "<br>".join(str(escape(one_line(text, 90))) for text in texts)


def _of_error(share: SimulatedShare, alpha: float) -> str:
    return "fail" if share.share - 2.33 * share.se > 1.3 * alpha else "pass"


def _of_power(share: SimulatedShare) -> str:
    return "pass" if share.share >= POWER else "inconclusive" if share.share >= 0.5 else "fail"
