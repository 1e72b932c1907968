"""Score: a value with its explanation, or a failure with its cause; ScoreTable: many of them as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from pydantic import Field

from .base import Name, Record
from .case import Case
from .trial import Failure, Trial, TrialKey


class ScoringContext(Record):
    """The sole input of every scorer. A content scorer gives the failure of a trial that has no answer back."""

    case: Case
    trial: Trial


class Score(Record):
    """A finite value of one metric for one trial."""

    key: TrialKey
    metric: Name
    value: float
    explanation: str = ""


class ScoreFailure(Record):
    """A score that could not be had, with its cause; `value` is what was measured all the same (cost, latency)."""

    key: TrialKey
    metric: Name
    failure: Failure
    value: float | None = Field(default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A dictionary-encoded text column: `values[codes[i]]` is row i; code -1 is absent."""

    codes: npt.NDArray[np.int32]
    values: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Column:
        """Encode a sequence of texts; None is absent. Values keep the order of first appearance."""
        index: dict[str, int] = {}
        codes = [-1 if text is None else index.setdefault(text, len(index)) for text in texts]
        return cls(np.asarray(codes, dtype=np.int32), tuple(index))

    def decode(self) -> list[str | None]:
        """The texts, row by row."""
        return [None if code < 0 else self.values[code] for code in self.codes]

    def code_of(self, value: str) -> int:
        """Code of `value`, or -2 where it does not occur."""
        try:
            return self.values.index(value)
        except ValueError:
            return -2


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """One row for a system, case, trial and metric; all columns have one length.

    `score` is NaN only where `error` is present; both may be present (an unbounded metric of a failed trial).
    `origin` names the files or runs that the rows came from.
    """

    system: Column
    case: Column
    metric: Column
    trial: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]
    error: Column
    cluster: Column | None = None
    weight: npt.NDArray[np.float64] | None = None
    slices: Mapping[str, Column] = field(default_factory=dict)
    output_sha256: Column | None = None
    origin: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.score)

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems."""
        return self.system.values

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return self.metric.values

    def of_cases(self, column: Column) -> npt.NDArray[np.int64]:
        """By case code, the code of a column that belongs to the case; -1 where no row says it.

        Raises ValueError naming the case where two rows contradict each other.
        """
        by_case = np.full(len(self.case.values), -1, dtype=np.int64)
        present = column.codes >= 0
        by_case[self.case.codes[present]] = column.codes[present]
        differs = present & (by_case[self.case.codes] != column.codes)
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            case = self.case.values[self.case.codes[row]]
            one, other = column.values[column.codes[row]], column.values[by_case[self.case.codes[row]]]
            raise ValueError(f"case {case!r} is in both {one!r} and {other!r}")
        return by_case

    def of_system(self, system: str) -> ScoreTable:
        """The rows of one system."""
        return self.of_rows(self.system.codes == self.system.code_of(system))

    def of_rows(self, wanted: npt.NDArray[np.bool_]) -> ScoreTable:
        """The rows where `wanted` (n,) is true; texts that no row has any more are dropped."""
        rows = np.flatnonzero(wanted)

        def part(column: Column) -> Column:
            used, codes = np.unique(column.codes[rows], return_inverse=True)
            if len(used) and used[0] < 0:
                codes = codes - 1
            return Column(codes.astype(np.int32), tuple(column.values[code] for code in used if code >= 0))

        return ScoreTable(
            system=part(self.system),
            case=part(self.case),
            metric=part(self.metric),
            trial=self.trial[rows],
            score=self.score[rows],
            error=part(self.error),
            cluster=None if self.cluster is None else part(self.cluster),
            weight=None if self.weight is None else self.weight[rows],
            slices={name: part(column) for name, column in self.slices.items()},
            output_sha256=None if self.output_sha256 is None else part(self.output_sha256),
            origin=self.origin,
        )

    def renamed(self, system: str) -> ScoreTable:
        """The rows of a table of one system, under another name."""
        if len(self.system.values) != 1:
            raise ValueError(f"a table of one system can be renamed, this has {len(self.system.values)}")
        return replace(self, system=Column(self.system.codes, (system,)))

    @classmethod
    def concat(cls, tables: Sequence[ScoreTable]) -> ScoreTable:
        """Rows of all tables, in order. A column that only some have is absent in the rows of the others."""

        def texts(column: Callable[[ScoreTable], Column | None]) -> Column | None:
            parts = [column(table) for table in tables]
            if all(part is None for part in parts):
                return None
            return _joined([part or _absent(len(table)) for part, table in zip(parts, tables, strict=True)])

        def whole(column: Callable[[ScoreTable], Column]) -> Column:
            return _joined([column(table) for table in tables])

        names = dict.fromkeys(name for table in tables for name in table.slices)
        weighted = any(table.weight is not None for table in tables)
        known: dict[str, float] = {}
        for table in tables:
            if table.weight is not None:
                known.update(zip((table.case.values[code] for code in table.case.codes), table.weight, strict=True))
        return cls(
            system=whole(lambda table: table.system),
            case=whole(lambda table: table.case),
            metric=whole(lambda table: table.metric),
            trial=np.concatenate([table.trial for table in tables]),
            score=np.concatenate([table.score for table in tables]),
            error=whole(lambda table: table.error),
            cluster=texts(lambda table: table.cluster),
            weight=np.concatenate([_weight(table, known) for table in tables]) if weighted else None,
            slices={name: texts(lambda table, name=name: table.slices.get(name)) for name in names},  # type: ignore[misc]
            output_sha256=texts(lambda table: table.output_sha256),
            origin=tuple(origin for table in tables for origin in table.origin),
        )


def _joined(columns: Sequence[Column]) -> Column:
    index: dict[str, int] = {}
    parts = []
    for column in columns:
        recode = np.array([index.setdefault(value, len(index)) for value in column.values] + [-1], dtype=np.int32)
        parts.append(recode[column.codes])
    return Column(np.concatenate(parts), tuple(index))


def _absent(length: int) -> Column:
    return Column(np.full(length, -1, dtype=np.int32), ())


def _weight(table: ScoreTable, known: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Weights belong to cases: a table without them takes those of the others."""
    if table.weight is not None:
        return table.weight
    by_case = np.array([known.get(case, 1.0) for case in table.case.values])
    weights: npt.NDArray[np.float64] = by_case[table.case.codes]
    return weights
