"""ScoreTable as JSON and back, column by column: what a kept file holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from evalplat.records import Column, ScoreTable

_REQUIRED = ("system", "case", "metric", "error")
_OPTIONAL = ("cluster", "output_sha256")


def table_to_json(table: ScoreTable) -> dict[str, Any]:
    """The table as plain values; a score that is not there is null."""
    names = (*_REQUIRED, *_OPTIONAL)
    columns = {name: column for name in names if (column := getattr(table, name)) is not None}
    return {
        "rows": len(table),
        "columns": {name: _plain(column) for name, column in columns.items()},
        "slices": {name: _plain(column) for name, column in table.slices.items()},
        "trial": table.trial.tolist(),
        "score": [None if math.isnan(value) else value for value in table.score.tolist()],
        "weight": None if table.weight is None else table.weight.tolist(),
        "origin": list(table.origin),
    }


def table_from_json(value: Any) -> ScoreTable:
    """The table that `table_to_json` gave, to the bit. Raises ValueError for anything else."""
    try:
        rows, columns = int(value["rows"]), value["columns"]
        if set(columns) - {*_REQUIRED, *_OPTIONAL}:
            raise ValueError("the scores have columns that are unknown")
        named = {name: _column(plain, rows) for name, plain in columns.items()}
        table = ScoreTable(
            **{name: named[name] for name in _REQUIRED},
            **{name: named.get(name) for name in _OPTIONAL},  # type: ignore[arg-type]
            trial=_array(value["trial"], rows, np.int32),
            score=_array([math.nan if one is None else one for one in value["score"]], rows, np.float64),
            weight=None if value["weight"] is None else _array(value["weight"], rows, np.float64),
            slices={str(name): _column(plain, rows) for name, plain in value["slices"].items()},
            origin=tuple(str(one) for one in value["origin"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as err:
        raise ValueError(f"the scores are malformed: {type(err).__name__} {err}") from err
    if (
        (np.isnan(table.score) & (table.error.codes < 0)).any()
        or np.isinf(table.score).any()
        or (table.trial < 0).any()
    ):
        raise ValueError("the scores have a row with neither score nor error, or one that is no score")
    if any((getattr(table, name).codes < 0).any() for name in ("system", "case", "metric")):
        raise ValueError("the scores have a row without system, case or metric")
    return table


def _plain(column: Column) -> dict[str, Any]:
    return {"codes": column.codes.tolist(), "values": list(column.values)}


def _column(plain: Any, rows: int) -> Column:
    values, codes = tuple(plain["values"]), _array(plain["codes"], rows, np.int32)
    if not all(isinstance(text, str) for text in values) or len(set(values)) != len(values):
        raise ValueError("the scores have a column whose values are not texts, each once")
    if rows and not -1 <= int(codes.min()) <= int(codes.max()) < len(values):
        raise ValueError("the scores have a column with a code that stands for nothing")
    return Column(codes, values)


def _array(values: Any, rows: int, kind: type[Any]) -> npt.NDArray[Any]:
    if not isinstance(values, list) or len(values) != rows:
        raise ValueError(f"the scores have a column that is not of {rows} rows")
    if not all(type(one) in ((int,) if kind is np.int32 else (int, float)) for one in values):
        raise ValueError("the scores have a column of numbers with something else in it")
    return np.array(values, dtype=kind)
