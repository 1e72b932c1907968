"""write_score_table: a ScoreTable as a file that read_score_table reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evalplat.errors import ScoreTableError
from evalplat.records import Column, ScoreTable


def write_score_table(table: ScoreTable, path: Path | str) -> None:
    """Write `.parquet`, `.jsonl` or `.csv`, by the suffix. Raises ScoreTableError for another suffix, OSError."""
    path = Path(path)
    writers = {".parquet": _write_parquet, ".jsonl": _write_jsonl, ".csv": _write_csv}
    if path.suffix not in writers:
        raise ScoreTableError("a score table is written as .parquet, .jsonl or .csv", where=str(path))
    writers[path.suffix](table, path)


def _texts(table: ScoreTable) -> dict[str, Column]:
    columns = {"system": table.system, "case_id": table.case, "metric": table.metric, "error": table.error}
    optional = {"cluster": table.cluster, "output_sha256": table.output_sha256}
    return columns | {name: column for name, column in optional.items() if column} | dict(table.slices)


def _write_parquet(table: ScoreTable, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {}
    for name, column in _texts(table).items():
        codes = pa.array(column.codes, mask=column.codes < 0)
        columns[name] = pa.DictionaryArray.from_arrays(codes, pa.array(column.values, pa.string()))
    columns["trial"] = pa.array(table.trial)
    columns["score"] = pa.array(table.score, mask=np.isnan(table.score))
    if table.weight is not None:
        columns["weight"] = pa.array(table.weight)
    pq.write_table(pa.table(columns), path, compression="zstd")


def _write_jsonl(table: ScoreTable, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for row in _rows(table):
            present = {name: value for name, value in row.items() if value is not None}
            file.write(json.dumps(present, ensure_ascii=False) + "\n")


def _write_csv(table: ScoreTable, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        for position, row in enumerate(_rows(table)):
            if position == 0:
                writer.writerow(row)
            writer.writerow(row.values())


def _rows(table: ScoreTable) -> Iterator[dict[str, Any]]:
    columns: dict[str, list[Any]] = {name: list(column.decode()) for name, column in _texts(table).items()}
    columns["trial"] = table.trial.tolist()
    columns["score"] = [None if np.isnan(score) else score for score in table.score.tolist()]
    if table.weight is not None:
        columns["weight"] = table.weight.tolist()
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))
