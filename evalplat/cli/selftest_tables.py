"""A selftest as lines and tables for a terminal. Nothing is computed here."""

from __future__ import annotations

import typer

from evalplat.records.selftest import Selftest, SelftestMetric, SelftestScenario, SelftestStopping, SimulatedShare

from .console import printable
from .tables import show_table


def selftest_tables(found: Selftest) -> None:
    """The answer in a sentence, the verdicts, the metrics, the warnings, what was assumed."""
    unchanged = found.scenario("history", "unchanged")
    head = (
        f"Of unchanged agents {_share(unchanged.passes)} pass and {_share(unchanged.fails)} fail "
        f"({found.draws:,} simulated gates of each kind)."
    )
    typer.echo(typer.style(head, bold=True))
    typer.echo(_shape(found))
    typer.echo("")
    show_table(("the truth", "pass", "inconclusive", "fail"), [_scenario(one) for one in found.scenarios])
    typer.echo("")
    heads = ("metric", "rule", "level", "worse is", "se", "coverage", "of")
    show_table(heads, [_metric(one) for one in found.metrics])
    if found.stopping:
        ends = ", ".join(str(cases) for cases in found.looks)
        typer.echo(f"\nA gate that runs the candidate itself may end after {ends} cases:")
        early = ("the truth", "pass", "inconclusive", "fail", "candidate calls", "of all")
        show_table(early, [_stopping(one) for one in found.stopping])
    for warning in found.warnings:
        typer.echo(f"  warning {warning.code}: {printable(warning.message)}")
    for said in found.assumptions:
        typer.echo(f"  assumed: {printable(said)}")
    if not found.warnings:
        typer.echo("This suite and policy can tell: nothing to warn of.")


def _shape(found: Selftest) -> str:
    shape = found.shape
    groups = (
        f" in {shape.n_clusters:,} clusters, the largest of {100 * shape.largest_cluster:.0f} %"
        if shape.clustered
        else ""
    )
    return (
        f"{shape.n_cases:,} cases{groups}; {shape.trials[0]} and {shape.trials[1]} trials a case, "
        f"{shape.calls[0]:,} and {shape.calls[1]:,} calls a gate; learned from {printable(', '.join(found.history))}."
    )


def _scenario(one: SelftestScenario) -> tuple[str, ...]:
    from evalplat.reports import truth_of

    return (printable(truth_of(one)), *(_with_error(share) for share in (one.passes, one.inconclusive, one.fails)))


def _stopping(one: SelftestStopping) -> tuple[str, ...]:
    truth = "unchanged" if one.metric is None else f"{one.metric} worse by the margin"
    shares = (_with_error(share) for share in (one.passes, one.inconclusive, one.fails))
    return (printable(truth), *shares, f"{one.calls:,.0f} ± {one.calls_se:,.0f}", f"{100 * one.share:.0f} %")


def _metric(one: SelftestMetric) -> tuple[str, ...]:
    name = one.metric if one.statistic == "mean" else f"{one.metric} ({one.statistic})"
    return (
        printable(name) + (" near the ceiling" if one.setting == "ceiling" else ""),
        one.rule.replace("_", " "),
        f"{one.level:.4g}",
        "-" if one.drop is None else f"{one.drop:+.3g}",
        "-" if one.se is None else f"{one.se:.3g}",
        _with_error(one.coverage["unchanged"]) if one.coverage else "-",
        f"{100 * one.confidence:.3g} %" if one.coverage else "",
    )


def _share(share: SimulatedShare) -> str:
    return f"{100 * share.share:.1f} %"


def _with_error(share: SimulatedShare) -> str:
    return f"{100 * share.share:.1f} % ± {100 * share.se:.1f}"
