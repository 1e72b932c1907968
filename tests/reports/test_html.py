"""The page as its elements and text: what it shows, and how it lives with what is missing or broken."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import subprocess
import sys

import pytest
from instruments import report_data
from instruments.html_outline import Outline, squeezed, without_plotly

from evalplat.records import ReportData
from evalplat.reports import render_html, render_run_html


def outline(data: ReportData) -> Outline:
    return Outline(without_plotly(render_html(data)))


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
    assert "Could not be told" in text
    assert "what changed: RuntimeError" in text
    assert "Answers are worse by 9.1 points" in text
    for words in ("Scorecard", "How it was computed", "case-029", "−9.1 points"):
        assert words in text


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
        "d = report_data.decided('fail'); decision_json(d); render_markdown(d); render_junit(d);"
        "print([m for m in ('plotly', 'mlflow', 'pydantic_ai', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="tests")
    assert done.stdout.strip() == "[]"
