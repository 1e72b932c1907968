"""A score table in Parquet."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from evalplat.errors import ScoreTableError
from evalplat.records import Column

from .cells import Cells, RawTable, check_finite, encoded_column
from .layout import layout_of

MAX_ROWS = 50_000_000
MAX_UNPACKED_BYTES = 16 * 2**30


def read_parquet(data: bytes, *, source: str, cluster: str | None) -> RawTable:
    """The columns that are ours; rows are counted from 1. Raises ScoreTableError."""
    import pyarrow as pa

    try:
        return _read(data, source, cluster)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as err:
        first = str(err).splitlines()[0] if str(err) else type(err).__name__
        raise ScoreTableError(f"is not a readable Parquet file: {first[:200]}", where=source) from err


def _read(data: bytes, source: str, cluster: str | None) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(data))
    meta = file.metadata
    unpacked = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
    if meta.num_rows > MAX_ROWS or unpacked > MAX_UNPACKED_BYTES:
        raise ScoreTableError(f"has {meta.num_rows} rows of {unpacked} bytes, which is too large", where=source)
    if meta.num_rows == 0:
        raise ScoreTableError("has no rows", where=source)
    layout = layout_of(file.schema_arrow.names, cluster=cluster, where=source)
    # A struct `slice` has leaves with the same dotted path; `column` picks the flat ones by name.
    table = file.read(columns=[*layout.texts.values(), *layout.numbers.values()])
    table.validate(full=True)
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    texts, numbers = {}, {}
    for column, label in layout.texts.items():
        texts[column] = _text(table.column(label), Cells(source, rows, column, label))
    for column, label in layout.numbers.items():
        numbers[column] = _number(table.column(label), Cells(source, rows, column, label))
    return RawTable(source, rows, texts, numbers, {**layout.texts, **layout.numbers})


def _text(array: Any, cells: Cells) -> Column:
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        array = array.cast(kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        array = array.cast(pa.large_string())  # some writers leave out that it is text
    elif pa.types.is_null(kind):
        array = array.cast(pa.string())
    elif not any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
                                         pa.types.is_integer, pa.types.is_boolean, pa.types.is_floating)):  # fmt: skip
        _refuse_type(array, kind, "text", cells)
    if pa.types.is_string_view(kind):
        array = array.cast(pa.large_string())
    encoded = _whole(array).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return encoded_column(codes, encoded.dictionary.to_pylist(), cells)


def _number(array: Any, cells: Cells) -> npt.NDArray[np.float64]:
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        array = array.cast(kind)
    plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if pa.types.is_boolean(kind) and cells.column == "score":
        array = array.cast(pa.int8())
    elif not (plain or pa.types.is_null(kind)):
        _refuse_type(array, kind, "a number", cells)
    array = _whole(array.cast(pa.float64(), safe=False))
    numbers: npt.NDArray[np.float64] = array.fill_null(np.nan).to_numpy(zero_copy_only=False).copy()
    check_finite(numbers, array.is_valid().to_numpy(zero_copy_only=False), cells)
    return numbers


def _whole(array: Any) -> Any:
    import pyarrow as pa

    whole = array.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _refuse_type(array: Any, kind: Any, expected: str, cells: Cells) -> NoReturn:
    """Refuse a column of a wrong type, naming its first row that is not empty."""
    valid = np.flatnonzero(array.is_valid().to_numpy())
    cells.fault(int(valid[0]) if len(valid) else 0, f"expected {expected}, found Parquet type {kind}")
