"""ScoreTable to Parquet and back, in the columns of the score table of CONTRACT.md."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from evalplat.records import Column, ScoreTable

from .json_text import is_utf8

_ORIGIN = b"evalplat.origin"
_EXACT = b"evalplat.exact"
_TEXTS = {"system": "system", "case_id": "case", "metric": "metric", "error": "error", "cluster": "cluster"}


def scores_to_parquet(table: ScoreTable) -> bytes:
    """One row for a system, case, trial and metric. A score that is not there is null, never NaN.

    Text that is not UTF-8 is shown escaped; the schema's metadata `evalplat.exact` holds what it was.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {}
    exact: dict[str, dict[str, str]] = {}
    for name, column in _text_columns(table).items():
        values, odd = _encodable(column.values)
        codes = pa.array(column.codes, mask=column.codes < 0)
        columns[name] = pa.DictionaryArray.from_arrays(codes, pa.array(values, type=pa.string()))
        if odd:
            exact[name] = odd
    columns["trial"] = pa.array(table.trial, type=pa.int32())
    columns["score"] = pa.array(table.score, mask=np.isnan(table.score))
    if table.weight is not None:
        columns["weight"] = pa.array(table.weight)
    arrow = pa.table(columns).replace_schema_metadata(
        {_ORIGIN: json.dumps(list(table.origin)), _EXACT: json.dumps(exact)}
    )
    sink = io.BytesIO()
    pq.write_table(arrow, sink, compression="zstd")
    return sink.getvalue()


def scores_from_parquet(data: bytes) -> ScoreTable:
    """The table that `scores_to_parquet` wrote; values of a text column stand in the order of their appearance."""
    import pyarrow.parquet as pq

    arrow = pq.read_table(io.BytesIO(data))
    metadata = arrow.schema.metadata or {}
    exact: dict[str, dict[str, str]] = json.loads(metadata.get(_EXACT, b"{}"))

    def text(name: str) -> Column | None:
        return _column(arrow[name], exact.get(name, {})) if name in arrow.column_names else None

    def required(name: str) -> Column:
        column = text(name)
        if column is None:
            raise ValueError(f"the kept score table has no column {name}")
        return column

    slices = {name: required(name) for name in arrow.column_names if name.startswith("slice.")}
    return ScoreTable(
        system=required("system"),
        case=required("case_id"),
        metric=required("metric"),
        trial=_numbers(arrow["trial"]).astype(np.int32),
        score=_numbers(arrow["score"]),
        error=required("error"),
        cluster=text("cluster"),
        weight=_numbers(arrow["weight"]) if "weight" in arrow.column_names else None,
        slices=slices,
        output_sha256=text("output_sha256"),
        origin=tuple(json.loads(metadata.get(_ORIGIN, b"[]"))),
    )


def _text_columns(table: ScoreTable) -> dict[str, Column]:
    named = {name: getattr(table, field) for name, field in _TEXTS.items()}
    named |= table.slices
    named["output_sha256"] = table.output_sha256
    return {name: column for name, column in named.items() if column is not None}


def _encodable(values: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The values with lone surrogates escaped, and what each changed one was; no two become the same."""
    shown: list[str] = []
    exact: dict[str, str] = {}
    taken = {value for value in values if is_utf8(value)}
    for value in values:
        if is_utf8(value):
            shown.append(value)
            continue
        text = value.encode("utf-8", "backslashreplace").decode()
        while text in taken:
            text += "\\"
        taken.add(text)
        exact[text] = value
        shown.append(text)
    return shown, exact


def _column(chunked: Any, exact: dict[str, str]) -> Column:
    array = chunked.combine_chunks()
    encoded = array if hasattr(array, "indices") else array.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    values = [exact.get(value, value) for value in encoded.dictionary.to_pylist()]
    used, first = np.unique(codes[codes >= 0], return_index=True)
    order = used[np.argsort(first)]
    renumber = np.full(len(values) + 1, -1, dtype=np.int32)
    renumber[order] = np.arange(len(order), dtype=np.int32)
    return Column(renumber[codes], tuple(values[code] for code in order))


def _numbers(chunked: Any) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = chunked.to_numpy().astype(np.float64)
    return numbers
