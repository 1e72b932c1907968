"""`evalplat demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Concurrency, Model
from .progress import progress
from .tables import decision_lines, summary_table


def demo(
    model: Model = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the pages.")] = Path("reports"),
    concurrency: Concurrency = 4,
) -> None:
    """The main job on what ships: four agents of a shop's help desk, three gates, one page each."""
    from evalplat.sdk.demo import demo as verb

    with progress() as bar:
        shown = verb(model=model, out=out, concurrency=concurrency, progress=bar)
    summary_table(shown.summary, metrics=("correct", "cited"))
    for step in shown.gates:
        typer.echo("")
        typer.echo(f"{step.baseline} -> {step.candidate}  ({step.change})")
        decision_lines(step.decision, metrics=False)
        typer.echo(f"  page: {step.page}")
    typer.echo("")
    typer.echo(f"Open {shown.gates[-1].page.resolve()} in a browser.")
    raise typer.Exit(0 if shown.as_expected else 1)
