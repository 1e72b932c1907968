"""The page in a real browser: opened from its file, offline, under its own policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from instruments import hostile, report_data
from playwright.sync_api import expect

from evalplat.records import Answer, ReportData
from evalplat.reports import render_html, render_run_html

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("variant", ["fail", "all-failed"])
def test_opens_offline_without_a_word_and_draws_the_chart(visit: Any, variant: str):
    opened = visit(render_html(report_data.gate(variant)))
    opened.wait_for_chart()
    drawn = opened.page.locator("#explore-chart .scatterlayer .point")
    assert drawn.count() == 6
    assert opened.page.locator("#explore-note").is_hidden()
    opened.page.select_option("#explore-metric", label="cost_usd, ratio of totals")
    expect(drawn).to_have_count(1)
    box = drawn.bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    for words in ("difference +6.8 %", "interval +2.1 … +9.0 %", "154 cases", "Pass"):
        expect(opened.page.locator("#explore-chart .hoverlayer")).to_contain_text(words)
    opened.check_quiet()


def all_hostile() -> ReportData:
    """One pair for each trick, which is its answer, its question and a slice's name."""
    data = report_data.gate("fail")
    made = []
    for number, text in enumerate(hostile.TEXTS):
        pair = data.pairs[number % 24]
        span = pair.candidate.trace.spans[0].model_copy(update={"name": text, "attributes": {text: text}})
        candidate = pair.candidate.model_copy(
            update={
                "answer": Answer(text=text),
                "failure": None,
                "trace": pair.candidate.trace.model_copy(update={"spans": (span,)}),
            }
        )
        case = pair.case.model_copy(update={"id": f"trick-{number:02d}", "input": text})
        made.append(pair.model_copy(update={"case": case, "candidate": candidate}))
    slices = tuple(
        part.model_copy(
            update={
                "comparison": part.comparison.model_copy(update={"slice": hostile.TEXTS[number % len(hostile.TEXTS)]}),
            }
        )
        for number, part in enumerate(data.decision.slices * 4)
    )
    metric = data.decision.metrics[0]
    named = metric.model_copy(
        update={
            "reason": " ".join(hostile.TEXTS),
            "comparison": metric.comparison.model_copy(update={"metric": "<b>%{x}</b><script>window.pwned=9</script>"}),
        }
    )
    slices = tuple(
        part.model_copy(update={"comparison": part.comparison.model_copy(update={"metric": named.comparison.metric})})
        for part in slices
    )
    decision = data.decision.model_copy(
        update={"metrics": (named, *data.decision.metrics[1:]), "slices": slices, "reason": " ".join(hostile.TEXTS)}
    )
    return data.model_copy(
        update={"pairs": tuple(made), "decision": decision, "suite": hostile.TEXTS[1], "command": hostile.TEXTS[2]}
    )


def test_hostile_text_shows_as_text_and_does_nothing(visit: Any):
    opened = visit(render_html(all_hostile()))
    page = opened.page
    opened.wait_for_chart()
    page.click("#expand-all")
    for number, text in enumerate(hostile.TEXTS):
        case = page.locator("details.case").nth(number)
        answer = case.locator(".side").nth(1).locator(".answer")
        assert answer.is_visible()
        shown = answer.inner_text()
        assert hostile.appears(text, shown), (text, shown)
        assert not {"\u202e", "\u2066", "\x00", "\ufffd"} & set(shown)
        assert case.locator("script, img, b, h1, style, iframe, object, embed, a, form, input").count() == 0
    assert page.locator("script").count() == 3  # the chart's data, ours, and plotly's
    assert "<script>window.pwned=9</script>" in page.locator(".panel-scorecard").inner_text()
    assert page.evaluate("document.querySelectorAll('[onerror], [onload], [onclick], img, iframe').length") == 0
    labels = page.locator("#explore-chart .yaxislayer-above").text_content()
    assert "<script>window.pwned = 1</script>" in labels
    assert "<b>%{x}</b><script>window.pwned=9</script>" in page.locator("#explore-chart .infolayer").text_content()
    opened.check_quiet()


def test_a_megabyte_on_one_line_neither_widens_nor_hangs_the_page(visit: Any):
    data = report_data.gate("fail")
    pair = data.pairs[0]
    long = pair.model_copy(
        update={"candidate": pair.candidate.model_copy(update={"answer": Answer(text="x" * 1_000_000)})}
    )
    opened = visit(render_html(data.model_copy(update={"pairs": (long, *data.pairs[1:])})), width=390)
    opened.page.locator("details.case > summary").first.click()
    assert "… 992,000 more characters, in the run’s artifacts" in opened.page.locator("#case-1").inner_text()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    opened.check_quiet()


