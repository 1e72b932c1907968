"""The page as its elements and text: what it shows, that hostile text stays text, that it never outgrows its limit."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from instruments import hostile, report_data
from instruments.html_outline import Outline

from evalplat.records import Answer, CasePair, Failure, Flip, PartChange, ReportData
from evalplat.reports import render_html, render_run_html

LIMIT = 6_000_000


def light(page: str) -> str:
    """The page without plotly's packed script."""
    return re.sub(r'(id="plotly-gz">)[^<]*', r"\1", page)


def outline(data: ReportData) -> Outline:
    return Outline(light(render_html(data)))


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("pass", ["Pass", "Ship it.", "The change holds up", "3 of 3"]),
        ("fail", ["Fail", "Hold it: do not ship this change.", "measurably worse", "2 of 3", "−9.1 points"]),
        ("inconclusive", ["Inconclusive", "too thin to say", "What would settle it", "1,080 cases in 310 clusters"]),
        ("all-failed", ["Fail", "462 of 462", "ModelOverloaded", "the endpoint answered 503"]),
    ],
)
def test_says_the_verdict_and_what_matters(variant: str, said: list[str]):
    page = outline(report_data.gate(variant))
    text = squeezed(page.text)
    for words in said:
        assert words in text
    assert page.unbalanced == []
    assert page.elements["h1"] == 1
    assert page.elements["main"] == 1
    assert "could not be written" not in text


def test_shows_everything_that_the_decision_rests_on():
    data = report_data.gate("fail")
    text = squeezed(outline(data).text)
    for metric in data.decision.metrics:
        found = metric.comparison
        for shown in (found.metric, found.method, found.p_null, str(found.ci_low), str(found.ci_high)):
            assert shown in text
    for part in data.decision.slices:
        assert part.comparison.slice in text
    for finding in data.decision.findings:
        assert finding.code in text
    for pair in data.pairs:
        assert pair.case.id in text
        assert pair.case.input in text
        assert pair.baseline.answer.text in text
    for flip in data.decision.flips:
        assert flip.case_id in text
    for run in (data.baseline, data.candidate):
        for digest in (*run.info.target.spec.part_hashes.values(), run.info.target.fingerprint):
            assert digest in text
    for digest in (*data.hashes.values(), data.decision.policy_sha256, data.command, "top_k: 10", "Answer kindly:"):
        assert digest in text
    for words in ("gen_ai.usage.input_tokens", "retrieve passages", "event retry", "$0.1387", "166,440", "1.85 s"):
        assert words in text
    assert "30 of 41 shown" in text


def test_a_score_table_without_runs_lists_the_flips():
    bare = ReportData(
        decision=report_data.gate("fail").decision, generated_at=report_data.AT, command="evalplat gate --scores s.csv"
    )
    page = outline(bare)
    text = squeezed(page.text)
    assert "Every flipped case" in text
    assert "case-032" in text
    assert "a score table" in text
    assert "A score table has no answers to show." in text
    assert page.unbalanced == []
    assert page.elements["details"] == len(bare.decision.metrics)


def test_the_same_data_give_the_same_bytes():
    assert render_html(report_data.gate("fail")) == render_html(report_data.gate("fail"))


def intervals(page: str) -> list[dict[str, float]]:
    drawn = re.findall(r'<svg class="interval.*?</svg>', page, re.DOTALL)
    places = {
        "null": r'class="null" x1="([\d.]+)"',
        "threshold": r'class="threshold" x1="([\d.]+)"',
        "low": r'class="bar" x1="([\d.]+)"',
        "high": r'class="bar" x1="[\d.]+" x2="([\d.]+)"',
        "point": r'class="point" cx="([\d.]+)"',
        "beyond": r'class="beyond" x="0" y="2" width="([\d.]+)"',
    }
    return [
        {name: float(found[1]) for name, where in places.items() if (found := re.search(where, one))} for one in drawn
    ]


