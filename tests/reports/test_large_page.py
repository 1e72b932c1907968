"""Pages of three sizes of evidence: the demo's, 50,000 trials, and a run of which every trial failed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import pytest
from instruments.browsing import Opened, Visit
from instruments.shop_runs import Shop, all_failed, shop
from playwright.sync_api import expect

from evalplat.reports import render_html, render_run_html

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIMIT = 6_000_000
SIZES: dict[str, Callable[[], Shop]] = {
    "small": shop,
    "50,000 trials": lambda: shop(5_000, 5),
    "all failed": all_failed,
}
EACH = [pytest.param(size, marks=[pytest.mark.slow] if size == "50,000 trials" else []) for size in SIZES]
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@cache
def made(size: str) -> Shop:
    return SIZES[size]()


@cache
def page_of(size: str, kind: str) -> str:
    """Made once for all tests of this file."""
    return render_html(made(size).gate_page()) if kind == "gate" else render_run_html(made(size).run_page())


def visible(opened: Opened) -> list[str]:
    return opened.page.locator("details.case:visible .case-id").all_inner_texts()


@pytest.mark.parametrize("kind", ["gate", pytest.param("run", marks=pytest.mark.slow)])
@pytest.mark.parametrize("size", EACH)
def test_a_page_of_any_size_is_used_offline_on_a_phone(visit: Visit, size: str, kind: str):
    html = page_of(size, kind)
    assert len(html.encode()) <= LIMIT
    assert 'class="card broken' not in html
    opened = visit(html, width=390)
    page = opened.page
    if kind == "gate":
        opened.wait_for_chart()
    cases = visible(opened)
    assert len(cases) > 20
    # Search for the last case, which no other text of the page names first.
    page.get_by_label("Search").fill(cases[-1])
    expect(page.locator("#case-count")).to_have_text(re.compile(r"^\d+ of \d+$"), timeout=30_000)
    assert cases[-1] in visible(opened)
    assert len(visible(opened)) < len(cases)
    page.get_by_label("Search").fill("")
    expect(page.locator("#case-count")).to_have_text("", timeout=30_000)
    page.get_by_label("Show").select_option("failed")
    failed = visible(opened)
    assert set(failed) <= set(cases)
    assert bool(failed) or kind == "gate"
    if size == "all failed":
        assert failed == cases
    page.get_by_label("Show").select_option("")
    page.locator("#case-1 > summary").click()
    trace = page.locator("#case-1 .side").last.locator("summary", has_text="Trace")
    trace.click()
    assert page.locator("#case-1 .side").last.locator(".trace").get_by_text("chat embedded").is_visible()
    opened.check_fits()
    opened.check_quiet()


@pytest.mark.parametrize("size", EACH)
def test_a_page_of_any_size_prints(visit: Visit, size: str):
    opened = visit(page_of(size, "gate"), scheme="dark")
    printed = opened.page.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 3
    opened.check_quiet()


@pytest.mark.slow
def test_a_large_page_says_what_it_leaves_out():
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page_of("50,000 trials", "gate")))
    said = re.search(r"([\d,]+) of ([\d,]+) shown with both answers", text)
    shown, total = (int(number.replace(",", "")) for number in said.groups())
    assert 300 < shown < total < 5_000


@pytest.mark.slow
def test_a_large_page_is_painted_soon(visit: Visit):
    """The ratio to a small page is measured by tests/bench/paint.py; here only that it is no matter of many seconds."""
    opened = visit(page_of("50,000 trials", "gate"))
    opened.page.wait_for_function(f"{PAINTED.removesuffix('.startTime')} !== undefined")
    assert opened.page.evaluate(PAINTED) < 10_000
