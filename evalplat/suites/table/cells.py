"""Cells into typed columns: plain values of a file in, `Column` and float64 out, the first bad cell named."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from evalplat.errors import ScoreTableError
from evalplat.records import Column

from .layout import REQUIRED

_NAME = re.compile(r"[^\x00-\x20\x7f\s\ud800-\udfff](?:[^\x00-\x1f\x7f\ud800-\udfff]*[^\x00-\x20\x7f\s\ud800-\udfff])?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True)
class RawTable:
    """The columns of one file that are ours. `rows` are its row numbers as a person sees them; NaN is absent."""

    source: str
    rows: npt.NDArray[np.int64]
    texts: Mapping[str, Column]
    numbers: Mapping[str, npt.NDArray[np.float64]]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cells:
    """Where cells come from, for complaints: file, row numbers, and the column's own name."""

    source: str
    rows: npt.NDArray[np.int64]
    column: str
    label: str

    def fault(self, index: int, message: str) -> NoReturn:
        """Raises ScoreTableError about the cell in row `index` (from 0)."""
        raise ScoreTableError(message, where=place(self.source, int(self.rows[index]), self.label))


def place(source: str, row: int, label: str) -> str:
    """File, row and column, as every complaint about a cell names them."""
    return f"{source}: row {row}, column {label}"


def text_column(values: Sequence[object], cells: Cells) -> Column:
    """Encode a text column from plain values. Empty text and None are absent."""
    if set(map(type, values)) <= {str, type(None)}:
        column = Column.of(values)  # type: ignore[arg-type]
        return encoded_column(column.codes, column.values, cells)
    convert = converter(cells.column)
    texts: list[str | None] = []
    for index, value in enumerate(values):
        try:
            texts.append(convert(value))
        except ValueError as err:
            cells.fault(index, str(err))
    return Column.of(texts)


def encoded_column(codes: npt.NDArray[np.int32], distinct: Sequence[object], cells: Cells) -> Column:
    """Encode a text column that is already a dictionary: `distinct[codes[i]]`, code -1 absent."""
    convert = converter(cells.column)
    index: dict[str, int] = {}
    mapped = np.full(len(distinct) + 1, -1, dtype=np.int32)
    for code, value in enumerate(distinct):
        try:
            text = convert(value)
        except ValueError as err:
            found = np.flatnonzero(codes == code)
            if len(found):
                cells.fault(int(found[0]), str(err))
            continue
        if text is not None:
            mapped[code] = index.setdefault(text, len(index))
    return Column(mapped[codes], tuple(index))


def number_column(values: Sequence[object], cells: Cells) -> npt.NDArray[np.float64]:
    """Numbers of a column of plain values; None is absent. Booleans are 1 and 0 in the column score alone."""
    allowed = {int, float, type(None)} | ({bool} if cells.column == "score" else set())
    if not set(map(type, values)) <= allowed:
        bad = next(index for index, value in enumerate(values) if type(value) not in allowed)
        cells.fault(bad, f"expected a number, found {brief(values[bad])}")
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError:
        bad = next(index for index, value in enumerate(values) if isinstance(value, int) and abs(value) >= 2**1023)
        cells.fault(bad, "the number is too large")
    check_finite(numbers, np.array([value is not None for value in values], dtype=bool), cells)
    return numbers


def parsed_column(column: Column, cells: Cells) -> npt.NDArray[np.float64]:
    """Numbers of a column of texts; empty text is absent. `true` and `false` are read in the column score alone."""
    numbers = np.full(len(column.values) + 1, np.nan)
    for code, text in enumerate(column.values):
        stripped = text.strip()
        if _NUMBER.fullmatch(stripped):
            numbers[code] = float(stripped)
        elif cells.column == "score" and stripped.lower() in _WORDS:
            numbers[code] = _WORDS[stripped.lower()]
        elif stripped:
            expected = "a finite number" if stripped.lower().lstrip("+-") in ("nan", "inf", "infinity") else "a number"
            cells.fault(int(np.flatnonzero(column.codes == code)[0]), f"expected {expected}, found {brief(text)}")
    present = np.array([bool(text.strip()) for text in column.values] + [False], dtype=bool)
    check_finite(numbers[column.codes], present[column.codes], cells)
    return numbers[column.codes]


def check_finite(numbers: npt.NDArray[np.float64], present: npt.NDArray[np.bool_], cells: Cells) -> None:
    """Refuse NaN and infinities among the cells that are present."""
    bad = np.flatnonzero(present & ~np.isfinite(numbers))
    if len(bad):
        cells.fault(int(bad[0]), f"expected a finite number, found {numbers[bad[0]]}")


def converter(column: str) -> Callable[[object], str | None]:
    """How a value of a text column becomes text; raises ValueError saying what was expected."""
    if column in REQUIRED:
        return _identifier
    return _message if column in ("error", "output_sha256") else _label


def brief(value: Any) -> str:
    """A value as a short ASCII text."""
    text = ascii(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def _identifier(value: object) -> str | None:
    if isinstance(value, bool):
        raise ValueError(f"expected text or a whole number, found {value}")
    return _label(value)


def _label(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if not _NAME.fullmatch(value):
            raise ValueError(f"expected one line of text without surrounding spaces, found {brief(value)}")
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) < 2**64:
        return str(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))  # a table with gaps holds its whole numbers as floats
    raise ValueError(f"expected text or a whole number, found {brief(value)}")


def _message(value: object) -> str | None:
    if value is None or value == "" or value is False:
        return None
    if value is True:
        return "failed"
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    raise ValueError(f"expected text, found {brief(value)}")