def test_intervals_are_drawn_to_scale_and_better_is_right_whatever_the_direction():
    success, citation, cost, latency = intervals(render_html(report_data.gate("fail")))[:4]
    # -13.4 … -9.1 … -4.8 | margin -2 | no change 0
    assert success["low"] < success["point"] < success["high"] < success["threshold"] < success["null"]
    assert success["beyond"] == success["threshold"]
    per_point = (success["null"] - success["low"]) / 13.4
    assert success["null"] - success["threshold"] == pytest.approx(2 * per_point, abs=0.05)
    assert success["high"] - success["point"] == pytest.approx((9.09 - 4.78) * per_point, abs=0.1)
    assert citation["threshold"] < citation["low"] < citation["null"] < citation["high"]
    # A ratio of 1.0213 … 1.0902 where lower is better: worse than 1, better than 1.10, turned.
    assert cost["threshold"] < cost["low"] < cost["point"] < cost["high"] < cost["null"]
    assert latency["low"] < latency["threshold"] < latency["point"] < latency["null"] < latency["high"]


@pytest.mark.parametrize(
    ("update", "order"),
    [
        ({"rule": "at_least", "bound": 0.8, "ci_low": 0.72, "ci_high": 0.85}, ["low", "threshold", "high"]),
        ({"rule": "at_most", "bound": 0.8, "ci_low": 0.72, "ci_high": 0.75}, ["threshold", "low", "high"]),
        ({"rule": "superiority", "ci_low": 0.01, "ci_high": 0.1, "difference": 0.05}, ["null", "low", "point"]),
        ({"rule": "zero", "max_rate": 0.05, "rate_upper": 0.02, "ci_low": None}, ["threshold", "low", "high"]),
        ({"ci_low": None, "ci_high": 0.1, "margin": 0.02}, ["low", "threshold", "null", "high"]),
    ],
)  # fmt: skip
def test_every_rule_has_its_picture(update: dict[str, object], order: list[str]):
    (drawn,) = intervals(render_html(only({"margin": None, **update})))
    assert [drawn[name] for name in order] == sorted(drawn[name] for name in order)


def only(update: dict[str, object]) -> ReportData:
    """The page of one metric without slices."""
    data = report_data.gate("fail")
    metric = data.decision.metrics[0]
    metric = metric.model_copy(update={"comparison": metric.comparison.model_copy(update=update)})
    return data.model_copy(update={"decision": data.decision.model_copy(update={"metrics": (metric,), "slices": ()})})


def test_no_interval_is_said_and_not_drawn():
    nothing = dict.fromkeys(("ci_low", "ci_high", "difference", "se", "df")) | {"unusable": "12 paired cases"}
    page = render_html(only(nothing))
    assert intervals(page) == []
    assert "no interval" in page
    assert "12 paired cases" in page


def test_a_single_interval_needs_no_chart_and_no_plotly():
    page = render_html(only({}))
    assert len(intervals(page)) == 1
    assert 'id="plotly-gz"' not in page
    assert len(page) < 500_000


class Broken:
    """A part that cannot be read."""

    @property
    def part(self) -> str:
        raise RuntimeError("the store said no\nto sk-abcdefghijklmnopqrstuvwxyz123456 <b>twice</b>")


def test_a_broken_panel_is_a_card_and_the_page_lives():
    whole = outline(report_data.gate("fail"))
    page = outline(report_data.gate("fail").model_copy(update={"changes": (Broken(),)}))
    text = squeezed(page.text)
    assert "This part of the report could not be written. The rest is not affected." in text
    assert "RuntimeError: the store said no to [redacted] <b>twice</b>" in text
    assert page.elements["section"] == whole.elements["section"]
    assert page.unbalanced == []
    for words in ("Scorecard", "How it was computed", "case-029", "−9.1 points"):
        assert words in text


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
    metric = metric.model_copy(
        update={"reason": text, "comparison": metric.comparison.model_copy(update={"metric": name, "slice": name})}
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
            "metrics": (metric, metric),
            "slices": (metric,),
            "findings": (finding,),
            "flips": (Flip(case_id=f"{text}!", metric=name, baseline=1.0, candidate=0.0, change=-1.0),),
        }
    )
    return data.model_copy(
        update={
            "decision": decision,
            "suite": text,
            "command": text,
            "changes": (PartChange(part="p", before=text, after=text + "x"),),
            "pairs": (pair,),
            "hashes": {name: text},
            "candidate": data.candidate.model_copy(update={"failures_by_kind": {text: 1}}),
        }
    )


