"""Hostile, secret and endless text: on the page it is text, and the page keeps its limit."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from instruments import hostile, report_data
from instruments.html_outline import Outline, squeezed, without_plotly

from evalplat.gates import deciding, lights
from evalplat.records import (
    Answer,
    CasePair,
    Failure,
    Flaky,
    FlakyCase,
    Flip,
    PartChange,
    ReportData,
    Summary,
)
from evalplat.reports import render_html

LIMIT = 6_000_000


REPEATS = report_data.gate("looked").repeats


def dressed(text: str, name: str) -> ReportData:
    """A page on which every text is `text` and every name is `name`."""
    data = report_data.gate("inconclusive")
    pair = data.pairs[0]
    span = pair.candidate.trace.spans[2].model_copy(
        update={"name": text, "status_message": text, "attributes": {text: text, "gen_ai.input.messages": text}}
    )
    answered = pair.candidate.model_copy(
        update={
            "answer": Answer(text=text, citations=pair.candidate.answer.citations[:1]),
            "trace": pair.candidate.trace.model_copy(update={"spans": (span,)}),
        }
    )
    failed = pair.baseline.model_copy(update={"answer": None, "failure": Failure(kind="Kind", message=text)})
    case = pair.case.model_copy(update={"id": name, "input": text, "cluster": name, "slices": {name: name}})
    scores = {name: 1.0}
    pair = CasePair.model_construct(
        case=case, baseline=failed, candidate=answered, baseline_scores=scores, candidate_scores=scores, change=-1.0
    )
    metric = data.decision.metrics[0]
    told = {"metric": name, "slice": name, "weighted": True, "worse_share": 0.1, "better_share": 0.0}
    metric = metric.model_copy(update={"reason": text, "comparison": metric.comparison.model_copy(update=told)})
    kept = report_data.gate("looked").decision.metrics[-1]
    zero = {"metric": name, "slice": f"goal={name}"}
    kept = kept.model_copy(update={"comparison": kept.comparison.model_copy(update=zero)})
    looks = tuple(
        look.model_copy(update={"metrics": tuple(row.model_copy(update={"metric": name}) for row in look.metrics)})
        for look in report_data.gate("looked").decision.looks
    )
    finding = (
        report_data.gate("fail")
        .decision.findings[0]
        .model_copy(update={"message": text, "metric": name, "cases": (text,)})
    )
    decision = data.decision.model_copy(
        update={
            "reason": text,
            "baseline": data.decision.baseline.model_copy(update={"ref": text, "run_id": text}),
            "metrics": (metric, metric, kept),
            "slices": (metric, kept, metric.model_copy(update={"verdict": "fail"})),
            "looks": looks,
            "findings": (finding,),
            "flips": (Flip(case_id=f"{text}!", metric=name, baseline=1.0, candidate=0.0, change=-1.0),),
        }
    )
    waver = Flaky(
        system=text, metric=name, n_asked=2, n_flaky=1, cases=(FlakyCase(case_id=name, right=1, trials=2),)
    )  # fmt: skip
    return data.model_copy(
        update={
            "decision": decision,
            "lights": lights(decision),
            "deciding": deciding(decision),
            "repeats": Summary(systems=tuple(row.model_copy(update={"metric": name}) for row in REPEATS.systems)),
            "flaky": (waver,),
            "suite": text,
            "command": text,
            "changes": (PartChange(part="p", before=text, after=text + "x"),),
            "pairs": (pair,),
            "hashes": {name: text},
            "candidate": data.candidate.model_copy(update={"failures_by_kind": {text: 1}}),
        }
    )


CALM = Outline(without_plotly(render_html(dressed("calm text", "calm"))))
LAID_OUT = {"span", "bdi", "ins", "del"}  # marks for invisible characters; what differs in a diff


def check(data: ReportData) -> Outline:
    page = render_html(data)
    assert len(page.encode("utf-8")) <= LIMIT
    found = Outline(without_plotly(page))
    assert found.unbalanced == []
    assert {k: v for k, v in found.elements.items() if k not in LAID_OUT} == {
        k: v for k, v in CALM.elements.items() if k not in LAID_OUT
    }
    assert set(found.attributes) <= set(CALM.attributes) | {"title"}
    assert not any(name.startswith("on") for name in found.attributes)
    assert "could not be written" not in found.text
    for attrs, text in found.scripts:
        if attrs.get("type") == "application/json":
            json.loads(text)
            assert not re.search("[<>&\u2028\u2029]", text)
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=hostile.ANY, name=hostile.NAMES)
def test_hostile_text_changes_nothing_but_text(text: str, name: str):
    found = check(dressed(text, name))
    assert hostile.appears(text, found.text)
    assert hostile.appears(name, found.text)


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_known_tricks_show_as_text(text: str):
    found = check(dressed(text, "name"))
    assert hostile.appears(text, found.text)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", found.text)


def big(pair: CasePair, number: int, text: str) -> CasePair:
    answer = Answer(text=text)
    return pair.model_copy(
        update={
            "case": pair.case.model_copy(update={"id": f"big-{number:05d}", "input": text}),
            "baseline": pair.baseline.model_copy(update={"answer": answer, "failure": None}),
            "candidate": pair.candidate.model_copy(update={"answer": answer, "failure": None}),
        }
    )


@pytest.mark.parametrize(
    "char",
    ["<", *(pytest.param(char, marks=pytest.mark.slow) for char in ("\x00\x01", "a b ", "\U0001f600", "\u202e\u202d"))],
)
def test_megabytes_are_cut_and_counted(char: str):
    data = report_data.gate("fail")
    text = char * (1_000_000 // len(char))
    page = render_html(
        data.model_copy(update={"pairs": tuple(big(pair, n, text) for n, pair in enumerate(data.pairs))})
    )
    assert len(page.encode()) <= LIMIT
    found = Outline(without_plotly(page))
    assert "… 992,000 more characters, in the run’s artifacts" in found.text
    assert "could not be written" not in found.text
    assert found.elements["details"] > 20


def test_many_cases_are_shown_in_full_then_in_brief_then_listed_and_the_page_says_so():
    data = report_data.gate("fail")
    text = "many words of an answer " * 300
    pairs = tuple(big(data.pairs[0], number, text) for number in range(3000))
    flips = tuple(
        Flip(case_id=pair.case.id, metric="success", baseline=1.0, candidate=0.0, change=-1.0) for pair in pairs
    )
    decision = data.decision.model_copy(update={"flips": flips})
    page = render_html(data.model_copy(update={"decision": decision, "pairs": pairs, "n_pairs_total": 3000}))
    assert LIMIT * 0.8 < len(page.encode()) <= LIMIT
    text = squeezed(Outline(without_plotly(page)).text)
    said = re.search(r"([\d,]+) of 3,000 shown with both answers, worst first; ([\d,]+) of these in brief", text)
    shown, brief = (int(number.replace(",", "")) for number in said.groups())
    assert 0 < brief < shown < 3000
    assert page.count('<details class="case"') == shown
    listed = re.search(r"1,000 of ([\d,]+), worst first\. All are in decision\.json", text)
    assert int(listed[1].replace(",", "")) == 3000 - shown


@pytest.mark.slow
def test_no_list_outgrows_the_page():
    nasty = "<&\"'" * 300
    data = dressed(nasty, nasty.strip())
    decision = data.decision
    decision = decision.model_copy(
        update={
            "metrics": decision.metrics * 100,
            "slices": decision.slices * 5000,
            "findings": decision.findings * 5000,
            "flips": decision.flips * 20_000,
        }
    )
    many = {f"{nasty}{number}": nasty for number in range(2000)}
    page = render_html(
        data.model_copy(
            update={
                "decision": decision,
                "pairs": data.pairs * 2000,
                "changes": data.changes * 500,
                "hashes": many,
                "candidate": data.candidate.model_copy(update={"failures_by_kind": dict.fromkeys(many, 3)}),
            }
        )
    )
    assert len(page.encode()) <= LIMIT
    found = Outline(without_plotly(page))
    assert found.unbalanced == []
    assert "14,850 more slices are in decision.json" in squeezed(found.text)


def test_keys_and_passwords_do_not_reach_the_page():
    secrets = (
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.abcdefghijk",
    )
    text = (
        "x" * 7990
        + " "
        + " ".join(secrets)
        + " postgres://user:hunter2@db/x Authorization: Bearer abcdef0123456789abcdef"
    )
    for shown in (text, text[7990:]):
        page = render_html(dressed(shown, "name"))
        for secret in (*secrets, "user:hunter2", "abcdef0123456789abcdef"):
            assert secret not in page
            assert secret[:9] not in page
