"""`evalplat summarize`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import write
from .options import Cluster, JsonOut, Scores
from .tables import summary_table


def summarize(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="A run id or alias.")] = None,
    scores: Scores = None,
    cluster: Cluster = None,
    json: JsonOut = None,
) -> None:
    """One system at a time: mean, standard error, interval, pass^k, failures."""
    from evalplat.sdk.summarize import summarize as verb

    summary = verb(run=run, scores=scores or (), cluster=cluster)
    if json is not None:
        from evalplat.reports import summary_json

        write(json, summary_json(summary))
    if json != "-":
        summary_table(summary)
