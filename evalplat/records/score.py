"""Score: a value with its explanation, or a failure with its cause; ScoreTable: many of them as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pydantic import Field

from .base import Name, Record
from .case import Case
from .trial import Failure, Trial, TrialKey


class ScoringContext(Record):
    """The sole input of every scorer. `trial.answer` is there: a failed trial is not handed to content scorers."""

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
