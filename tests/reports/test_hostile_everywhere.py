"""One hostile text in every field of every record that a page, a comment or a file is made of."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
from instruments import hostile, real_pages, report_data
from instruments.browsing import Visit
from instruments.html_outline import Outline, without_plotly
from instruments.poison import fields_of, poisoned
from markdown_it import MarkdownIt

from evalplat.records import Decision, Record
from evalplat.reports import (
    decision_json,
    parse_decision_json,
    render_history_html,
    render_html,
    render_junit,
    render_markdown,
    render_run_html,
    render_several_html,
    render_several_junit,
    render_several_markdown,
)

LONG = ("x " * 500_000, "<" * 1_000_000)
MIXED = "</script><!--]]>{{7*7}}${7*7}<script>window.pwned=1</script><img src=x onerror=window.pwned=2>\u202e\x00\ud800"
TEXTS = (MIXED, *hostile.TEXTS)
RUNS = (
    MIXED,
    "<script>window.pwned = 1; alert(1)</script>",
    "</script><script>window.pwned = 2</script><!--",
    "\"'><img src=x onerror='window.pwned = 3; alert(3)'><svg onload=alert(4)>",
    "javascript:window.pwned=5//",
    "${window.pwned=6}{{constructor.constructor('window.pwned=6')()}}",
)


def few(kind: str) -> Record:
    """What the page of a kind is made of, with as few cases as make it whole."""
    if kind == "gate":
        data = report_data.gate("fail")
        return data.model_copy(update={"pairs": (data.pairs[0], data.pairs[4])})
    if kind == "looked":
        data = report_data.gate("looked")
        return data.model_copy(update={"pairs": data.pairs[:2]})
    if kind == "run":
        data = report_data.run()
        return data.model_copy(update={"failed": (data.failed[0], data.failed[4])})
    return real_pages.several() if kind == "several" else real_pages.history()


RENDER = {
    "gate": render_html,
    "looked": render_html,
    "run": render_run_html,
    "several": render_several_html,
    "history": render_history_html,
}


SLOW = pytest.mark.slow
EACH = [pytest.param(kind, marks=[SLOW] if kind == "looked" else []) for kind in RENDER]
"""A gate with looks differs from one without by a panel."""


def test_the_fields_are_found():
    found = set().union(*(fields_of(few(kind)) for kind in RENDER))
    assert found >= {
        "Answer.text", "Citation.source_id", "Case.input", "Case.id", "Case.cluster", "Case.slices",
        "Expectation.answers", "Failure.message", "Failure.kind", "Finding.message", "Flip.case_id", "PartChange.after",
        "Prompts.system", "Span.attributes", "Span.status_message", "SpanEvent.name", "Side.ref", "RunInfo.id",
        "ReportData.command", "ReportData.hashes", "CasePair.candidate_scores", "MetricComparison.metric",
        "MetricComparison.slice", "Decision.reason", "TargetInfo.ref", "SystemSummary.system", "Ranking.sentences",
        "RankedSystem.letters", "PastRun.aliases", "PastGate.reason", "SuiteHistory.suite",
    }  # fmt: skip
    assert len(found) > 80


@pytest.mark.parametrize("texts", [pytest.param(TEXTS, id="short"), pytest.param(LONG, id="long", marks=SLOW)])
@pytest.mark.parametrize("kind", EACH)
def test_every_panel_stands_and_nothing_becomes_markup(kind: str, texts: tuple[str, ...]):
    calm = Outline(without_plotly(RENDER[kind](poisoned(few(kind), "calm"))))
    for text in texts:
        html = RENDER[kind](poisoned(few(kind), text))
        assert 'class="card broken' not in html, text[:80]
        assert len(html.encode()) <= 6_000_000
        found = Outline(without_plotly(html))
        assert found.unbalanced == [], text[:80]
        assert set(found.elements) <= set(calm.elements) | {"span", "bdi", "ins", "del"}, text[:80]
        assert found.elements["script"] == calm.elements["script"]
        assert not any(name.startswith("on") for name in found.attributes)
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", found.text)
        for attrs, script in found.scripts:
            if attrs.get("type") == "application/json":
                json.loads(script)


@pytest.mark.parametrize("text", [*TEXTS, *LONG], ids=lambda text: ascii(text[:12]))
def test_json_junit_and_markdown_hold(text: str):
    for decision in (poisoned(few(kind), text).decision for kind in ("gate", "looked")):
        assert isinstance(decision, Decision)
        told = decision_json(decision)
        assert json.loads(told)["reason"] == text
        told.encode("utf-8")
        ET.fromstring(render_junit(decision))
        check_markdown(render_markdown(decision))
    assert parse_decision_json(decision_json(few("gate").decision), "here") == few("gate").decision
    several = poisoned(few("several"), text)
    ET.fromstring(render_several_junit(several))
    check_markdown(render_several_markdown(several))


def check_markdown(text: str) -> None:
    """No raw HTML of others, no link and no picture, below the forge's limit."""
    assert len(text) <= 65_536
    text.encode("utf-8")
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert not re.search(r"<(script|img|svg|iframe|style|a|b|h1)\b", shown)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.browser
@pytest.mark.parametrize("texts", [pytest.param(RUNS[:1], id="all"), pytest.param(RUNS[1:], id="each", marks=SLOW)])
@pytest.mark.parametrize("kind", EACH)
def test_nothing_runs(visit: Visit, kind: str, texts: tuple[str, ...]):
    for text in texts:
        opened = visit(RENDER[kind](poisoned(few(kind), text)), width=390)
        if kind in ("gate", "looked"):
            opened.wait_for_chart()
        opened.open_all()
        opened.check_quiet()
        opened.check_fits()
        opened.page.close()
