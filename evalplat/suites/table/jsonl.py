"""A score table in JSON Lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from evalplat.errors import ScoreTableError
from evalplat.suites.json_lines import json_lines

from .cells import Cells, RawTable, number_column, text_column
from .layout import layout_of


def read_jsonl(text: str, *, source: str, cluster: str | None) -> RawTable:
    """The columns that are ours; rows are line numbers. Raises ScoreTableError."""
    numbers: list[int] = []
    objects: list[dict[str, Any]] = []
    shapes: dict[tuple[str, ...], None] = {}
    for number, value in json_lines(text, where=source, error=ScoreTableError):
        numbers.append(number)
        objects.append(value)
        shapes[tuple(value)] = None
    found = list(dict.fromkeys(name for shape in shapes for name in shape))
    layout = layout_of(found, cluster=cluster, where=source)
    rows = np.array(numbers, dtype=np.int64)
    texts, values = {}, {}
    for column, label in layout.texts.items():
        texts[column] = text_column([value.get(label) for value in objects], Cells(source, rows, column, label))
    for column, label in layout.numbers.items():
        values[column] = number_column([value.get(label) for value in objects], Cells(source, rows, column, label))
    return RawTable(source, rows, texts, values, {**layout.texts, **layout.numbers})
