"""Cards of what a gate found: decisions, their evidence, metrics, warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalplat.records import (
    AnchorCheck,
    Comparison,
    Decision,
    Finding,
    Flip,
    MetricComparison,
    MetricDecision,
    Ranking,
    ReportData,
    SeveralReportData,
)
from evalplat.reports.interval import scale
from evalplat.reports.numbers import ABSENT, change, count, level, signed, value
from evalplat.reports.why import why
from evalplat.reports.words import DECISIONS, VERDICTS, course, rule_in_words, settling, statistic_in_words

from .card import Card, Changed, Fold, Table
from .cases import pair_card

_PAIRS = 10


def decision_card(decision: Decision) -> Card:
    """The verdict, its reason, each metric, slices, warnings, and how many cases flipped."""
    title = f"{VERDICTS[decision.verdict].label} ({DECISIONS[decision.decision].lower()}): {decision.reason}"
    lines = [f"{decision.candidate.ref} against {decision.baseline.ref}"]
    lines += [settling(one.comparison) for one in decision.metrics if _unsettled(one) and one.comparison.needed]
    lines += [cost for cost in (course(decision),) if cost]
    lines += _anchor(decision.anchor)
    if decision.flips:
        lines.append(_flipped(decision.flips))
    parts: list[Table | Fold] = [metrics_table([(one.comparison, one.verdict) for one in decision.metrics])]
    if decision.slices:
        parts.append(Fold("slices", Card("", parts=(slices_table(decision.slices),)), open=True))
    if decision.findings:
        parts.append(findings_table(decision.findings))
    return Card(title, tuple(lines), tuple(parts), decision.verdict)


def report_card(data: ReportData) -> Card:
    """A decision with what changed and the flipped cases, worst first, each to be opened."""
    card = decision_card(data.decision)
    changes = tuple(Changed(one.part, one.before, one.after) for one in data.changes)
    what = [Fold("what changed: " + ", ".join(one.part for one in data.changes), Card("", parts=changes))]
    shown = data.pairs[:_PAIRS] if data.decision.flips or any(pair.change is None for pair in data.pairs) else ()
    pairs = [Fold(f"{pair.case.id}: {pair.case.input}", pair_card(pair)) for pair in shown if _has_answers(pair)]
    more = data.n_pairs_total - len(pairs)
    title = "cases that flipped or failed, worst first" + (
        f" ({len(pairs)} of {count(data.n_pairs_total)})" if more else ""
    )
    folded = [Fold(title, Card("", parts=tuple(pairs)))] if pairs else []
    return Card(card.title, (*card.lines, *why(data)), (*card.parts, *(what if changes else []), *folded), card.tone)


def several_card(data: SeveralReportData) -> Card:
    """Several candidates against one baseline, a row each; then which differences between any two are real."""
    decisions = data.decisions
    counted = Counter(one.verdict for one in decisions)
    rows = []
    for one in decisions:
        figures = _figures(one.metrics[0].comparison)
        rows.append((one.candidate.ref, one.verdict, DECISIONS[one.decision].lower(), *figures))
    told = ", ".join(f"{number} {verdict}" for verdict, number in counted.items())
    title = f"{len(decisions)} candidates against {decisions[0].baseline.ref}: {told}"
    heads = ("candidate", "verdict", "decision", "baseline", "candidate's", "difference", "interval", "cases")
    ranked = Fold("ranking", ranking_card(data.ranking), open=True)
    return Card(title, ("Adjusted for the number of candidates.",), (Table.of(heads, rows, numbers=3), ranked))


def ranking_card(ranking: Ranking) -> Card:
    """Systems in order, with the places that each can have and what is real."""
    rows = [
        (one.system, value(one.value), f"{one.first} to {one.last}", one.letters, count(one.n_cases))
        for one in ranking.systems
    ]
    heads = ("system", ranking.metric, "place", "alike", "cases")
    return Card("", ranking.sentences, (Table.of(heads, rows),))


def comparison_card(found: Comparison) -> Card:
    """What was measured, before any rule."""
    parts = [metrics_table([(one, "") for one in found.metrics])]
    if found.findings:
        parts.append(findings_table(found.findings))
    lines = (_flipped(found.flips),) if found.flips else ()
    return Card(f"{found.candidate.ref} against {found.baseline.ref}, before any rule", lines, tuple(parts))


def metric_card(one: MetricDecision) -> Card:
    """One metric with its verdict."""
    table = metrics_table([(one.comparison, one.verdict)])
    return Card(f"{VERDICTS[one.verdict].label}: {one.reason}", (), (table,), one.verdict)


def measured_card(found: MetricComparison) -> Card:
    """One metric, before any rule."""
    return Card(f"{found.metric}, {statistic_in_words(found)}", (found.method,), (metrics_table([(found, "")]),))


def finding_card(found: Finding) -> Card:
    """A warning."""
    cases = (f"cases: {', '.join(found.cases)}",) if found.cases else ()
    return Card(f"warning {found.code}: {found.message}", cases, tone="inconclusive")


def flips_table(flips: Sequence[Flip]) -> Table:
    """Flipped cases, worst first."""
    worst = sorted(flips, key=lambda flip: flip.change)
    rows = [(one.case_id, one.metric, value(one.baseline), value(one.candidate), signed(one.change)) for one in worst]
    return Table.of(("case", "metric", "baseline", "candidate", "change"), rows, numbers=2)


def metrics_table(rows: Sequence[tuple[MetricComparison, str]]) -> Table:
    """A row for each metric: figures, rule, verdict."""
    heads = ("metric", "rule", "verdict", "baseline", "candidate", "difference", "interval", "cases")
    made = []
    for found, verdict in rows:
        name = found.metric if found.statistic == "mean" else f"{found.metric} ({found.statistic})"
        role = rule_in_words(found) + ("" if found.gating else "; informative")
        made.append((name, role, verdict, *_figures(found)))
    return Table.of(heads, made, numbers=3)


def slices_table(slices: Sequence[MetricDecision]) -> Table:
    """A row for each slice of each metric."""
    heads = ("slice", "metric", "verdict", "baseline", "candidate", "difference", "interval", "cases")
    rows = [
        (one.comparison.slice or "", one.comparison.metric, one.verdict, *_figures(one.comparison)) for one in slices
    ]
    return Table.of(heads, rows, numbers=3)


def findings_table(findings: Sequence[Finding]) -> Table:
    """A row for each warning."""
    return Table.of(("warning", "what"), [(one.code, one.message) for one in findings], numbers=2)


def _figures(found: MetricComparison) -> tuple[str, ...]:
    interval = scale(found).text
    difference = ABSENT if found.difference is None else change(found.difference, found)
    return (level(found.baseline, found), level(found.candidate, found), difference, interval, count(found.n_cases))


def _unsettled(one: MetricDecision) -> bool:
    return one.verdict == "inconclusive" and one.comparison.gating


def _anchor(check: AnchorCheck | None) -> list[str]:
    return [] if check is None else [f"against the anchor {check.anchor.ref}: {check.verdict}, {check.reason}"]


def _flipped(flips: Sequence[Flip]) -> str:
    worse = sum(flip.change < 0 for flip in flips)
    return f"{count(len(flips))} cases flipped: {count(worse)} worse, {count(len(flips) - worse)} better"


def _has_answers(pair: object) -> bool:
    return getattr(pair, "baseline", None) is not None or getattr(pair, "candidate", None) is not None
