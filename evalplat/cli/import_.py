"""`evalplat import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Bring in outcomes that were made elsewhere.", no_args_is_help=True, rich_markup_mode=None)


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
