"""`evalplat history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .console import printable, write
from .options import HtmlOut, JsonOut
from .tables import show_table

if TYPE_CHECKING:
    from evalplat.records import PastRun, SuiteHistory

_COLUMNS = 3


def history(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="suite.yaml, or the suite's name in the store.")],
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="M", help="Show this metric only. May be given again.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many runs.")] = 50,
    html: HtmlOut = None,
    json: JsonOut = None,
) -> None:
    """A suite over time: its runs, the gates between them, and how far it is from its anchor."""
    from evalplat.sdk.history import history as verb

    found = verb(suite, metrics=metric or (), limit=limit)
    for target, render in ((json, found.json), (html, found.html)):
        if target is not None:
            write(target, render())
    if "-" not in (json, html):
        history_lines(found.history)


def history_lines(history: SuiteHistory) -> None:
    """A row for a run, the newest last, where a terminal's eye is."""
    from evalplat.reports import level_in

    metrics = history.metrics[:_COLUMNS]
    typer.echo(f"{printable(history.suite)}: {len(history.runs)} of {history.n_runs} kept runs, the newest last")
    heads = ("run at", "target", "alias", *(printable(one.metric) for one in metrics), "since anchor", "gate", "run")
    rows = []
    for run in history.runs:
        levels = [" ".join(part for part in _level(level_in(one, run.metric(one.metric)))) for one in metrics]
        names = (f"{run.created_at:%Y-%m-%d %H:%M}", printable(run.target), printable(", ".join(run.aliases)))
        rows.append((*names, *levels, _since(history, run), _gate(run), printable(run.run_id)))
    show_table(heads, rows, left=("run at", "target", "alias", "gate", "run"))
    for run in history.runs:
        if run.suite_changed:
            typer.echo(
                f"the suite changed before {printable(run.run_id)}: runs before and after are not to be compared"
            )
        if not run.whole:
            typer.echo(f"{printable(run.run_id)} was ended early by its gate: its means are of the cases until then")
    if history.no_drift is not None:
        typer.echo(f"since the anchor: not known, {printable(history.no_drift)}")


def _level(found: tuple[str, str]) -> tuple[str, ...]:
    level, interval = found
    return (level, f"[{interval.replace(' … ', ', ')}]") if interval else (level,)


def _since(history: SuiteHistory, run: PastRun) -> str:
    """The first gating metric's; a star where it survives Holm."""
    from evalplat.reports import change_of

    if run.run_id == history.anchor:
        return "the anchor"
    if not run.drift:
        return "-"
    return change_of(run.drift[0].comparison) + ("*" if run.drift[0].real else "")


def _gate(run: PastRun) -> str:
    if not run.gates:
        return "-"
    last = run.gates[-1]
    return f"{last.verdict} (attempt {last.attempt})" if last.attempt > 1 else last.verdict
