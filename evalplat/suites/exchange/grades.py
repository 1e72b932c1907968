"""TableGrades: a score table beside trajectories, which gives their clusters and more metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from evalplat.errors import LogError
from evalplat.records import Grade, Graded, ScoreTable, TrialKey

_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class TableGrades:
    """Rows of one system, by trial."""

    system: str
    _grades: dict[_Key, list[Grade]]
    _clusters: dict[str, str]
    _used: set[_Key] = field(default_factory=set)

    @classmethod
    def of(cls, table: ScoreTable) -> TableGrades:
        """Raises LogError where the table has several systems."""
        where = ", ".join(table.origin) or "the score table"
        if len(table.systems) != 1:
            raise LogError(f"has {len(table.systems)} systems, expected the one of the trajectories", where=where)
        cases, metrics, errors = table.case.decode(), table.metric.decode(), table.error.decode()
        clusters = table.cluster.decode() if table.cluster is not None else [None] * len(table)
        grades: dict[_Key, list[Grade]] = {}
        by_case: dict[str, str] = {}
        for row, (case, metric) in enumerate(zip(cases, metrics, strict=True)):
            score = float(table.score[row])
            given = Grade(metric=metric or "", score=None if math.isnan(score) else score, error=errors[row])
            grades.setdefault((case or "", int(table.trial[row])), []).append(given)
            cluster = clusters[row]
            if cluster is not None:
                by_case[case or ""] = cluster
        return cls(table.systems[0], grades, by_case)

    def cluster(self, key: TrialKey) -> str | None:
        """The cluster of the trial's case."""
        return self._clusters.get(key.case_id)

    def joined(self, one: Graded, where: str) -> Graded:
        """The trial with the table's metrics beside its own. Raises LogError where it lacks there or differs."""
        key = (one.trial.key.case_id, one.trial.key.trial)
        rows = self._grades.get(key)
        if rows is None:
            raise LogError(f"trial {key[1]} of case {key[0]!r} is not in the score table", where=where)
        self._used.add(key)
        own = {grade.metric: grade for grade in one.grades}
        for grade in rows:
            mine = own.setdefault(grade.metric, grade)
            if mine.score != grade.score and mine.error is None and grade.error is None:
                raise LogError(f"{grade.metric}: is {mine.score}, but {grade.score} in the score table", where=where)
        return one.model_copy(update={"grades": tuple(own.values())})

    def check_all_used(self, source: Path) -> None:
        """Raises LogError where the table has trials that the source has not."""
        missing = sorted(self._grades.keys() - self._used)
        if missing:
            case, trial = missing[0]
            raise LogError(f"lacks {len(missing)} trials of the score table, first trial {trial} of case {case!r}",
                           where=str(source))  # fmt: skip
