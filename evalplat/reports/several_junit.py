"""JUnit XML of several candidates.

As the command ends with 0 where one may ship, so is the file free of failures and errors exactly there: the first
testcase says whether any may. A candidate that may not ship is `<skipped>` with its verdict, as another may go instead.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET  # builds, never parses

from evalplat.records import Decision, SeveralReportData

from .several_words import headline, verdict_of
from .text import one_line, visible, xml_safe


def render_several_junit(data: SeveralReportData) -> str:
    """JUnit XML text: whether any candidate may ship, and a testcase for each candidate."""
    root = ET.Element("testsuites", name="evalplat gate of several")
    suite = ET.SubElement(root, "testsuite", name="evalplat.gate_several", time="0")
    _whole(suite, data)
    seen: dict[str, int] = {}
    for one in data.decisions:
        _candidate(suite, one, seen)
    cases = list(suite.iter("testcase"))
    totals = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    for element in (suite, root):
        element.set("tests", str(len(cases)))
        for total, tag in totals.items():
            element.set(total, str(sum(1 for case in cases if case.find(tag) is not None)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _whole(suite: ET.Element, data: SeveralReportData) -> None:
    case = ET.SubElement(suite, "testcase", classname="evalplat.gate_several", name="one may ship", time="0")
    verdict = verdict_of(data.decisions)
    told = xml_safe("\n".join(one_line(text, 1000) for text in (headline(data), *data.ranking.sentences)))
    if verdict != "pass":
        tag = "failure" if verdict == "fail" else "error"
        message = one_line(headline(data), 1000)
        ET.SubElement(case, tag, type=f"evalplat.{verdict}", message=message).text = told
    ET.SubElement(case, "system-out").text = told


def _candidate(suite: ET.Element, decision: Decision, seen: dict[str, int]) -> None:
    name = xml_safe(visible(one_line(decision.candidate.ref, 160)))
    seen[name] = seen.get(name, 0) + 1
    if seen[name] > 1:  # two names may look alike once cut: CI systems want them distinct
        name = f"{name} #{seen[name]}"
    case = ET.SubElement(suite, "testcase", classname="evalplat.gate_several", name=name, time="0")
    message = one_line(f"{decision.verdict}, {decision.decision}: {decision.reason}", 1000)
    if decision.verdict != "pass" or decision.decision == "needs-approval":
        ET.SubElement(case, "skipped", message=message)
    ET.SubElement(case, "system-out").text = xml_safe(message)
