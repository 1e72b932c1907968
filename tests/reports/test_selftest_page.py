"""The page of a selftest: whole, quiet in a browser, safe against hostile names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from instruments.html_outline import Outline, squeezed, without_plotly
from instruments.selftests import selftest

from evalplat.records.selftest import Selftest
from evalplat.reports import render_selftest_html, selftest_json, truth_of

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def render(found: Selftest) -> str:
    return render_selftest_html(found, command="evalplat selftest --scores x", generated_at=AT)


def test_every_figure_is_on_the_page():
    page = render(selftest())
    outline = Outline(without_plotly(page))
    text = squeezed(outline.text)
    assert outline.unbalanced == []
    for said in (
        "1 warning from 2,000",
        "success worse by half the margin",
        "71.3 %",
        "91.0 %",
        "30.0 %",
        "683",
        "rarely_fails",
    ):
        assert said in text, said
    assert "This panel" not in text
    assert 'class="broken"' not in page
    assert page == render(selftest())


def test_nothing_to_warn_of_has_no_panel_of_warnings():
    text = squeezed(Outline(without_plotly(render(selftest(warned=False)))).text)
    assert "No warnings from" in text
    assert "What was assumed" not in text


def test_a_hostile_name_stays_text():
    name = "<img src=x onerror=alert(1)></script><script>x</script>\u202e"
    outline = Outline(without_plotly(render(selftest(name))))
    plain = Outline(without_plotly(render(selftest())))
    assert outline.elements["img"] == outline.attributes["onerror"] == 0
    assert outline.elements["script"] == plain.elements["script"]
    assert "\u202e" not in outline.text


def test_the_json_is_the_record():
    found = selftest()
    text = selftest_json(found)
    assert '"schema": "evalplat.selftest/1"' in text
    assert Selftest.model_validate_json(text.replace('"schema": "evalplat.selftest/1",', "")) == found


def test_scenarios_in_words():
    assert [truth_of(one) for one in selftest().scenarios] == [
        "unchanged", "success worse by half the margin", "success worse by the margin",
    ]  # fmt: skip


@pytest.mark.browser
def test_the_chart_is_drawn_offline_without_a_word(browser, tmp_path):
    file = tmp_path / "selftest.html"
    file.write_bytes(render(selftest()).encode())
    context = browser.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    page.locator("#explore").scroll_into_view_if_needed()
    page.wait_for_selector("html[data-chart=ready]", timeout=30_000)
    page.select_option("#explore-metric", "1")
    assert "success worse" in page.locator("#explore-chart").text_content()
    assert said == []
    context.close()
