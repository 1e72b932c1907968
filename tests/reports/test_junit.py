"""JUnit: any XML parser reads it, and it is green exactly where the gate passes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments import hostile, report_data

from evalplat.records import Decision
from evalplat.reports import render_junit

VERDICTS = st.sampled_from(["pass", "fail", "inconclusive"])


def suites(decision: Decision) -> list[ET.Element]:
    return list(ET.fromstring(render_junit(decision).encode("utf-8")))


def outcome(case: ET.Element) -> str:
    found = [tag for tag in ("failure", "error", "skipped") if case.find(tag) is not None]
    assert len(found) <= 1
    return found[0] if found else "passed"


def outcomes(decision: Decision) -> dict[str, str]:
    return {case.get("name", ""): outcome(case) for suite in suites(decision) for case in suite.iter("testcase")}


def test_a_testcase_for_the_gate_and_for_every_metric_and_slice():
    found = outcomes(report_data.gate("fail").decision)
    assert found == {
        "gate": "failure",
        "success (mean, non_inferiority)": "failure",
        "citation (mean, non_inferiority)": "passed",
        "cost_usd (ratio, non_inferiority)": "passed",
        "latency_s (p95, non_inferiority)": "skipped",
        "success (mean, non_inferiority) [topic=shipping]": "skipped",
        "success (mean, non_inferiority) [topic=refunds]": "skipped",
        "success (mean, non_inferiority) [topic=warranty]": "skipped",
        "success (mean, non_inferiority) [topic=products]": "skipped",
        "success (mean, non_inferiority) [topic=accounts]": "skipped",
    }


def test_inconclusive_is_an_error_which_is_neither_green_nor_a_failure():
    found = outcomes(report_data.gate("inconclusive").decision)
    assert found["gate"] == found["success (mean, non_inferiority)"] == "error"
    assert "failure" not in found.values()


def test_awaiting_an_approval_is_not_plainly_green():
    decision = report_data.gate("pass").decision.model_copy(update={"decision": "needs-approval"})
    assert outcomes(decision)["gate"] == "skipped"


def test_messages_say_what_and_why():
    gate, success = list(suites(report_data.gate("fail").decision)[0].iter("testcase"))[:2]
    assert gate.find("failure").get("message").startswith("fail, hold: Success: 87.0 % -> 77.9 %")
    detail = success.find("failure").text
    assert "baseline 87.0 %, candidate 77.9 %, difference −9.1 points" in detail
    assert "interval at 0.9: −13.4 … −4.8 points" in detail
    assert "p = 0.0009 (difference = 0), adjusted 0.0028" in detail


def test_counts_are_those_of_the_testcases():
    root = ET.fromstring(render_junit(report_data.gate("inconclusive").decision).encode())
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.get(attribute)) == sum(case.find(tag) is not None for case in cases)


@settings(max_examples=50, deadline=None)
@given(policy=VERDICTS, metrics=st.lists(VERDICTS, min_size=4, max_size=4))
def test_red_exactly_where_the_verdict_is_not_pass(policy: str, metrics: list[str]):
    decision = report_data.gate("pass").decision
    made = [
        metric.model_copy(update={"verdict": verdict})
        for metric, verdict in zip(decision.metrics, metrics, strict=True)
    ]
    # The contract: the policy passes if every gating metric passes.
    gating_pass = all(m.verdict == "pass" for m in made if m.comparison.gating)
    verdict = "pass" if gating_pass else ("inconclusive" if policy == "pass" else policy)
    decision = decision.model_copy(update={"metrics": tuple(made), "verdict": verdict})
    red = {"failure", "error"} & set(outcomes(decision).values())
    assert bool(red) == (verdict != "pass")


@settings(max_examples=40, deadline=None)
@given(text=hostile.ANY, name=hostile.NAMES, other=hostile.NAMES)
def test_hostile_text_is_text(text: str, name: str, other: str):
    decision = report_data.gate("fail").decision
    metrics = tuple(
        metric.model_copy(update={"reason": text, "comparison": metric.comparison.model_copy(update={"metric": label})})
        for metric, label in zip(decision.metrics, (name, name, other, "plain"), strict=True)
    )
    decision = decision.model_copy(update={"metrics": metrics, "reason": text, "slices": metrics})
    root = ET.fromstring(render_junit(decision).encode("utf-8"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    for suite in root:
        names = [case.get("name") for case in suite.iter("testcase")]
        assert len(set(names)) == len(names)
    assert len(list(root.iter("testcase"))) == 9


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_what_xml_cannot_carry_is_marked_or_gone(text: str):
    decision = report_data.gate("fail").decision.model_copy(update={"reason": text})
    message = suites(decision)[0].find("testcase/failure").get("message")
    assert hostile.appears(text, message)


def test_a_megabyte_is_cut_and_says_so():
    decision = report_data.gate("fail").decision.model_copy(update={"reason": "x" * 1_000_000})
    xml = render_junit(decision)
    assert len(xml) < 50_000
    assert "more characters" in xml
