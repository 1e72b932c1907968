"""Evaluations of other tools as kept runs, and kept runs as evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from evalplat import __version__
from evalplat.gates import summarize
from evalplat.records import (
    Column,
    Dataset,
    Evaluation,
    Grade,
    Graded,
    Run,
    RunInfo,
    ScorerSpec,
    ScoreTable,
    Suite,
    Summary,
    TargetInfo,
    Trial,
    content_hash,
)

if TYPE_CHECKING:
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class Imported:
    """A kept run of another tool's outcomes. `notes` say what of the source is not in it."""

    run_id: str
    system: str
    summary: Summary
    n_cases: int
    n_trials: int
    n_failures: int
    notes: tuple[str, ...] = ()


def keep_evaluation(store: Store, found: Evaluation, *, ref: str) -> Imported:
    """Keep an evaluation as a run; the same content is the same run. Raises StoreError."""
    suite, run = _suite(found), _run(found, ref)
    table = _table(found, run)
    summary = summarize(table)
    store.save_run(run, suite, table, summary)
    store.log_traces(run.info.id, run.failures)
    return Imported(
        run.info.id, found.system, summary, len(found.cases), len(run.trials), len(run.failures), found.notes
    )


def keep_table(
    store: Store, part: ScoreTable, system: str, *, suite: str, ref: str, notes: tuple[str, ...] = ()
) -> Imported:
    """Keep the rows of one system of a score table as a run without trials; the same content is the same run."""
    info = _info_of_table(part, system, suite, ref)
    renamed = part.renamed(info.id)
    summary = summarize(renamed)
    store.save_scores(info, renamed, summary)
    keys = np.unique(np.stack([part.case.codes, part.trial]), axis=1)
    failures = max((entry.failures for entry in summary.systems), default=0)
    return Imported(info.id, system, summary, info.n_cases, keys.shape[1], failures, notes)


def evaluation_of(store: Store, run_id: str) -> Evaluation:
    """A kept run with its trials. Raises ReferenceUnknown, also where only scores were kept."""
    run, suite, table = store.load_run(run_id), store.load_suite(run_id), store.load_scores(run_id)
    grades: dict[tuple[str, int], list[Grade]] = {}
    cases, metrics, errors = table.case.decode(), table.metric.decode(), table.error.decode()
    for row, score in enumerate(table.score.tolist()):
        grade = Grade(metric=metrics[row] or "", score=None if np.isnan(score) else score, error=errors[row])
        grades.setdefault((cases[row] or "", int(table.trial[row])), []).append(grade)
    used = dict.fromkeys(metric for metric in metrics if metric is not None)
    return Evaluation(
        system=run.info.target.name,
        suite=suite.name,
        dataset=suite.datasets[0].name if len(suite.datasets) == 1 else suite.name,
        cases=suite.cases,
        trials=tuple(
            Graded(trial=trial, grades=tuple(grades.get((trial.key.case_id, trial.key.trial), ())))
            for trial in run.trials
        ),
        scorers=tuple(ScorerSpec(metric=spec.metric, kind="imported") for spec in suite.scorers if spec.metric in used),
        seed=suite.seed,
    )


def _suite(found: Evaluation) -> Suite:
    return Suite(
        name=found.suite,
        datasets=(Dataset(name=found.dataset, cases=found.cases),),
        scorers=found.scorers,
        trials=_n_trials(found),
        seed=found.seed,
    )


def _run(found: Evaluation, ref: str) -> Run:
    now, digest = datetime.now(UTC), found.digest
    info = RunInfo(
        id=f"import-{digest[:12]}",
        suite=found.suite,
        suite_fingerprint=_suite(found).fingerprint,
        # Of a system that is not at hand nothing but what it did can tell whether it is the same.
        target=TargetInfo(kind="imported", ref=ref, name=found.system, fingerprint=digest),
        trials=_n_trials(found),
        seed=found.seed,
        n_cases=len(found.cases),
        created_at=now,
        closed_at=now,
        version=__version__,
    )
    return Run(info=info, trials=tuple(one.trial for one in _ordered(found)))


def _ordered(found: Evaluation) -> list[Graded]:
    """As the cases are ordered, then by trial."""
    place = {case.id: at for at, case in enumerate(found.cases)}
    return sorted(found.trials, key=lambda one: (place[one.trial.key.case_id], one.trial.key.trial))


def _n_trials(found: Evaluation) -> int:
    return max(one.trial.key.trial for one in found.trials) + 1


def _table(found: Evaluation, run: Run) -> ScoreTable:
    """Grades as columns, a row a grade, in the order of the trials."""
    cases = {case.id: case for case in found.cases}
    rows: list[tuple[Trial, Grade]] = [(one.trial, grade) for one in _ordered(found) for grade in one.grades]
    of = [cases[trial.key.case_id] for trial, _ in rows]
    scores = [grade.score for _, grade in rows]
    cluster = Column.of([case.cluster for case in of])
    weight = np.array([case.weight for case in of], dtype=np.float64)
    names = sorted({name for case in found.cases for name in case.slices})
    return ScoreTable(
        system=Column.of([run.info.id] * len(rows)),
        case=Column.of([trial.key.case_id for trial, _ in rows]),
        metric=Column.of([grade.metric for _, grade in rows]),
        trial=np.array([trial.key.trial for trial, _ in rows], dtype=np.int32),
        score=np.array([np.nan if score is None else score for score in scores], dtype=np.float64),
        error=Column.of([grade.error for _, grade in rows]),
        cluster=cluster if cluster.values else None,
        weight=None if np.all(weight == 1.0) else weight,
        slices={f"slice.{name}": Column.of([case.slices.get(name) for case in of]) for name in names},
        output_sha256=Column.of([trial.output_sha256 for trial, _ in rows]),
        origin=(run.info.id,),
    )


def _info_of_table(part: ScoreTable, system: str, suite: str, ref: str) -> RunInfo:
    fingerprint = content_hash(
        {
            "suite": suite,
            "case": part.case.decode(),
            "metric": part.metric.decode(),
            "trial": part.trial.tolist(),
            "score": [None if np.isnan(score) else score for score in part.score.tolist()],
            "error": part.error.decode(),
        }
    )
    now = datetime.now(UTC)
    return RunInfo(
        id=f"import-{fingerprint[:12]}",
        suite=suite,
        suite_fingerprint=content_hash(sorted(set(part.case.values))),
        target=TargetInfo(kind="imported", ref=ref, name=system, fingerprint=fingerprint),
        trials=int(part.trial.max()) + 1,
        seed=0,
        n_cases=len(np.unique(part.case.codes)),
        created_at=now,
        closed_at=now,
        version=__version__,
    )
