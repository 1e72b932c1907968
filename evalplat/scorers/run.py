"""score_run: a run's trials into scores; score_table: scores into columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalplat.errors import ReferenceUnknown
from evalplat.records import Column, Run, Score, ScoreFailure, ScoreTable, ScoringContext, Suite

from .build import build


@dataclass(frozen=True, slots=True)
class Scored:
    """All scores of a run: trial by trial as in the run, and within a trial in the order of the suite's scorers."""

    scores: tuple[Score | ScoreFailure, ...]

    @property
    def failures(self) -> tuple[ScoreFailure, ...]:
        """The scores that could not be had."""
        return tuple(score for score in self.scores if isinstance(score, ScoreFailure))


def score_run(suite: Suite, run: Run) -> Scored:
    """Score every trial by every scorer that applies to its case.

    Raises SpecError for a scorer's option and ReferenceUnknown for a trial whose case is not in the suite.
    """
    scorers = build(suite.scorers)
    cases = {case.id: case for case in suite.cases}
    scores: list[Score | ScoreFailure] = []
    for trial in run.trials:
        case = cases.get(trial.key.case_id)
        if case is None:
            raise ReferenceUnknown(f"case {trial.key.case_id!r} of run {run.info.id} is not in suite {suite.name!r}")
        context = ScoringContext(case=case, trial=trial)
        scores.extend(scorer.score(context) for scorer in scorers if scorer.applies(case))
    return Scored(tuple(scores))


def score_table(scored: Scored, suite: Suite, run: Run, system: str) -> ScoreTable:
    """The scores as columns, one row a score, in their order; `system` names the run in it.

    A failure's error is `Kind: message`. Slices are columns `slice.NAME`; weights that are all 1 are left out.
    """
    scores = scored.scores
    cases = {case.id: case for case in suite.cases}
    rows = [cases[score.key.case_id] for score in scores]
    outputs = {trial.key: trial.output_sha256 for trial in run.trials}
    names = sorted({name for case in rows for name in case.slices})
    cluster = Column.of([case.cluster for case in rows])
    weight = np.array([case.weight for case in rows], dtype=np.float64)
    values = [score.value for score in scores]
    return ScoreTable(
        system=Column.of([system] * len(scores)),
        case=Column.of([case.id for case in rows]),
        metric=Column.of([score.metric for score in scores]),
        trial=np.array([score.key.trial for score in scores], dtype=np.int32),
        score=np.array([np.nan if value is None else value for value in values], dtype=np.float64),
        error=Column.of([_error(score) for score in scores]),
        cluster=cluster if cluster.values else None,
        weight=None if np.all(weight == 1.0) else weight,
        slices={f"slice.{name}": Column.of([case.slices.get(name) for case in rows]) for name in names},
        output_sha256=Column.of([outputs[score.key] for score in scores]),
        origin=(run.info.id,),
    )


def _error(score: Score | ScoreFailure) -> str | None:
    return f"{score.failure.kind}: {score.failure.message}" if isinstance(score, ScoreFailure) else None