def test_search_and_filter_find_cases_by_what_is_inside_them(visit: Any):
    opened = visit(render_html(report_data.gate("fail")))
    page = opened.page

    def shown() -> list[str]:
        return page.locator("details.case:visible .case-id").all_inner_texts()

    assert len(shown()) == 30
    page.get_by_label("Search").fill("TERN kettle 1.7")
    expect(page.locator("#case-count")).to_have_text("5 of 30")
    assert shown() == ["case-005", "case-011", "case-017", "case-023", "case-029"]
    page.get_by_label("Show").select_option("better")
    assert shown() == ["case-029"]
    page.get_by_label("Search").fill("no such words")
    expect(page.locator("#case-none")).to_be_visible()
    assert shown() == []
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("failed")
    expect(page.locator("#case-none")).to_be_hidden()
    assert shown() == ["case-004", "case-015", "case-026"]
    # A link from elsewhere leads to its case, though the search hides it; and does so once more.
    for _ in range(2):
        page.get_by_label("Search").fill("no such words")
        expect(page.locator("#case-none")).to_be_visible()
        page.locator('#verdict a[href^="#case-"]').click()
        expect(page.locator("#case-1")).to_be_visible()
        assert page.locator("#case-1").get_attribute("open") is not None
        page.locator("#case-1 > summary").click()
    page.get_by_label("Search").fill("topic=refunds")
    expect(page.locator("#case-count")).to_have_text(re.compile(r"^\d+ of 30$"))
    assert shown()
    opened.check_quiet()


def test_cases_expand_by_keyboard_and_show_both_answers_and_traces_side_by_side(visit: Any):
    opened = visit(render_html(report_data.gate("fail")))
    page = opened.page
    page.locator("details.case > summary").first.focus()
    page.keyboard.press("Enter")
    left, right = page.locator("#case-1 .side").nth(0), page.locator("#case-1 .side").nth(1)
    assert left.locator(".answer").inner_text() == "30 days"
    assert "dear customer" in right.locator(".answer").inner_text()
    boxes = left.bounding_box(), right.bounding_box()
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 1
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    for side in (left, right):
        trace = side.locator("summary", has_text="Trace")
        trace.focus()
        page.keyboard.press("Space")
        assert side.locator(".trace").get_by_text("chat SmolLM2-135M-Instruct").is_visible()
    page.click("#expand-all")
    assert page.locator("details.case[open]").count() == 30
    page.click("#collapse-all")
    assert page.locator("details.case[open]").count() == 0
    page.goto(page.url + "#case-7")
    assert page.locator("#case-7[open]").count() == 1
    opened.check_quiet()


@pytest.mark.parametrize(("kind", "scheme"), [("gate", "light"), ("run", "dark")])
def test_a_phone_shows_it_all_without_scrolling_sideways(visit: Any, kind: str, scheme: str):
    html = render_html(report_data.gate("inconclusive")) if kind == "gate" else render_run_html(report_data.run())
    opened = visit(html, width=390, scheme=scheme)
    if kind == "gate":
        opened.wait_for_chart()
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    beyond = """() => [...document.querySelectorAll('main *')].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && box.right > 391 && !one.closest('.chart, thead');
    }).map((one) => one.outerHTML.slice(0, 80))"""
    assert opened.page.evaluate(beyond) == []
    opened.check_quiet()


CONTRAST = """() => {
  const channel = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const low = new Set();
  const walk = document.createTreeWalker(document.querySelector('.frame'), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const one = node.parentElement;
    if (!node.data.trim() || one.closest('script, .chart')) continue;
    const svg = one.closest('svg');
    const ink = light(parse(svg ? getComputedStyle(one).fill : getComputedStyle(one).color));
    const paper = light(behind(one));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) low.add(`${ratio.toFixed(2)} ${one.className.baseVal ?? one.className}: ${node.data.trim()}`);
  }
  return [...low];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_of_wcag_aa(visit: Any, scheme: str):
    opened = visit(render_html(report_data.gate("fail")), scheme=scheme)
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert opened.page.evaluate(CONTRAST) == []


def test_print_is_dark_on_white_even_where_the_screen_is_dark(visit: Any):
    opened = visit(render_html(report_data.gate("fail")), scheme="dark")
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate(CONTRAST) == []
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.page.locator("nav").is_hidden()


def test_without_javascript_everything_but_the_chart_is_there(visit: Any):
    opened = visit(render_html(report_data.gate("inconclusive")), script=False)
    page = opened.page
    for words in ("too thin to say", "About 1,080 cases in 310 clusters", "evalplat gate --suite", "topic=refunds"):
        assert page.get_by_text(words).first.is_visible()
    assert page.locator("svg.interval").count() == 9
    assert page.get_by_text("This chart needs a browser that runs JavaScript.").is_visible()
    assert page.locator("#case-search").is_hidden()
    assert page.locator("#explore-metric").is_hidden()
    page.locator("details.case > summary").nth(2).click()
    assert page.locator("#case-3 .answer").first.is_visible()


def test_a_chart_that_cannot_start_says_so_and_harms_nothing_else(visit: Any):
    html = render_html(report_data.gate("fail"))
    start = html.index('id="plotly-gz">') + len('id="plotly-gz">')
    opened = visit(html[:start] + "QUJD" + html[start + 4 :])
    opened.page.locator("#explore").scroll_into_view_if_needed()
    opened.page.wait_for_selector("html[data-broken=chart]")
    assert "This part did not start (chart)" in opened.page.locator("#explore-note").inner_text()
    opened.page.get_by_label("Search").fill("kettle")
    expect(opened.page.locator("#case-count")).to_have_text("10 of 30")
    assert opened.asked == []
