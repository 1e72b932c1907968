"""Weights from production traffic: cases count as often as what they stand for occurs."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Weighing
from evalplat.suites.files import read_text

from .read import Cases

_MAX_BYTES = 16 * 2**20
_PREFIX = "slice."

Cell = tuple[str, ...]
"""A value of each slice of the table."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Shares of traffic by cell, summing to 1."""

    where: str
    slices: tuple[str, ...]
    shares: Mapping[Cell, float]


def load_traffic(path: Path | str) -> Traffic:
    """A CSV table with a header: one or more slices (`topic` or `slice.topic`), then `share` (or counts) last.

    Several slices are a table of their combinations. Shares are scaled to sum to 1. Raises InputError naming file,
    row and column.
    """
    path = Path(path)
    where = str(path)
    text = read_text(path, limit=_MAX_BYTES, error=InputError)
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as err:
        raise InputError(f"is not CSV: {err}", where=where) from err
    if not rows or len(rows[0]) < 2 or rows[0][-1].strip() not in ("share", "count"):
        raise InputError("expected a header such as `topic,share`: slices, then `share` or `count`", where=where)
    slices = tuple(name.strip().removeprefix(_PREFIX) for name in rows[0][:-1])
    if len(set(slices)) != len(slices) or not all(slices):
        raise InputError("row 1: a slice has no name, or occurs twice", where=where)
    shares: dict[Cell, float] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(slices) + 1:
            raise InputError(f"row {number}: expected {len(slices) + 1} columns, found {len(row)}", where=where)
        cell = tuple(value.strip() for value in row[:-1])
        if cell in shares:
            raise InputError(f"row {number}: {_named(slices, cell)} occurs twice", where=where)
        shares[cell] = _share(row[-1], f"{where}: row {number}, column {rows[0][-1].strip()}")
    total = math.fsum(shares.values())
    if not total > 0:
        raise InputError("no share is above 0", where=where)
    return Traffic(where, slices, {cell: share / total for cell, share in shares.items()})


def weigh(cases: Cases, traffic: Traffic) -> Weighing:
    """The weight of each cell's cases: its share of the traffic over its share of the cases, so that the mean is 1.

    Traffic without a case cannot be stood for: it is `uncovered`, and the rest is scaled up to take its place.
    Raises CaseError for a case whose cell has no share, for its weight would be 0.
    """
    counts: Counter[Cell] = Counter(cell_of(case, traffic, cases.where) for _, case in cases.read())
    n_cases = counts.total()
    uncovered = {cell: share for cell, share in traffic.shares.items() if share > 0 and cell not in counts}
    covered = 1 - math.fsum(uncovered.values())
    weights = {cell: traffic.shares[cell] / covered * n_cases / count for cell, count in counts.items()}
    squares = math.fsum(weight**2 * counts[cell] for cell, weight in weights.items())
    return Weighing(
        slices=traffic.slices,
        n_cases=n_cases,
        effective_cases=n_cases**2 / squares,
        uncovered={_named(traffic.slices, cell): share for cell, share in sorted(uncovered.items())},
        weights={_named(traffic.slices, cell): weights[cell] for cell in sorted(weights)},
    )


def weighed(case: Case, traffic: Traffic, weighing: Weighing, where: str) -> Case:
    """The case with its weight."""
    cell = cell_of(case, traffic, where)
    return case.model_copy(update={"weight": weighing.weights[_named(traffic.slices, cell)]})


def cell_of(case: Case, traffic: Traffic, where: str) -> Cell:
    """Where the case is in the table. Raises CaseError where it has no place there, or one without traffic."""
    for name in traffic.slices:
        if name not in case.slices:
            raise CaseError(f"case {case.id!r} has no slice {name!r}, which {traffic.where} goes by", where=where)
    cell = tuple(case.slices[name] for name in traffic.slices)
    if not traffic.shares.get(cell, 0) > 0:
        raise CaseError(
            f"case {case.id!r}: {traffic.where} has no traffic for {_named(traffic.slices, cell)}, so it would weigh "
            "nothing: give it a share, or take the case out",
            where=where,
        )
    return cell


def _share(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError as err:
        raise InputError(f"expected a number, found {text!r}", where=where) from err
    if not 0 <= value < math.inf:
        raise InputError(f"expected a number of 0 or more, found {text!r}", where=where)
    return value


def _named(slices: Cell, cell: Cell) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(slices, cell, strict=True))
