"""`evalplat baseline`: what a gate compares with, saved, restored, shown and refreshed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .baseline_lines import restored_line, saved_line, standing_lines
from .console import printable, write
from .options import Concurrency, JsonOut, Model, Trials
from .progress import progress

app = typer.Typer(help="What a gate compares with: kept in a file, restored, shown, refreshed.", no_args_is_help=True)


@app.command("save")
def save(
    refs: Annotated[
        list[str], typer.Argument(metavar="SUITE|RUN…", help="suite.yaml, a suite's name, or runs of one suite.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The kept file, such as kept.zip.")],
    keep: Annotated[int, typer.Option("--keep", min=1, help="Decisions at least that it holds.")] = 20,
) -> None:
    """Write what a gate needs on a machine that forgets into one file: also after a job that was killed."""
    from evalplat.sdk.baseline_kept import save_baseline

    saved_line(save_baseline(refs, out, keep=keep))


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A kept file.")],
    move: Annotated[
        bool, typer.Option("--move-aliases", help="Aliases that name another run here are moved, too.")
    ] = False,
) -> None:
    """Put a kept file into store and ledger. What is here already stays; a damaged file is refused whole."""
    from evalplat.sdk.baseline_kept import restore_baseline

    restored_line(restore_baseline(file, move_aliases=move))


@app.command("show")
def show(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="suite.yaml, or a suite's name.")],
    json: JsonOut = None,
) -> None:
    """What stands: kept baselines, their age, cost and whether they still hold; the changes gated, and how often."""
    from evalplat.sdk.baseline_kept import show_baseline

    found = show_baseline(suite)
    if json is not None:
        write(json, found.model_dump_json(indent=2) + "\n")
    if json != "-":
        standing_lines(found)


@app.command("refresh")
def refresh(
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="suite.yaml")],
    agent: Annotated[str, typer.Option("--agent", metavar="TARGET", help="What is the baseline from now on.")],
    alias: Annotated[str, typer.Option("--alias", help="The name that moves to the new run.")] = "production",
    trials: Trials = None,
    model: Model = None,
    concurrency: Concurrency = 4,
) -> None:
    """Run the baseline anew and let the alias name it; says what that does to attempts. Prints the run id last."""
    from evalplat.sdk.baseline_kept import refresh_baseline

    with progress() as bar:
        found = refresh_baseline(
            suite, agent, alias=alias, trials=trials, model=model, concurrency=concurrency, progress=bar
        )
    before = "" if found.before is None else f" (was {found.before})"
    typer.echo(f"{printable(found.alias)} names run {found.done.run_id} now{before}. {found.attempts}")
    if found.done.failures:
        typer.echo(f"{len(found.done.failures)} of {found.done.n_trials} trials failed: {found.done.commonest_failure}")
    typer.echo(found.done.run_id)


@app.command("ensure")
def ensure(
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="suite.yaml")],
    agent: Annotated[str, typer.Option("--agent", metavar="TARGET", help="What is to be the baseline.")],
    alias: Annotated[str, typer.Option("--alias", help="The name that its run gets.")] = "production",
    trials: Trials = None,
    model: Model = None,
    concurrency: Concurrency = 4,
) -> None:
    """Let the alias name a kept run of this very agent on these questions; run it only where there is none."""
    from evalplat.sdk.baseline_ensure import ensure_baseline

    with progress() as bar:
        found = ensure_baseline(
            suite, agent, alias=alias, trials=trials, model=model, concurrency=concurrency, progress=bar
        )
    how = f"{found.trials_run:,} trials were run" if found.trials_run else "it is kept, and nothing was run"
    typer.echo(f"{printable(found.alias)} names run {found.run_id}: {how}")
    typer.echo(found.run_id)
