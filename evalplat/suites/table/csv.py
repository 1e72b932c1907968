"""A score table in CSV: commas, double quotes, a header line."""

from __future__ import annotations

import csv
import io

import numpy as np

from evalplat.errors import ScoreTableError
from evalplat.records import Column

from .cells import Cells, RawTable, encoded_column, parsed_column
from .layout import layout_of

MAX_CELL_CHARS = 16 * 2**20


def read_csv(text: str, *, source: str, cluster: str | None) -> RawTable:
    """The columns that are ours; rows are the lines that they begin on, the header being line 1. ScoreTableError."""
    # The limit is the process's own and 128 KiB by default, too little for a table that carries transcripts.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARS))
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    lines: list[int] = []
    cells: list[list[str]] = []
    line = 1
    try:
        for record in records:
            if record and header is None:
                header = record
            elif record and len(record) != len(header or ()):
                message = f"has {len(record)} cells where the header has {len(header or ())}"
                raise ScoreTableError(message, where=f"{source}: row {line}")
            elif record:
                lines.append(line)
                cells.append(record)
            line = records.line_num + 1
    except csv.Error as err:
        raise ScoreTableError(f"is not CSV: {err}", where=f"{source}: row {line}") from err
    if header is None:
        raise ScoreTableError("is empty", where=source)
    _commas(header, source)
    layout = layout_of(header, cluster=cluster, where=source)
    rows = np.array(lines, dtype=np.int64)
    columns = {name: position for position, name in enumerate(header)}
    texts, numbers = {}, {}
    for column, label in layout.texts.items():
        raw = Column.of([record[columns[label]] for record in cells])
        texts[column] = encoded_column(raw.codes, raw.values, Cells(source, rows, column, label))
    for column, label in layout.numbers.items():
        raw = Column.of([record[columns[label]] for record in cells])
        numbers[column] = parsed_column(raw, Cells(source, rows, column, label))
    return RawTable(source, rows, texts, numbers, {**layout.texts, **layout.numbers})


def _commas(header: list[str], source: str) -> None:
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and separator in header[0]:
            raise ScoreTableError(f"is separated by {name}: expected CSV with commas", where=source)
