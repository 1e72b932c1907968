"""Rows of CSV, JSON Lines and Parquet, one after the other: tables of any size in the memory of a few rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from evalplat.errors import CaseError, LogError
from evalplat.suites.files import decode
from evalplat.suites.json_lines import MAX_LINE_CHARS, check_portable

from .sources import label, lines_of

Kind = Literal["csv", "jsonl", "parquet"]
Row = dict[str, Any]

_BATCH = 500
_MAX_GROUP_BYTES = 2 * 2**30


def rows_of(path: Path, kind: Kind) -> Iterator[tuple[str, Row]]:
    """Place (`file:line`, in Parquet `file: row N`) and cells of each row; absent cells are left out.

    Raises CaseError or LogError naming the place.
    """
    if kind == "jsonl":
        for number, row in lines_of(path):
            yield f"{path}:{number}", {name: cell for name, cell in row.items() if cell is not None}
    elif kind == "csv":
        yield from _csv(path)
    else:
        yield from _parquet(path)


def _csv(path: Path) -> Iterator[tuple[str, Row]]:
    # The limit is the process's own and 128 KiB by default.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_CHARS))
    records = csv.reader(_text_lines(path), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for record in records:
            where = f"{path}:{line}"
            if record and header is None:
                header = _header(record, where)
            elif record and header is not None:
                if len(record) != len(header):
                    raise CaseError(f"has {len(record)} cells where the header has {len(header)}", where=where)
                yield where, {name: cell for name, cell in zip(header, record, strict=True) if cell.strip()}
            line = records.line_num + 1
    except csv.Error as err:
        raise CaseError(f"is not CSV: {err}", where=f"{path}:{line}") from err


def _header(record: list[str], where: str) -> list[str]:
    names = [name.strip() for name in record]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CaseError(f"column {twice!r} occurs twice", where=where)
    for separator, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and separator in names[0]:
            raise CaseError(f"is separated by {called}: expected CSV with commas", where=where)
    return names


def _text_lines(path: Path) -> Iterator[str]:
    limit, number = 4 * MAX_LINE_CHARS, 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(limit):
                number += 1
                if len(raw) >= limit:
                    raise CaseError(f"the line is longer than {MAX_LINE_CHARS} characters", where=f"{path}:{number}")
                try:
                    yield decode(raw, where=str(path), error=CaseError) if number == 1 else str(raw, "utf-8")
                except UnicodeDecodeError as err:
                    raise CaseError(f"byte 0x{raw[err.start]:02x} is not UTF-8", where=f"{path}:{number}") from err
    except OSError as err:
        raise CaseError(f"cannot be read: {err.strerror or err}", where=str(path)) from err


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            largest = max((meta.row_group(at).total_byte_size for at in range(meta.num_row_groups)), default=0)
            if largest > _MAX_GROUP_BYTES:
                raise CaseError(f"has a row group of {largest:,} bytes: write smaller ones", where=str(path))
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    where = f"{path}: row {number}"
                    yield where, _portable({name: cell for name, cell in row.items() if cell is not None}, where)
    except (pa.ArrowException, OSError, OverflowError, MemoryError, UnicodeDecodeError) as err:
        first = str(err).splitlines()[0] if str(err) else type(err).__name__
        raise CaseError(f"is not a readable Parquet file: {first[:200]}", where=str(path)) from err


def _portable(row: Row, where: str) -> Row:
    for name, cell in row.items():
        try:
            check_portable([name, cell])
        except (ValueError, TypeError) as err:
            said = str(err) if isinstance(err, ValueError) else f"holds {type(cell).__name__}, which is not JSON"
            raise LogError(f"{label(name)}: {said}", where=where) from err
    return row
