"""What counts as failed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evalplat.errors import InputError
from evalplat.records import (
    Answer,
    Case,
    Dataset,
    Evaluation,
    Failure,
    GatePolicy,
    Grade,
    Graded,
    MetricRule,
    ScorerSpec,
    Suite,
    Trial,
    TrialKey,
)
from evalplat.suites.curation import bad_scores, failed_cases

AT = datetime(2026, 3, 1, tzinfo=UTC)


def graded(case: str, number: int = 0, failure: str | None = None, **scores: float | None) -> Graded:
    trial = Trial(
        key=TrialKey(case_id=case, trial=number),
        seed=0,
        answer=None if failure else Answer(text="said"),
        failure=Failure(kind=failure, message="m") if failure else None,
        latency_s=0.1,
        started_at=AT,
    )
    grades = [
        Grade(metric=m, score=s, error=failure or ("JudgeBroken: x" if s is None else None)) for m, s in scores.items()
    ]
    return Graded(trial=trial, grades=tuple(grades))


def evaluation(*trials: Graded) -> Evaluation:
    ids = dict.fromkeys(one.trial.key.case_id for one in trials)
    cases = tuple(Case(id=case, input=f"question {case}") for case in ids)
    return Evaluation("v1", "s", "d", cases, trials, (ScorerSpec(metric="correct", kind="imported"),))


FOUND = evaluation(
    graded("right", correct=1, cost_usd=0, wordy=0.3),
    graded("wrong", 1, correct=0, cost_usd=0, wordy=0.9),
    graded("wrong", 0, correct=1, cost_usd=0, wordy=0.9),
    graded("crashed", failure="TargetFailed", correct=None, cost_usd=0),
    graded("unscored", correct=None, cost_usd=0, wordy=0.6),
)


def failed(**options):
    return {one.case_id: (one.trial.key.trial, one.failed) for one in failed_cases(FOUND, bad_scores(FOUND, **options))}


def test_a_trial_without_answer_or_with_a_zero_of_a_binary_metric_failed():
    # A scorer that broke is no failure of the system, nor is a cost of 0.
    assert failed() == {"wrong": (1, ("correct",)), "crashed": (0, ("TargetFailed",))}


def test_another_metric_needs_a_bound():
    with pytest.raises(InputError, match="'wordy' has other scores than 0 and 1"):
        failed(metrics=["wordy"])
    assert failed(metrics=["wordy"], below=0.5) == {"right": (0, ("wordy",)), "crashed": (0, ("TargetFailed",))}
    with pytest.raises(InputError, match="there is no 'nice'; there are correct, cost_usd, wordy"):
        failed(metrics=["nice"])


def test_where_lower_is_better_a_one_failed():
    rule = MetricRule(metric="correct", rule="non_inferiority", margin=0.1, direction="lower")
    suite = Suite(
        name="s",
        datasets=(Dataset(name="d", cases=FOUND.cases),),
        scorers=(ScorerSpec(metric="correct", kind="exact"),),
        policy=GatePolicy(metrics=(rule,)),
    )
    assert failed(suite=suite) == {
        "right": (0, ("correct",)),
        "wrong": (0, ("correct",)),
        "crashed": (0, ("TargetFailed",)),
    }


def test_what_the_suite_measures_by_another_name_is_no_failure():
    suite = Suite(
        name="s",
        datasets=(Dataset(name="d", cases=FOUND.cases),),
        scorers=(ScorerSpec(metric="correct", kind="latency"),),
    )
    assert failed(suite=suite) == {"crashed": (0, ("TargetFailed",))}
