"""Options that several commands share: the same meaning has the same name everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Scores = Annotated[
    list[Path] | None,
    typer.Option("--scores", metavar="FILE", help="A score table: JSON Lines, CSV or Parquet. May be given again."),
]
JsonOut = Annotated[str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; `-` is standard output.")]
HtmlOut = Annotated[str | None, typer.Option("--html", metavar="OUT", help="Write the page for people here.")]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="M", help="embedded, gguf:PATH or openai:NAME; replaces the agent's model."),
]
Trials = Annotated[int | None, typer.Option("--trials", min=1, help="Trials per case; replaces the suite's number.")]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=1024, help="Trials at once.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="COLUMN|none", help="Column of groups that are not independent; `none`: cases are."
    ),
]
