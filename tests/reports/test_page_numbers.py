"""Every number that a page shows is found again in decision.json or in the records of the run."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from instruments import real_pages, report_data
from instruments.browsing import Visit
from instruments.page_numbers import NUMBER, Text, explained, lookup, rounds_to, texts_of, unsigned
from instruments.selftests import selftest

from evalplat.reports import decision_json, render_html

pytestmark = pytest.mark.browser

CONSTANTS = {
    "settle": "in 4 of 5 attempts",
    "method": "Intervals are at 1 − 2α.",
    "repeats": "k = 1",
}
"""What a panel says that is nobody's result."""

PLACE = re.compile(r": .* case (\d+)$")
"""What is read aloud of a part of a case names the case's place on the page."""


def records(kind: str) -> dict[str, Any]:
    """What the page of this kind was made of, as JSON."""
    if kind == "gate":
        data = real_pages.small().gate_page()
    if kind == "looked":
        data = report_data.gate("looked")
    if kind in ("gate", "looked"):
        return {**json.loads(decision_json(data.decision)), "report": data.model_dump(mode="json")}
    if kind == "run":
        return real_pages.small().run_page().model_dump(mode="json")
    if kind == "selftest":
        return selftest().model_dump(mode="json")
    made = real_pages.several() if kind == "several" else real_pages.history()
    return made.model_dump(mode="json")


def page_of(kind: str) -> str:
    """`looked`: a gate that looked early, with attacks, weights and repeats."""
    return render_html(report_data.gate("looked")) if kind == "looked" else real_pages.page(kind)


def misplaced(texts: list[Text], found: dict[str, Any]) -> list[str]:
    """Texts that name their places, and are not what stands there."""
    wrong = []
    for one in texts:
        if one.at is None:
            continue
        raw = [lookup(found, place) for place in one.at.split()]
        if [float(text) for text in one.value.split()] != [float(value) for value in raw]:
            wrong.append(f"{one.panel}: {one.at} is {raw}, not {one.value}")
            continue
        # The rate of what must never happen begins at 0, which is in no record.
        shown = NUMBER.findall(one.text.strip().removeprefix("0.0 …"))
        if "<" in one.text:
            right = all(value < float(number) for value in raw for number in shown)
        elif one.panel == "verdict":
            # A sentence, which also says what is tolerated: every raw value stands in it, as the sentence turns it.
            right = bool(shown) and all(any(rounds_to(float(value), number) for number in shown) for value in raw)
        else:
            right = all(any(rounds_to(float(value), number) for value in raw) for number in shown)
        if not right:
            wrong.append(f"{one.panel}: {one.text.strip()!r} does not say {raw}")
    return wrong


def unexplained(texts: list[Text], found: dict[str, Any]) -> list[str]:
    """Numbers that are in no record."""
    known = explained(found)
    wrong = []
    for one in texts:
        if one.panel == "cases" and (numbered := PLACE.search(one.text)):
            assert int(numbered[1]) <= 400
            continue
        left = unsigned(one.text) - known - unsigned(CONSTANTS.get(one.panel, ""))
        wrong += [f"{one.panel}: {number} in {one.text.strip()[:120]!r}" for number in sorted(left)]
    return wrong


@pytest.mark.parametrize("kind", [*real_pages.KINDS, "looked"])
def test_every_number_is_of_a_record(visit: Visit, kind: str):
    texts = texts_of(visit(page_of(kind)).page)
    found = records(kind)
    assert len(texts) > 40
    assert unexplained(texts, found) == []
    assert misplaced(texts, found) == []
    if kind == "looked":
        assert {one.panel for one in texts if one.at} >= {"safety", "looks", "usage"}
    if kind == "gate":
        assert {one.panel for one in texts if one.at} >= {"verdict", "scorecard", "settle", "slices", "repeats"}


@pytest.mark.parametrize(
    ("right", "planted"),
    [
        ("(<td[^>]*data-label=.Candidate.[^>]*><span[^>]*>)[0-9.]+ %", r"\g<1>91.7 %"),  # shown, not as its raw value
        (r'(data-from="metrics.0.difference" data-value=")[^"]+', r"\g<1>-0.031"),  # raw value of another place
        ("(<dt>Candidate</dt><dd>)", r"\g<1>scored 93.77 % "),  # a number from nowhere
    ],
)
def test_a_number_planted_wrong_is_found(visit: Visit, right: str, planted: str):
    html, n = re.subn(right, planted, real_pages.page("gate"), count=1)
    assert n == 1
    texts, found = texts_of(visit(html).page), records("gate")
    assert len(unexplained(texts, found) + misplaced(texts, found)) in (1, 2)
