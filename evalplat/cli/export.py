"""`evalplat export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

To = Annotated[str, typer.Option("--to", metavar="jsonl|inspect", help="The format.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write.")]


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or an alias.")], out: Out, to: To = "jsonl"
) -> None:
    """Write a kept run, with cases, trials, traces and scores; `evalplat import` reads it again."""
    from evalplat.sdk.export import export_run

    typer.echo(f"{export_run(run, out, to=to):,} trials", err=True)
    typer.echo(out)
