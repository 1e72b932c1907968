"""`evalplat report`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import write


def report(
    ref: Annotated[str, typer.Argument(metavar="RUN|DECISION.json", help="A run, or a decision that `gate` wrote.")],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE.html", help="Where the page goes.")],
) -> None:
    """The page for people: one HTML file that opens anywhere."""
    from evalplat.sdk.report import report as verb

    write(out, verb(ref))
    if out != "-":
        typer.echo(out)
