"""Cards of what is known before a run: plans and selftests."""

from __future__ import annotations

from collections.abc import Callable

from evalplat.records import Plan, PlanDesign, PlanRange, PlanSize
from evalplat.records.selftest import Selftest, SimulatedShare
from evalplat.reports.numbers import ABSENT, count, percent, value
from evalplat.reports.selftest_page import truth_of

from .card import Card, Table


def plan_card(plan: Plan) -> Card:
    """The chance of a pass as it is, what gives the power that is asked, and what each costs."""
    heads = ("design", "cases", "clusters", "trials a case", "power", "calls", "US$", "minutes")
    designs = [("as it is", plan.now)]
    for name, size in (("by cases", plan.by_clusters), ("by trials", plan.by_trials)):
        designs += [(f"for the power, {name}{end}", one) for end, one in _ends(size)]
    more = (("the power, cheapest", plan.cheapest), ("best for the spend", plan.best_for_spend))
    designs += [(name, one) for name, one in more if one is not None]
    table = Table.of(heads, [(name, *_design(one)) for name, one in designs])
    limits = [
        (one.metric, one.rule, _span(one.power, percent), value(one.smallest_margin), value(one.smallest_drop))
        for one in plan.metrics
    ]
    metrics = Table.of(("metric", "rule", "power", "smallest margin", "smallest drop seen"), limits, numbers=2)
    return Card(_answer(plan), plan.notes, (table, metrics), "pass" if plan.reachable == "now" else "inconclusive")


def selftest_card(found: Selftest) -> Card:
    """How often the gate is right and wrong, by what is true."""
    unchanged = found.scenario("history", "unchanged")
    title = (
        f"Of unchanged agents {percent(unchanged.passes.share)} pass and {percent(unchanged.fails.share)} fail "
        f"({count(found.draws)} simulated gates of each kind)."
    )
    shape = found.shape
    line = (
        f"{count(shape.n_cases)} cases in {count(shape.n_clusters)} clusters, {shape.trials[0]} and {shape.trials[1]} "
        f"trials a case; learned from {', '.join(found.history)}"
    )
    rows = [(truth_of(one), *map(_share, (one.passes, one.inconclusive, one.fails))) for one in found.scenarios]
    warnings = [(one.code, one.message) for one in found.warnings]
    parts = [Table.of(("the truth", "pass", "inconclusive", "fail"), rows)]
    parts += [Table.of(("warning", "what"), warnings, numbers=2)] if warnings else []
    return Card(title, (line,), tuple(parts), "inconclusive" if warnings else "pass")


def _answer(plan: Plan) -> str:
    now, asked = plan.now, f"{100 * plan.power:.3g} %"
    clusters = f" in {count(now.clusters)} clusters" if now.clusters < now.cases else ""
    size = f"{count(now.cases)} cases{clusters} x {now.trials:g} {'trial' if now.trials == 1 else 'trials'}"
    start = f"With {size} the policy passes an unchanged candidate {_span(now.power, percent)} of the time"
    if plan.reachable == "now":
        return f"{start}: enough for {asked}."
    if plan.reachable == "by trials" and plan.by_trials is not None and plan.by_trials.estimate is not None:
        return f"{start}; {asked} needs {plan.by_trials.estimate.trials:,.0f} trials a case."
    if plan.reachable == "by clusters" and plan.by_clusters is not None and plan.by_clusters.estimate is not None:
        return f"{start}; {asked} needs {count(plan.by_clusters.estimate.cases)} cases."
    return f"{start}; no amount of data gives {asked}."


def _ends(size: PlanSize | None) -> list[tuple[str, PlanDesign]]:
    if size is None:
        return []
    ends = ((", at best", size.low), ("", size.estimate), (", at worst", size.high))
    return [(name, one) for name, one in ends if one is not None]


def _design(one: PlanDesign) -> tuple[str, ...]:
    spend = one.spend
    return (
        count(one.cases),
        count(one.clusters),
        f"{one.trials:g}",
        _span(one.power, percent),
        count(spend.calls),
        _span(spend.cost_usd, "{:,.2f}".format),
        _span(spend.minutes, "{:,.3g}".format),
    )


def _span(span: PlanRange | None, worded: Callable[[float], str]) -> str:
    if span is None or span.estimate is None:
        return ABSENT
    text = worded(span.estimate)
    if span.low is None or span.high is None or worded(span.low) == worded(span.high):
        return text
    return f"{text} ({worded(span.low)} to {worded(span.high)})"


def _share(share: SimulatedShare) -> str:
    return f"{percent(share.share)} ± {100 * share.se:.1f}"
