"""Slice means: one system at a time, on parts of its cases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evalplat.records import ScoreTable, SliceMean

from .summarize import summarize

MOST = 200


def slice_means(table: ScoreTable, metrics: tuple[str, ...] | None = None) -> tuple[SliceMean, ...]:
    """By column and value of the slices, each system's mean of each metric, or of `metrics`; the first 200.

    Means and intervals as of `summarize`, at 95 % each and not adjusted for their number: they say where to look.
    """
    found: list[SliceMean] = []
    for one in _means(table, metrics):
        found.append(one)
        if len(found) == MOST:
            break
    return tuple(found)


def _means(table: ScoreTable, metrics: tuple[str, ...] | None) -> Iterator[SliceMean]:
    wanted = np.ones(len(table), dtype=bool)
    if metrics is not None:
        wanted = np.isin(table.metric.codes, [table.metric.code_of(name) for name in metrics])
    for name, column in sorted(table.slices.items()):
        for code in sorted(range(len(column.values)), key=column.values.__getitem__):
            rows = wanted & (column.codes == code)
            if rows.any():
                for row in summarize(table.of_rows(rows)).systems:
                    yield SliceMean(slice=name, value=column.values[code], summary=row)
