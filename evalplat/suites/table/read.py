"""read_score_table: outcomes made elsewhere into one ScoreTable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from evalplat.errors import ScoreTableError
from evalplat.records import Column, ScoreTable
from evalplat.records.policy import ValueRange
from evalplat.suites.files import decode, read_bytes

from .cells import RawTable
from .check import check_cells, check_keys, check_trials, of_cases
from .csv import read_csv
from .jsonl import read_jsonl
from .measured import with_measured
from .merge import merge
from .parquet import read_parquet

MAX_BYTES = 4 * 2**30


def read_score_table(
    paths: Sequence[Path | str], *, ranges: Mapping[str, ValueRange] | None = None, cluster: str | None = None
) -> ScoreTable:
    """One table of all rows of the files, each JSON Lines, CSV or Parquet, known by its content.

    `ranges` declares the values that a metric can have, failed rows aside. `cluster` names the column of clusters;
    `none` leaves them out; None takes the column `cluster` where there is one. Cluster, slices and weight belong to
    the case, so a row that lacks them takes those of the case's other rows. Columns `cost_usd` and `latency_s`
    become metrics of that name, one row a trial, unless the table has such a metric.

    Raises ScoreTableError naming file, row and column: a missing or nearly right column, a row with neither score
    nor error, a score that is not a finite number or out of its range, a trial that is not a whole number from 0, a
    weight of 0 or less, two rows for one (system, case, trial, metric), rows of one case or trial that contradict
    each other. A row is the line in JSON Lines and CSV (the header is line 1), and counted from 1 in Parquet.
    """
    if not paths:
        raise ScoreTableError("no score table was given")
    table = merge([_read(Path(path), cluster) for path in paths])
    trial = check_cells(table, ranges or {})
    check_keys(table, trial)
    key = table.key("system", "case_id", trial=trial)
    check_trials(table, key)
    clusters, slices, weight = of_cases(table)
    scores = ScoreTable(
        system=table.texts["system"],
        case=table.texts["case_id"],
        metric=table.texts["metric"],
        trial=trial,
        score=table.number("score"),
        error=table.texts.get("error") or Column(np.full(len(table), -1, dtype=np.int32), ()),
        cluster=clusters,
        weight=weight,
        slices=slices,
        output_sha256=table.texts.get("output_sha256"),
        origin=tuple(str(path) for path in paths),
    )
    return with_measured(scores, table.numbers, key)


def _read(path: Path, cluster: str | None) -> RawTable:
    source = str(path)
    data = read_bytes(path, limit=MAX_BYTES, error=ScoreTableError)
    if data.startswith(b"PAR1"):
        return read_parquet(data, source=source, cluster=cluster)
    text = decode(data, where=source, error=ScoreTableError)
    start = text.lstrip(" \t\r\n")[:1]
    if not start:
        raise ScoreTableError("is empty", where=source)
    if start == "[":
        raise ScoreTableError("is a JSON array: expected JSON Lines, one object a line", where=source)
    raw = (
        read_jsonl(text, source=source, cluster=cluster)
        if start == "{"
        else read_csv(text, source=source, cluster=cluster)
    )
    if not len(raw.rows):
        raise ScoreTableError("has no rows", where=source)
    return raw
