"""JUnit XML for CI systems.

A system that looks at nothing but this file must stop where the gate stops. So the file holds a failure or an error
exactly where the verdict is not pass: `fail` is a `<failure>`; `inconclusive` is an `<error>`, JUnit's word for a test
that could not tell, which systems show apart from failures where they can and never as green. What does not decide
(informative metrics, slices) is `<skipped>` with its verdict as message unless it passes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # builds, never parses
from collections.abc import Sequence

from evalplat.records import Decision, MetricDecision

from .interval import scale
from .numbers import change, level, p_value
from .text import one_line, visible, xml_safe


def render_junit(decision: Decision) -> str:
    """JUnit XML text: one suite for the gate and its metrics, one for each metric's slices."""
    root = ET.Element("testsuites", name="evalplat gate")
    _suite(root, "evalplat.gate", decision, decision.metrics)
    for metric in dict.fromkeys(part.comparison.metric for part in decision.slices):
        group = [part for part in decision.slices if part.comparison.metric == metric]
        _suite(root, f"evalplat.slices.{_name(metric)}", None, group)
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, decision: Decision | None, metrics: Sequence[MetricDecision]) -> None:
    suite = ET.SubElement(root, "testsuite", name=name)
    if decision is not None:
        _whole(suite, decision)
    seen: dict[str, int] = {}
    for metric in metrics:
        _metric(suite, name, metric, seen)
    cases = list(suite.iter("testcase"))
    suite.set("tests", str(len(cases)))
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(1 for case in cases if case.find(tag) is not None)))
    suite.set("time", "0")


def _whole(suite: ET.Element, decision: Decision) -> None:
    case = ET.SubElement(suite, "testcase", classname="evalplat.gate", name="gate", time="0")
    message = one_line(f"{decision.verdict}, {decision.decision}: {decision.reason}", 1000)
    if decision.verdict == "pass":
        if decision.decision == "needs-approval":
            ET.SubElement(case, "skipped", message=message)
    else:
        _not_passed(case, decision.verdict, message, "\n".join(_findings(decision)))
    ET.SubElement(case, "system-out").text = xml_safe(f"{message}\n" + "\n".join(_findings(decision)))


def _metric(suite: ET.Element, classname: str, metric: MetricDecision, seen: dict[str, int]) -> None:
    found = metric.comparison
    label = f"{found.metric} ({found.statistic}, {found.rule})" + (f" [{found.slice}]" if found.slice else "")
    name = _name(label)
    seen[name] = seen.get(name, 0) + 1
    if seen[name] > 1:  # two names may look alike once cut: CI systems want them distinct
        name = f"{name} #{seen[name]}"
    case = ET.SubElement(suite, "testcase", classname=classname, name=name, time="0")
    detail = xml_safe("\n".join(_detail(metric)))
    message = one_line(f"{metric.verdict}: {metric.reason}", 1000)
    if metric.verdict != "pass":
        if found.gating and found.slice is None:
            _not_passed(case, metric.verdict, message, detail)
        else:
            role = "slice" if found.slice else "informative"
            ET.SubElement(case, "skipped", message=f"{role}, does not decide: {message}")
    ET.SubElement(case, "system-out").text = detail


def _not_passed(case: ET.Element, verdict: str, message: str, detail: str) -> None:
    tag = "failure" if verdict == "fail" else "error"
    ET.SubElement(case, tag, type=f"evalplat.{verdict}", message=message).text = xml_safe(detail)


def _detail(metric: MetricDecision) -> list[str]:
    found = metric.comparison
    lines = [
        one_line(metric.reason, 1000),
        f"baseline {level(found.baseline, found)}, candidate {level(found.candidate, found)}, "
        f"difference {change(found.difference, found)}",
        f"interval at {found.confidence:g}: {scale(found).text}",
        f"p = {p_value(found.p_value)} ({one_line(found.p_null)}), adjusted {p_value(found.p_adjusted)}",
        f"{found.n_cases} cases, {found.n_clusters} clusters, alpha {found.alpha:g}, {one_line(found.method)}",
    ]
    if found.unusable:
        lines.append(f"unusable: {one_line(found.unusable, 500)}")
    return lines


def _findings(decision: Decision) -> list[str]:
    return [f"warning {finding.code}: {one_line(finding.message, 500)}" for finding in decision.findings]


def _name(text: str) -> str:
    return xml_safe(visible(one_line(text, 160)))
