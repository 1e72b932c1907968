"""summarize: one system at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalplat.errors import InputError
from evalplat.gates import summarize as summarize_table
from evalplat.records import Summary
from evalplat.suites import read_score_table

from .workspace import workspace


def summarize(*, run: str | None = None, scores: Sequence[Path | str] = (), cluster: str | None = None) -> Summary:
    """Mean, standard error, interval, pass^k and failures by system and metric, of score tables or of a run.

    `cluster` is a column of the table, or `none`; without it the column `cluster` where the data has it.
    """
    if (run is None) == (not scores):
        raise InputError("give either a RUN or --scores FILE")
    column = None if cluster in (None, "none") else cluster
    if scores:
        table = read_score_table([Path(path) for path in scores], cluster=column)
    else:
        store = workspace().store()
        table = store.load_scores(store.resolve(run or ""))
    return summarize_table(table, cluster=cluster != "none")
