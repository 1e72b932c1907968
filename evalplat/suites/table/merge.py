"""The tables of several files as one, each row still knowing where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from evalplat.errors import ScoreTableError
from evalplat.records import Column

from .cells import RawTable, place
from .layout import NUMBERS, TEXTS

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MergedTable:
    """All rows. A text column that no file has is absent from `texts`; so for `numbers`, where NaN is absent."""

    parts: Sequence[RawTable]
    texts: Mapping[str, Column]
    numbers: Mapping[str, npt.NDArray[np.float64]]

    def __len__(self) -> int:
        return sum(len(part.rows) for part in self.parts)

    def place(self, index: int, column: str | None = None) -> str:
        """File and row of row `index` (from 0), and the column by its name in that file."""
        for part in self.parts:
            if index < len(part.rows):
                row = int(part.rows[index])
                return (
                    place(part.source, row, part.labels.get(column, column)) if column else f"{part.source}: row {row}"
                )
            index -= len(part.rows)
        raise IndexError(index)

    def fault(self, index: int, column: str, message: str) -> NoReturn:
        """Raises ScoreTableError about a cell."""
        raise ScoreTableError(message, where=self.place(int(index), column))

    def number(self, column: str, default: float = np.nan) -> npt.NDArray[np.float64]:
        """A column of numbers, `default` where absent."""
        values = self.numbers.get(column)
        if values is None:
            return np.full(len(self), default)
        return np.where(np.isnan(values), default, values)

    def key(self, *columns: str, trial: npt.NDArray[np.int32]) -> Codes:
        """One code for each combination of text columns and trial: 0, 1, ... in no particular order."""
        code = trial.astype(np.int64)
        for column in columns:
            _, code = np.unique(code, return_inverse=True)
            code = code * len(self.texts[column].values) + self.texts[column].codes
        return np.unique(code, return_inverse=True)[1].astype(np.int64)


def merge(parts: Sequence[RawTable]) -> MergedTable:
    """One table of all files, in their order."""
    slices = sorted({name for part in parts for name in part.texts} - set(TEXTS))
    texts = {}
    for name in (*TEXTS, *slices):
        columns = [part.texts.get(name) for part in parts]
        if any(column is not None for column in columns):
            texts[name] = _joined(columns, [len(part.rows) for part in parts])
    numbers = {}
    for name in NUMBERS:
        if any(name in part.numbers for part in parts):
            numbers[name] = np.concatenate(
                [part.numbers.get(name, np.full(len(part.rows), np.nan)) for part in parts]
            )  # fmt: skip
    return MergedTable(parts, texts, numbers)


def _joined(columns: Sequence[Column | None], lengths: Sequence[int]) -> Column:
    if len(columns) == 1 and columns[0] is not None:
        return columns[0]
    index: dict[str, int] = {}
    codes = []
    for column, length in zip(columns, lengths, strict=True):
        if column is None:
            codes.append(np.full(length, -1, dtype=np.int32))
            continue
        mapped = [index.setdefault(value, len(index)) for value in column.values]
        codes.append(np.array([*mapped, -1], dtype=np.int32)[column.codes])
    return Column(np.concatenate(codes), tuple(index))