CALM = outline(dressed("calm text", "calm"))
LAID_OUT = {"span", "bdi"}  # marks for invisible characters; lines of a diff


def check(data: ReportData) -> Outline:
    page = render_html(data)
    assert len(page.encode("utf-8")) <= LIMIT
    found = Outline(light(page))
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


@pytest.mark.parametrize("char", ["<", "\x00\x01", "a b ", "\U0001f600", "\u202e\u202d"])
def test_megabytes_are_cut_and_counted(char: str):
    data = report_data.gate("fail")
    text = char * (1_000_000 // len(char))
    page = render_html(
        data.model_copy(update={"pairs": tuple(big(pair, n, text) for n, pair in enumerate(data.pairs))})
    )
    assert len(page.encode()) <= LIMIT
    found = Outline(light(page))
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
    text = squeezed(Outline(light(page)).text)
    said = re.search(r"([\d,]+) of 3,000 shown with both answers, worst first; ([\d,]+) of these in brief", text)
    shown, brief = (int(number.replace(",", "")) for number in said.groups())
    assert 0 < brief < shown < 3000
    assert page.count('<details class="case"') == shown
    listed = re.search(r"1,000 of ([\d,]+), worst first\. All are in decision\.json", text)
    assert int(listed[1].replace(",", "")) == 3000 - shown


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
    found = Outline(light(page))
    assert found.unbalanced == []
    assert "4,850 more slices are in decision.json" in squeezed(found.text)


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


def test_the_policy_lets_run_nothing_but_what_is_hashed():
    page = render_html(report_data.gate("fail"))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    found = Outline(page)
    runs = [text for attrs, text in found.scripts if "type" not in attrs]
    (packed,) = [text for attrs, text in found.scripts if attrs.get("id") == "plotly-gz"]
    plotly = gzip.decompress(base64.b64decode(packed)).decode()
    hashed = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (*runs, plotly)
    ]
    assert rules["script-src"] == hashed
    assert len(runs) == 1
    assert "unsafe" not in policy
    assert "style" not in found.attributes
    assert not {"src", "srcset", "background", "action"} & set(found.attributes)
    assert len(page.encode()) < 3_000_000


def test_a_run_has_its_page():
    data = report_data.run()
    page = render_run_html(data)
    found = Outline(page)
    text = squeezed(found.text)
    for words in (
        "v3",
        data.run.info.id,
        "77.9 %",
        "k = 3",
        "12 of 37 shown",
        "case-004",
        "ModelOverloaded",
        "0.000267",
    ):
        assert words in text
    assert found.unbalanced == []
    assert "could not be written" not in text
    assert 'id="plotly-gz"' not in page
    assert data.run.info.suite_fingerprint in text


def test_a_run_without_failures_says_so():
    data = report_data.run()
    card = data.run.model_copy(update={"n_failures": 0, "failures_by_kind": {}})
    text = squeezed(
        Outline(render_run_html(data.model_copy(update={"run": card, "failed": (), "n_failed_total": 0}))).text
    )
    assert "No trial failed." in text
    assert "none failed" in text


def test_the_door_is_shut_until_it_is_used():
    code = (
        "import sys; import evalplat.reports; from instruments import report_data; from evalplat.reports import *;"
        "d = report_data.gate('fail').decision; decision_json(d); render_markdown(d); render_junit(d);"
        "print([m for m in ('plotly', 'mlflow', 'pydantic_ai', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="tests")
    assert done.stdout.strip() == "[]"
