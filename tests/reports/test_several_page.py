"""The page, comment and JUnit of several candidates."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from evalplat.gates import decide_several, rank
from evalplat.records import Column, GatePolicy, MetricRule, ScoreTable, SeveralReportData
from evalplat.reports import (
    decisions_json,
    level_of,
    render_several_html,
    render_several_junit,
    render_several_markdown,
    verdict_of,
)
from evalplat.reports.numbers import change, p_value

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}\u202e|`@all"


def data_of(rates: dict[str, float], n: int = 120) -> SeveralReportData:
    rng = np.random.default_rng(4)
    rows = [(name, i, float(rng.random() < rate)) for name, rate in rates.items() for i in range(n)]
    table = ScoreTable(
        system=Column.of([row[0] for row in rows]),
        case=Column.of([f"c{row[1]}" for row in rows]),
        metric=Column.of(["m"] * len(rows)),
        trial=np.zeros(len(rows), dtype=np.int32),
        score=np.array([row[2] for row in rows]),
        error=Column.of([None] * len(rows)),
    )
    policy = GatePolicy(metrics=(MetricRule(metric="m", margin=0.05),))
    base, *others = rates
    return SeveralReportData(
        decisions=decide_several(table, policy, baseline=base, candidates=others),
        ranking=rank(table, policy, baseline=base, candidates=others),
        generated_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        command=f"evalplat gate --candidate {HOSTILE}",
    )


@pytest.fixture(scope="module")
def data() -> SeveralReportData:
    return data_of({"old": 0.7, "good": 0.97, "alike": 0.7, "bad": 0.2})


def texts(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<body>")[1]))


def test_every_sentence_level_difference_and_p_of_the_ranking_is_on_the_page(data: SeveralReportData):
    page = texts(render_several_html(data))
    for sentence in data.ranking.sentences:
        assert sentence in page
    for one in data.ranking.systems:
        assert level_of(data.ranking, one.value) in page
        assert f"place {one.first}" in page
    for pair in data.ranking.pairs:
        assert change(pair.comparison.difference, pair.comparison) in page
        assert p_value(pair.p_adjusted).replace("<", "&lt;") in page


def test_what_keeps_each_from_shipping_is_said_and_what_would_settle_it_and_how_many_cases_flipped(
    data: SeveralReportData,
):
    page = texts(render_several_html(data))
    by = {one.candidate.ref: one for one in data.decisions}
    assert {name: one.verdict for name, one in by.items()} == {"good": "pass", "alike": "inconclusive", "bad": "fail"}
    assert "bad fails on m." in page and "alike is open on m." in page
    assert "bad fails on m." in render_several_markdown(data)
    assert "What would settle it" in page and "more than were compared" in page
    worse = sum(flip.change < 0 for flip in by["bad"].flips)
    better = sum(flip.change > 0 for flip in by["bad"].flips)
    assert re.search(rf"bad +{worse} +{better} +c\d+", page)
    only = data_of({"old": 0.7, "good": 0.97})
    waiting = only.decisions[0].model_copy(update={"decision": "needs-approval"})
    approval = only.model_copy(update={"decisions": (waiting,)})
    assert "good may ship once somebody approves it." in texts(render_several_html(approval))


def test_the_same_data_gives_the_same_bytes_and_the_page_is_small(data: SeveralReportData):
    assert render_several_html(data) == render_several_html(data)
    many = data_of({f"s{i}": 0.2 + 0.03 * i for i in range(24)})
    page = render_several_html(many)
    assert len(page.encode()) < 6_000_000
    assert 'class="card broken' not in page
    assert "more pairs are in the JSON" in page
    assert len(render_several_markdown(many)) < 65_536


def test_hostile_names_are_text_everywhere():
    data = data_of({"old": 0.7, HOSTILE: 0.97, "b": 0.2})
    page = render_several_html(data)
    assert "<script>alert" not in page and "{{ 7*7 }}" in page and "U+202E" in page
    comment = render_several_markdown(data)
    outside_code = re.sub(r"(`+).*?[^`]\1(?!`)", "", comment)
    assert "<script" not in outside_code and "@all" not in outside_code
    ET.fromstring(render_several_junit(data))
    decisions_json(data.decisions, data.ranking).encode()


@pytest.mark.parametrize(
    ("rates", "verdict", "red"),
    [
        ({"old": 0.7, "good": 0.97, "bad": 0.2}, "pass", (0, 0)),
        ({"old": 0.9, "bad": 0.3, "worse": 0.2}, "fail", (1, 0)),
        ({"old": 0.7, "alike": 0.75, "bad": 0.2}, "inconclusive", (0, 1)),
    ],
)
def test_junit_is_red_exactly_where_none_may_ship(rates: dict[str, float], verdict: str, red: tuple[int, int]):
    data = data_of(rates)
    assert verdict_of(data.decisions) == verdict
    root = ET.fromstring(render_several_junit(data))
    assert (int(root.get("failures", 9)), int(root.get("errors", 9))) == red
    assert len(root.findall(".//testcase")) == 3


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_offline_without_a_word_and_fits(
    browser: Browser, data: SeveralReportData, tmp_path: Path, width: int
):
    file = tmp_path / "several.html"
    file.write_text(render_several_html(data), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda err: said.append(str(err)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("section.panel").count() >= 6
    assert said == [] and asked == [file.as_uri()]
    context.close()
