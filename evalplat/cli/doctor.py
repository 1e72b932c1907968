"""`evalplat doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import printable
from .options import Model


def doctor(
    model: Model = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What is installed, configured and reachable, and what to do about what is not."""
    from evalplat.sdk.doctor import doctor as verb

    checks = verb(model=model)
    if json:
        import json as encoder

        typer.echo(encoder.dumps([check._asdict() for check in checks], indent=2))
    else:
        for check in checks:
            typer.echo(printable(f"{check.state:<8} {check.part:<22} {check.detail}"))
            if check.remedy:
                typer.echo(printable(f"{'':<8} {'':<22} -> {check.remedy}"))
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(2)
