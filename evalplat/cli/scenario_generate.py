"""`evalplat scenario generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import printable

app = typer.Typer(help="Make scenarios by a seed.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    pass


@app.command("red-team")
def red_team(
    domain: Annotated[
        Path, typer.Option("--domain", metavar="DIR", help="Folder of a domain with red_team.yaml, or such a file.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The YAML file of scenarios to write.")],
    n: Annotated[int, typer.Option("--n", min=1, help="How many attacks; their harmless twins come on top.")] = 150,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 0,
) -> None:
    """Attacks on a domain: how it is put x what carries it x what the attacker wants; prints the file last."""
    from evalplat.sdk.scenario_generate import generate_red_team

    made = generate_red_team(domain, out, n=n, seed=seed)
    for goal, count in made.by_goal.items():
        typer.echo(printable(f"{count:>5}  {goal}"), err=True)
    typer.echo(f"{made.n_twins:>5}  harmless twins", err=True)
    typer.echo(printable(str(made.path)))
