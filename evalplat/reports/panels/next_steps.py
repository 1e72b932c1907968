"""What to do next: concrete, with a link to where it is found on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalplat.records import CasePair, MetricDecision, ReportData
from evalplat.reports.held import held, lost_since
from evalplat.reports.numbers import change, count
from evalplat.reports.text import one_line


@dataclass(frozen=True, slots=True)
class Step:
    """A thing to do, and the part of the page that helps with it."""

    text: str
    link: str | None = None
    says: str = ""


def next_steps(data: ReportData, deciding: MetricDecision) -> list[Step]:
    """At most four."""
    return list(_steps(data, deciding))[:4]


def _steps(data: ReportData, deciding: MetricDecision) -> Iterator[Step]:
    decision = data.decision
    if decision.decision == "needs-approval":
        yield Step("Have a person decide who answers for it.")
    elif decision.verdict == "pass":
        yield Step("Ship it.")
    if decision.verdict == "inconclusive":
        yield from _settle(data, deciding)
    if decision.verdict != "pass" and data.candidate is not None and data.candidate.n_failures:
        failed = f"{count(data.candidate.n_failures)} of {count(data.candidate.n_trials)} trials"
        yield Step(f"See why {failed} of the candidate have no answer:", "failures", "failures by cause")
    if decision.verdict != "pass":
        yield from _where(data, deciding)
    elif any(finding.code in ("tolerable_drop", "slice_regression") for finding in decision.findings):
        yield Step("It holds up as a whole, and something did get worse:", "warnings", "the warnings say what")
    if decision.verdict == "fail":
        yield Step("Mend it, and gate again, what comes of it in the candidate’s place:", "reproduce", "the command")


def _settle(data: ReportData, deciding: MetricDecision) -> Iterator[Step]:
    other = held(data.decision, deciding)
    if other is not None:
        yield Step(other.step, other.link, other.says)
    elif data.decision.anchor is not None and data.decision.anchor.verdict == "fail":
        yield Step(lost_since(data.decision.anchor), "looks", "since the anchor")
        return
    needed = [one for one in data.decision.metrics if one.comparison.gating and one.comparison.needed is not None]
    for one in needed[:1]:
        if one.comparison.needed is not None:
            yield Step(
                f"To settle {one_line(one.comparison.metric, 60)}, ask as much as is said above:",
                "settle",
                "what would settle it",
            )
    if not needed and other is None:
        yield Step("More of the same would not settle it:", "warnings", "the warnings say why")


def _where(data: ReportData, deciding: MetricDecision) -> Iterator[Step]:
    """The slice that lost most, then the worst case."""
    own = [
        one
        for one in data.decision.slices
        if one.comparison.metric == deciding.comparison.metric and one.verdict == "fail"
    ]
    sign = -1.0 if deciding.comparison.direction == "lower" else 1.0
    lost = [one for one in own if one.comparison.difference is not None]
    pairs = [(place, pair) for place, pair in enumerate(data.pairs, start=1) if pair.baseline or pair.candidate]
    which = "worst case"
    if lost:
        worst = min(lost, key=lambda one: sign * (one.comparison.difference or 0.0)).comparison
        text = f"Look at {one_line(worst.slice or '', 60)} first: it lost most ({change(worst.difference, worst)}):"
        yield Step(text, "slices", "all slices")
        name, _, group = (worst.slice or "").partition("=")
        inside = [(place, pair) for place, pair in pairs if _within(pair, name, group)]
        which, pairs = ("worst case of it", inside) if inside else (which, pairs)
    place, first = next(iter(pairs), (0, None))
    if first is not None and (first.change is None or first.change < 0):
        yield Step(f"Open the {which}, {one_line(first.case.id, 60)}:", f"case-{place}", "both answers and traces")


def _within(pair: CasePair, name: str, group: str) -> bool:
    """Suites name their slices without the prefix that columns of score tables have."""
    return any(key.removeprefix("slice.") == name and value == group for key, value in pair.case.slices.items())
