"""axe-core finds nothing serious on any page, in light and dark, on a phone and on a desk."""

from __future__ import annotations

from importlib.resources import files
from itertools import product
from typing import Any

import pytest
from instruments import real_pages
from instruments.browsing import Opened, Visit

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")


def violations(opened: Opened) -> list[str]:
    """The serious ones, with the first elements of each. Evaluated by the debugger, so the page's policy stays."""
    opened.page.evaluate(AXE)
    found: dict[str, Any] = opened.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert found["testEngine"]["name"] == "axe-core"
    assert len(found["passes"]) > 15
    return [
        f"{one['id']} ({one['impact']}): {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


FAST = {*((kind, "light", 1280) for kind in real_pages.KINDS)}
ALL = product(real_pages.KINDS, ("light", "dark"), (1280, 390))


@pytest.mark.parametrize(
    ("kind", "scheme", "width"),
    [pytest.param(*one, marks=[] if one in FAST else [pytest.mark.slow]) for one in ALL],
)
def test_no_page_has_a_serious_violation(visit: Visit, kind: str, scheme: str, width: int):
    opened = visit(real_pages.page(kind), width=width, scheme=scheme)
    if kind == "gate":
        opened.wait_for_chart()
    # One case with its traces and answers, and every other part that opens.
    opened.page.evaluate(
        """document.querySelectorAll('details').forEach((one) => {
            const within = one.closest('details.case');
            if (!within || within.id === 'case-1') one.open = true;
        })"""
    )
    if kind in ("gate", "run"):
        assert opened.page.locator("#case-1 .trace").first.is_visible()
    assert violations(opened) == []
    opened.check_quiet()


def test_the_check_finds_what_is_wrong(visit: Visit):
    page = real_pages.page("selftest").replace("<h1", "<h1 style='x'><img src='data:,'></h1><h1", 1)
    assert any(one.startswith("image-alt") for one in violations(visit(page)))
