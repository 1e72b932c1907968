"""`evalplat import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import printable
from .options import Scores

if TYPE_CHECKING:
    from evalplat.sdk.import_cases import Kind
    from evalplat.sdk.imported import Imported

app = typer.Typer(
    help="Bring in outcomes, traces and cases that were made elsewhere.", no_args_is_help=True, rich_markup_mode=None
)

Suite = Annotated[
    str | None, typer.Option("--suite", help="Name of the experiment; default: what the source calls it.")
]
System = Annotated[str | None, typer.Option("--system", help="Name of the system; default: what the source calls it.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the cases as a dataset (JSON Lines), too.")
]
MustOut = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The dataset (JSON Lines) to write.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Another column for a field of the case. May be given again."),
]
Log = Annotated[Path, typer.Argument(metavar="PATH")]
Cluster = Annotated[
    str | None, typer.Option("--cluster", metavar="FIELD", help="A field that says what is not independent.")
]
Slices = Annotated[
    list[str] | None,
    typer.Option("--slice", metavar="FIELD", help="A field that is a slice. May be given again."),
]


@app.callback()
def _root() -> None:
    pass


@app.command("scores")
def scores(
    path: Annotated[list[Path], typer.Argument(metavar="PATH", help="Score tables: JSON Lines, CSV or Parquet.")],
    suite: Annotated[str | None, typer.Option("--suite", help="Name of the experiment; default: the file's.")] = None,
) -> None:
    """Keep each system of a score table as a run in the store; prints system and run id."""
    from evalplat.sdk.import_scores import import_scores

    for system, run_id in import_scores(path, suite=suite).items():
        typer.echo(f"{system}\t{run_id}")


@app.command("csv")
def csv(path: Log, out: MustOut, renamed: Map = None) -> None:
    """Cases in CSV, a row each, as a dataset: columns `id`, `input`, `cluster`, `expect.answers`, `slice.topic`, …"""
    _cases(path, out, "csv", renamed)


@app.command("parquet")
def parquet(path: Log, out: MustOut, renamed: Map = None) -> None:
    """Cases in Parquet, as in CSV."""
    _cases(path, out, "parquet", renamed)


@app.command("jsonl")
def jsonl(path: Log, out: Out = None, renamed: Map = None) -> None:
    """Cases in JSON Lines, as in CSV; or a run that `evalplat export` wrote, known by its first line."""
    from evalplat.errors import InputError
    from evalplat.suites.exchange import is_run

    if is_run(path):
        from evalplat.sdk.import_runs import import_run

        if renamed:
            raise InputError("--map: this is an exported run, not a table of cases")
        _said([import_run(path, out=out)])
        return
    if out is None:
        raise InputError("cases need --out FILE", where=str(path))
    _cases(path, out, "jsonl", renamed)


@app.command("tau-bench")
def tau_bench(
    path: Log,
    tools: Annotated[
        Path | None, typer.Option("--tools", metavar="FILE", help="Definitions of the tools, as a JSON list.")
    ] = None,
    scores: Scores = None,
    suite: Suite = None,
    system: System = None,
    out: Out = None,
) -> None:
    """Trajectories of tau-bench as a run with traces and rewards; --scores gives clusters and more metrics."""
    from evalplat.sdk.import_runs import import_tau_bench

    _said([import_tau_bench(path, tools=tools, scores=scores or (), suite=suite, system=system, out=out)])


@app.command("inspect")
def inspect(
    path: Log,
    cluster: Cluster = None,
    slices: Slices = None,
    suite: Suite = None,
    system: System = None,
    out: Out = None,
) -> None:
    """A finished log of Inspect AI (.eval or .json) as a run; a dataset of its samples (.jsonl) as cases, with --out.

    --cluster and --slice name fields of the samples' metadata; all samples must have that of --cluster.
    """
    from evalplat.errors import InputError

    if path.suffix == ".jsonl":
        if out is None:
            raise InputError("cases need --out FILE", where=str(path))
        _cases(path, out, "inspect", None)
        return
    from evalplat.sdk.import_runs import import_inspect

    _said([import_inspect(path, cluster=cluster, slices=slices or (), suite=suite, system=system, out=out)])


@app.command("otlp")
def otlp(
    path: Log,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="ATTRIBUTE", help="What names the case; default: evalplat.case_id."),
    ] = None,
    cluster: Cluster = None,
    slices: Slices = None,
    suite: Suite = None,
    system: System = None,
    out: Out = None,
) -> None:
    """OpenTelemetry traces (OTLP in JSON or protobuf, GenAI conventions) as a run, a trial each.

    --case, --cluster and --slice name attributes of spans. All traces must have those of --case and --cluster. Without
    --cluster traces of one gen_ai.conversation.id are one, without --case and evalplat.case_id a trace is a case.
    """
    from evalplat.sdk.import_runs import import_otlp

    _said([import_otlp(path, case=case, cluster=cluster, slices=slices or (), suite=suite, system=system, out=out)])


@app.command("agentdojo")
def agentdojo(path: Log, suite: Suite = None, out: Out = None) -> None:
    """Runs of AgentDojo (its folder of logs, a run a line, or outcomes in Parquet): a run for each model and attack."""
    from evalplat.sdk.import_runs import import_agentdojo

    _said(import_agentdojo(path, suite=suite, out=out))


def _cases(path: Path, out: Path, kind: Kind, renamed: list[str] | None) -> None:
    """Write a dataset: its path to standard output, what was counted and left out to standard error."""
    from evalplat.sdk.import_cases import import_cases

    done = import_cases(path, out, kind=kind, renamed=_fields(renamed or []))
    typer.echo(f"{done.n_cases:,} cases", err=True)
    if done.left_out:
        typer.echo(printable(f"left out: columns {', '.join(done.left_out)}"), err=True)
    typer.echo(done.path)


def _fields(given: list[str]) -> dict[str, str]:
    """Fields and columns from `FIELD=COLUMN`. Raises InputError."""
    from evalplat.errors import InputError

    fields: dict[str, str] = {}
    for text in given:
        name, equals, column = text.partition("=")
        if not equals or not name or not column:
            raise InputError(f"--map: expected FIELD=COLUMN, such as input=question, found {text!r}")
        if name in fields:
            raise InputError(f"--map: {name!r} is given twice")
        fields[name] = column
    return fields


def _said(kept: list[Imported]) -> None:
    """Systems and run ids to standard output; what was counted and left out to standard error."""
    for one in kept:
        failed = f", {one.n_failures:,} failed" if one.n_failures else ""
        typer.echo(printable(f"{one.system}: {one.n_cases:,} cases, {one.n_trials:,} trials{failed}"), err=True)
    for note in dict.fromkeys(note for one in kept for note in one.notes):
        typer.echo(printable(f"left out: {note}"), err=True)
    for one in kept:
        typer.echo(f"{printable(one.system)}\t{one.run_id}")
