"""Options that several commands share: the same meaning has the same name everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Scores = Annotated[
    list[Path] | None,
    typer.Option("--scores", metavar="FILE", help="A score table: JSON Lines, CSV or Parquet. May be given again."),
]
History = Annotated[
    list[str] | None, typer.Option("--history", metavar="RUN", help="A kept run; again for a second one.")
]
BaselineSystem = Annotated[str | None, typer.Option("--baseline", metavar="SYSTEM", help="System of the scores.")]
CandidateSystem = Annotated[
    str | None, typer.Option("--candidate", metavar="SYSTEM", help="A second one, to learn how two versions differ.")
]

PolicyFile = Annotated[Path | None, typer.Option("--policy", help="gate.yaml")]
SuiteOfPolicy = Annotated[Path | None, typer.Option("--suite", help="suite.yaml, for its policy.")]
Metric = Annotated[str | None, typer.Option("--metric", help="This metric alone, without a policy.")]
Margin = Annotated[float | None, typer.Option("--margin", min=0, help="Largest drop that is tolerated.")]
Direction = Annotated[
    Literal["higher", "lower"] | None,
    typer.Option("--direction", help="Which is better. [default: higher]"),
]
Alpha = Annotated[float | None, typer.Option("--alpha", help="Error rate of a pass, and of a fail. [default: 0.05]")]
ValueRange = Annotated[
    str | None, typer.Option("--range", metavar="binary|LO,HI", help="What the metric's scores can be.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="COLUMN|none", help="Column of groups that are not independent; `none`: cases are."
    ),
]

DatasetRef = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="A file, a name (NAME.jsonl here or in datasets/), NAME@v3, or run:RUN[/NAME]."
    ),
]

Model = Annotated[
    str | None,
    typer.Option("--model", metavar="M", help="embedded, gguf:PATH or openai:NAME; replaces the agent's model."),
]
Trials = Annotated[int | None, typer.Option("--trials", min=1, help="Trials per case; replaces the suite's number.")]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=1024, help="Trials at once.")]

JsonOut = Annotated[
    str | None,
    typer.Option("--json", metavar="OUT", help="Write JSON here (folders are made); `-` is standard output."),
]
HtmlOut = Annotated[
    str | None, typer.Option("--html", metavar="OUT", help="Write the page for people here (folders are made).")
]
