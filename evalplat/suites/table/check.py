"""What must hold in a whole score table; the first row that breaks it is named."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from evalplat.errors import ScoreTableError
from evalplat.records import Column
from evalplat.records.policy import ValueRange

from .cells import brief
from .layout import MEASURED, REQUIRED, SLICE
from .merge import Codes, MergedTable

Floats = npt.NDArray[np.float64]


def check_cells(table: MergedTable, ranges: Mapping[str, ValueRange]) -> npt.NDArray[np.int32]:
    """Each row by itself: nothing required is missing, scores are in range, weights and costs are possible.

    Returns the trial numbers.
    """
    for column in REQUIRED:
        for index in np.flatnonzero(table.texts[column].codes < 0)[:1]:
            table.fault(index, column, "is missing")
    failed = _failed(table)
    score = table.number("score")
    for index in np.flatnonzero(np.isnan(score) & ~failed)[:1]:
        table.fault(index, "score", "there is neither a score nor an error")
    for metric, allowed in ranges.items():
        _check_range(table, metric, allowed, score, failed)
    weight = table.number("weight", 1.0)
    for index in np.flatnonzero(weight <= 0)[:1]:
        table.fault(index, "weight", f"expected a number above 0, found {weight[index]:g}")
    for column in MEASURED:
        values = table.number(column)
        for index in np.flatnonzero(values < 0)[:1]:
            table.fault(index, column, f"expected a number of at least 0, found {values[index]:g}")
    trial = table.number("trial", 0.0)
    for index in np.flatnonzero((trial < 0) | (trial != np.floor(trial)) | (trial > 2**31 - 1))[:1]:
        table.fault(index, "trial", f"expected a whole number from 0, found {trial[index]:g}")
    return trial.astype(np.int32)


def check_keys(table: MergedTable, trial: npt.NDArray[np.int32]) -> None:
    """No two rows are about the same system, case, trial and metric."""
    key = table.key("system", "case_id", "metric", trial=trial)
    if len(key) == 0 or int(key.max()) + 1 == len(key):
        return
    first = first_of(key, np.ones(len(key), dtype=bool))[key]
    second = int(np.flatnonzero(first != np.arange(len(key)))[0])
    what = ", ".join(f"{name} {brief(_text(table.texts[name], second))}" for name in ("system", "case_id", "metric"))
    message = f"the same {what}, trial {trial[second]} is already in {table.place(int(first[second]))}"
    raise ScoreTableError(message, where=table.place(second))


def of_cases(table: MergedTable) -> tuple[Column | None, dict[str, Column], Floats | None]:
    """Cluster, slices and weight belong to the case: no two rows of it may differ, and a row without takes the case's.

    A column in which nothing is said is None (weights that are all 1, too).
    """
    case = table.texts["case_id"].codes.astype(np.int64)
    columns = {}
    for name in table.texts:
        if name == "cluster" or name.startswith(SLICE):
            column = table.texts[name]
            first = _one_value(table, name, case, column.codes.astype(np.float64), column.codes >= 0, unit="case")
            columns[name] = Column(np.where(first >= 0, column.codes[first], -1).astype(np.int32), column.values)
    cluster = columns.pop("cluster", None)
    weight = table.number("weight")
    first = _one_value(table, "weight", case, weight, ~np.isnan(weight), unit="case")
    filled = np.where(first >= 0, weight[first], 1.0)
    spoken = {name: column for name, column in columns.items() if column.values}
    return cluster if cluster and cluster.values else None, spoken, None if np.all(filled == 1.0) else filled


def check_trials(table: MergedTable, key: Codes) -> None:
    """Output, cost and latency belong to the trial: no two rows of it may differ."""
    for column in MEASURED:
        values = table.number(column)
        _one_value(table, column, key, values, ~np.isnan(values), unit="trial")
    if "output_sha256" in table.texts:
        codes = table.texts["output_sha256"].codes
        _one_value(table, "output_sha256", key, codes.astype(np.float64), codes >= 0, unit="trial")


def first_of(groups: Codes, present: npt.NDArray[np.bool_]) -> Codes:
    """Index of the first present row of each group, -1 where there is none."""
    first = np.full(int(groups.max()) + 1 if len(groups) else 0, -1, dtype=np.int64)
    rows = np.flatnonzero(present)[::-1]
    first[groups[rows]] = rows  # of repeated assignments the last one stands: the smallest row
    return first


def _one_value(
    table: MergedTable, column: str, groups: Codes, values: Floats, present: npt.NDArray[np.bool_], *, unit: str
) -> Codes:
    """Row that speaks first for each row's group (-1: none does). Raises where another row of the group differs."""
    first = first_of(groups, present)[groups]
    for index in np.flatnonzero(present & (values != values[first]))[:1]:
        one, other = (_shown(table, column, int(row)) for row in (index, first[index]))
        message = f"{one} differs from {other} of the same {unit} in {table.place(int(first[index]))}"
        table.fault(index, column, message)
    return first


def _check_range(
    table: MergedTable, metric: str, allowed: ValueRange, score: Floats, failed: npt.NDArray[np.bool_]
) -> None:
    rows = (table.texts["metric"].codes == table.texts["metric"].code_of(metric)) & ~failed
    if allowed == "binary":
        outside, text = rows & (score != 0) & (score != 1), "binary (0 or 1)"
    else:
        low, high = allowed
        outside, text = rows & ((score < low) | (score > high)), f"[{low:g}, {high:g}]"
    for index in np.flatnonzero(outside)[:1]:
        table.fault(index, "score", f"{score[index]:g} is outside the range of metric {brief(metric)}, {text}")


def _failed(table: MergedTable) -> npt.NDArray[np.bool_]:
    error = table.texts.get("error")
    return np.zeros(len(table), dtype=bool) if error is None else error.codes >= 0


def _text(column: Column, index: int) -> str | None:
    code = column.codes[index]
    return None if code < 0 else column.values[code]


def _shown(table: MergedTable, column: str, index: int) -> str:
    return brief(_text(table.texts[column], index)) if column in table.texts else f"{table.numbers[column][index]:g}"
