"""Columns `cost_usd` and `latency_s` as metrics of their own, one row a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from evalplat.records import Column, ScoreTable

from .check import first_of
from .layout import MEASURED
from .merge import Codes

Floats = npt.NDArray[np.float64]


def with_measured(table: ScoreTable, measured: Mapping[str, Floats], trials: Codes) -> ScoreTable:
    """The table and, after its rows, one row for each trial and measured column that is not a metric already.

    `trials` is a code of (system, case, trial) for each row. A trial without a value, in a system that has some, is
    a failure that says so; a system without any has no such rows. A trial has failed where all its rows have.
    """
    everyone = np.ones(len(table), dtype=bool)
    first = first_of(trials, everyone)
    alive = first_of(trials, table.error.codes < 0)
    order = np.argsort(first, kind="stable")
    blocks = []
    for name in MEASURED:
        values = measured.get(name)
        if values is None or name in table.metrics:
            continue
        spoken = first_of(trials, ~np.isnan(values))
        systems = np.unique(table.system.codes[spoken[spoken >= 0]])
        chosen = order[np.isin(table.system.codes[first[order]], systems)]
        if len(chosen):
            value = np.where(spoken[chosen] >= 0, values[spoken[chosen]], np.nan)
            blocks.append(_Block(name, first[chosen], value, alive[chosen] < 0))
    return _extended(table, blocks) if blocks else table


class _Block:
    """Rows to add: `rows` are those of the table that they take system, case and so on from."""

    def __init__(self, metric: str, rows: Codes, score: Floats, failed: npt.NDArray[np.bool_]) -> None:
        self.metric = metric
        self.rows = rows
        self.score = score
        self.failed = failed


def _extended(table: ScoreTable, blocks: list[_Block]) -> ScoreTable:
    rows = np.concatenate([np.arange(len(table)), *(block.rows for block in blocks)])
    metrics = table.metric.values + tuple(block.metric for block in blocks)
    metric = [table.metric.codes]
    error = [table.error.codes]
    messages = {message: code for code, message in enumerate(table.error.values)}
    for offset, block in enumerate(blocks):
        metric.append(np.full(len(block.rows), len(table.metric.values) + offset, dtype=np.int32))
        codes = np.where(block.failed, table.error.codes[block.rows], -1).astype(np.int32)
        lacking = np.isnan(block.score) & (codes < 0)
        if lacking.any():
            codes[lacking] = messages.setdefault(f"NotRecorded: no {block.metric}", len(messages))
        error.append(codes)

    def taken(column: Column | None) -> Column | None:
        return None if column is None else Column(column.codes[rows], column.values)

    return replace(
        table,
        system=Column(table.system.codes[rows], table.system.values),
        case=Column(table.case.codes[rows], table.case.values),
        metric=Column(np.concatenate(metric), metrics),
        trial=table.trial[rows],
        score=np.concatenate([table.score, *(block.score for block in blocks)]),
        error=Column(np.concatenate(error), tuple(messages)),
        cluster=taken(table.cluster),
        weight=None if table.weight is None else table.weight[rows],
        slices={name: Column(column.codes[rows], column.values) for name, column in table.slices.items()},
        output_sha256=taken(table.output_sha256),
    )
