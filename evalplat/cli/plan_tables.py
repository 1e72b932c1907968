"""A plan as lines and tables for a terminal. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable

import typer

from evalplat.records import counted
from evalplat.records.plan import Plan, PlanDesign, PlanMetric, PlanRange, PlanSize, Spend

from .console import printable
from .tables import show_table

SHOWN = (1, 3, 5, 10, 20)
"""Trials a case of which the terminal shows a design; the JSON has more."""

HOURS = 120
"""Minutes from which on time is shown in hours."""

EVEN = 0.97
"""Share of the variance from which on another allocation of trials is not worth a word."""

COLUMNS = ("cases", "clusters", "trials", "power", "calls", "tokens", "US$", "time")


def plan_tables(plan: Plan) -> None:
    """The answer in a sentence, the designs, the metrics, the notes."""
    typer.echo(typer.style(_answer(plan), bold=True))
    typer.echo("")
    show_table(("design", *COLUMNS), [(name, *_design(one)) for name, one in _designs(plan)])
    typer.echo("")
    heads = ("metric", "rule", "limit", "se", "power", "smallest limit", "smallest drop", "clusters", "trials")
    show_table(heads, [_metric(one) for one in plan.metrics])
    for line in (*_baseline(plan), *_early(plan), *_allocation(plan)):
        typer.echo(line)
    typer.echo(f"Ranges are at {_percent(plan.confidence)}; power is that of passing an unchanged candidate.")
    for note in plan.notes:
        typer.echo(f"  note: {printable(note)}")


def _answer(plan: Plan) -> str:
    now, asked = plan.now, _percent(plan.power)
    size = counted(now.cases, "case")
    if plan.estimand == "suite":
        size = f"these {size}"
    elif now.clusters < now.cases:
        size += f" in {counted(now.clusters, 'cluster')}"
    run = f"With {size} x {counted(now.trials, 'trial')}"
    start = f"{run} the policy passes an unchanged candidate {_share(now.power)} of the time"
    if plan.reachable == "now":
        return f"{start}: enough for {asked}."
    if plan.reachable == "no":
        return f"{start}; no amount of data gives {asked}."
    if plan.reachable == "by trials" and plan.by_trials is not None:
        return f"{start}; {asked} needs {_range(plan.by_trials, 'trials')} trials a case."
    assert plan.by_clusters is not None
    return f"{start}; {asked} needs {_range(plan.by_clusters, 'cases')} cases."


def _range(size: PlanSize, what: str) -> str:
    ends = [getattr(one, what) if one is not None else None for one in (size.low, size.estimate, size.high)]
    low, estimate, high = ("any number of" if end is None else f"{end:,.0f}" for end in ends)
    if low == high:
        return estimate
    return f"{estimate} ({low} to {'no number' if ends[2] is None else high})"


def _designs(plan: Plan) -> list[tuple[str, PlanDesign]]:
    found = [("as it is", plan.now)]
    for name, size in (("for the power, by cases", plan.by_clusters), ("for the power, by trials", plan.by_trials)):
        ends = [] if size is None else [(", at best", size.low), ("", size.estimate), (", at worst", size.high)]
        shown = [(name + end, one) for end, one in ends if one is not None]
        same = len({(one.cases, one.trials) for _, one in shown}) == 1 and len(shown) == len(ends)
        found += [(name, one) for _, one in shown[:1]] if same else shown
    if len(plan.options) > 1:
        few = [one for one in plan.options if one.trials in SHOWN]
        found += [(f"the power, {one.trials:g} trial{'s' if one.trials > 1 else ''} a case", one) for one in few]
    best = [
        ("the power, cheapest", plan.cheapest if len(plan.options) > 1 else None),
        ("best for the spend", plan.best_for_spend),
        ("best for the spend, these cases", plan.best_here_for_spend),
    ]
    return found + [(name, one) for name, one in best if one is not None]


def _design(one: PlanDesign) -> tuple[str, ...]:
    trials = f"{one.trials:g}"
    if one.baseline_trials != one.trials:
        trials = f"{one.baseline_trials:g} | {one.trials:g}"
    return (f"{one.cases:,}", f"{one.clusters:,}", trials, _share(one.power), *_spend(one.spend))


def _spend(spend: Spend) -> tuple[str, ...]:
    return (f"{spend.calls:,}", _amount(spend.tokens, _short), _amount(spend.cost_usd, "{:,.2f}".format), _time(spend))


def _time(spend: Spend) -> str:
    minutes = spend.minutes
    if minutes is not None and minutes.estimate is not None and minutes.estimate < 1:
        return f"{_amount(minutes, lambda value: f'{60 * value:,.2g}')} s"
    if minutes is None or minutes.estimate is None or minutes.estimate < HOURS:
        return f"{_amount(minutes, '{:,.1f}'.format)}{' min' if minutes is not None else ''}"
    return f"{_amount(minutes, lambda value: f'{value / 60:,.1f}')} h"


def _short(value: float) -> str:
    """A count with the letter of its thousands: 1.28G."""
    for letter, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.0f}"


def _metric(one: PlanMetric) -> tuple[str, ...]:
    limit = next((value for value in (one.margin, one.bound, one.max_rate, one.effect) if value is not None), None)
    label = one.metric if one.statistic == "mean" else f"{one.metric} ({one.statistic})"
    return (
        printable(label),
        one.rule,
        _number(limit),
        _number(one.se.estimate) if one.rule != "zero" else "-",
        _share(one.power),
        _number(one.smallest_margin),
        _number(one.smallest_drop),
        _count(one.clusters),
        _count(one.trials),
    )


def _baseline(plan: Plan) -> list[str]:
    spend = plan.now.spend
    if not spend.baseline_kept:
        return []
    each = f"{plan.now.baseline_trials:g} a case, {spend.baseline_calls:,} as it is"
    return [f"The baseline is kept: its calls ({each}) are paid once and not counted above."]


def _early(plan: Plan) -> list[str]:
    early = plan.early_stop
    if early is None:
        return []
    what = "trials" if plan.estimand == "suite" else "cases"
    power = f" As it is its power is then about {_share(early.power)}." if early.power is not None else ""
    return [
        f"A gate that runs the candidate itself looks up to {early.looks} times: for the same power plan "
        f"{early.inflation:.2f} times the {what}; of the calls above it then takes {100 * early.unchanged:.0f} % on "
        f"average with no change, {100 * early.worse:.0f} % when worse by the margin, on {printable(early.metric)}."
        f"{power}"
    ]


def _allocation(plan: Plan) -> list[str]:
    found = plan.allocation
    if found is None:
        return []
    counts = sorted(found.trials.values())
    if found.variance_ratio > EVEN:
        return [f"Trials of all cases vary about alike on {printable(found.metric)}: as many of each is best."]
    return [
        f"The same {found.calls:,} candidate trials, more where trials vary more ({counts[0]} to {counts[-1]} a case): "
        f"their noise falls to {100 * found.variance_ratio:.0f} % of its variance on {printable(found.metric)} "
        "(see --json)."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _share(span: PlanRange) -> str:
    estimate = f"{100 * (span.estimate or 0.0):.0f} %"
    low, high = f"{100 * (span.low or 0.0):.0f}", f"{100 * (span.high or 0.0):.0f}"
    return estimate if low == high else f"{estimate} ({low}-{high})"


def _amount(span: PlanRange | None, worded: Callable[[float], str]) -> str:
    if span is None or span.estimate is None:
        return "-"
    text = worded(span.estimate)
    return text if span.low is None or span.high is None else f"{text} ({worded(span.low)}-{worded(span.high)})"


def _count(span: PlanRange | None) -> str:
    if span is None or (span.estimate is None and span.low is None):
        return "-" if span is None else "no number"
    low, estimate, high = (
        "no number" if end is None else f"{end:,.0f}" for end in (span.low, span.estimate, span.high)
    )
    return estimate if low == high else f"{estimate} ({low}-{high})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
