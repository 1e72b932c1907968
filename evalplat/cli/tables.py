"""Tables and lines for a terminal. Rich only lays them out; nothing is computed here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import typer

from evalplat.records import Decision, Summary, SystemSummary

from .console import printable

VERDICT_COLOUR = {"pass": typer.colors.GREEN, "fail": typer.colors.RED, "inconclusive": typer.colors.YELLOW}


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: Collection[str] | None = None) -> None:
    """Rows below bold heads; the columns named in `left` (None: the first) start left, the others end right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(
            head, justify="left" if head in (heads[:1] if left is None else left) else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=200)
    console.print(table)


def summary_table(summary: Summary, *, metrics: Sequence[str] | None = None) -> None:
    """One row for a system and metric."""
    heads = ("system", "metric", "mean", "se", "low", "high", "cases", "clusters", "trials", "failed", "pass^k")
    rows = [_summary(row) for row in summary.systems if metrics is None or row.metric in metrics]
    show_table(heads, rows, left=("system", "metric", "pass^k"))


def _summary(row: SystemSummary) -> tuple[str, ...]:
    return (
        printable(row.system),
        printable(row.metric),
        *(_number(value) for value in (row.mean, row.se, row.ci_low, row.ci_high)),
        *(str(value) for value in (row.n_cases, row.n_clusters, row.n_trials, row.failures)),
        _pass_hat(row),
    )


def decision_lines(decision: Decision, *, metrics: bool = True) -> None:
    """The verdict, its reason, each metric, the warnings."""
    from evalplat.reports import not_by_more_cases

    typer.echo(
        typer.style(decision.verdict.upper(), fg=VERDICT_COLOUR[decision.verdict], bold=True)
        + f" ({decision.decision}): {printable(decision.reason)}"
    )
    if metrics:
        for one in decision.metrics:
            role = "" if one.comparison.gating else " [informative]"
            typer.echo(f"  {one.verdict:<12} {printable(one.reason)}{role}")
            needed = one.comparison.needed
            if needed is not None and one.comparison.gating:
                typer.echo(f"               {_needed(needed)}")
    alone = not_by_more_cases(decision)
    if alone is not None and any(one.comparison.needed is not None for one in decision.metrics):
        typer.echo(f"  {printable(alone)}")
    for line in _course(decision):
        typer.echo(f"  {printable(line)}")
    for finding in decision.findings:
        typer.echo(f"  warning {finding.code}: {printable(finding.message)}")


def _course(decision: Decision) -> Iterator[str]:
    """Which attempt it is, what the gate cost, and what it says of the anchor."""
    from evalplat.reports import attempted, course

    attempt = attempted(decision)
    if attempt is not None:
        yield attempt
    cost = course(decision)
    if cost is not None:
        yield cost
    if decision.anchor is not None:
        yield f"against the anchor {decision.anchor.anchor.ref}: {decision.anchor.verdict}, {decision.anchor.reason}"


def _needed(needed) -> str:  # type: ignore[no-untyped-def]
    if needed.reachable == "no":
        return "no amount of data would settle it, were the truth no change"
    calls = ""
    if needed.candidate_calls is not None:
        calls = f", {needed.candidate_calls[0]:,} to {needed.candidate_calls[1]:,} candidate calls"
    if needed.reachable == "by trials":
        return f"would be settled by {needed.trials} trials a case{calls}"
    return f"would be settled by {needed.clusters} clusters ({needed.cases} cases){calls}"


def _pass_hat(row: SystemSummary) -> str:
    if not row.pass_hat or len(row.pass_hat) < 2:
        return ""
    shown = list(row.pass_hat.items())[:8]
    return " ".join(f"{k}:{value:.4g}" for k, value in shown)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
