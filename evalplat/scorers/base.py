"""What a scorer is: one typed context in, one Score or failure out; and the two kinds that all of them are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from evalplat.records import Answer, Case, Failure, Score, ScoreFailure, ScoringContext, Trial

MAX_ANSWER_CHARS = 1_000_000
_MAX_EXPLANATION_CHARS = 400


class Scorer(Protocol):
    """Scores one trial by one metric. Never raises: what goes wrong is a ScoreFailure with its cause."""

    @property
    def metric(self) -> str:
        """Name of the metric."""
        ...

    def applies(self, case: Case) -> bool:
        """Whether this case has what the scorer looks for. Where not, there is no row."""
        ...

    def score(self, context: ScoringContext) -> Score | ScoreFailure:
        """The score of one trial."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A value, and why in words."""

    value: float
    why: str

    @classmethod
    def of(cls, right: bool, why: str) -> Judged:
        """1 where right, else 0."""
        return cls(1.0 if right else 0.0, why)


class CannotScore(Exception):
    """A check that could not be made; `kind` names the cause in the failure."""

    def __init__(self, kind: str, message: str, *, value: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.value = value


class Check(Protocol):
    """Looks at an answer. Raises CannotScore where it cannot tell."""

    def applies(self, case: Case) -> bool:
        """Whether the case says what the check needs."""
        ...

    def check(self, case: Case, answer: Answer) -> Judged:
        """The verdict on one answer."""
        ...


class Measure(Protocol):
    """Reads a figure off a trial, failed ones too. Raises CannotScore where it is not known."""

    def read(self, trial: Trial) -> Judged:
        """The figure."""
        ...


@dataclass(frozen=True, slots=True)
class AnswerScorer:
    """A Scorer by a check of the answer. A trial without an answer is a failure with the trial's cause."""

    metric: str
    check: Check

    def applies(self, case: Case) -> bool:
        """Whether the case says what the check needs."""
        return self.check.applies(case)

    def score(self, context: ScoringContext) -> Score | ScoreFailure:
        """1 for a right answer, 0 for a wrong one; or the failure."""
        trial = context.trial
        if trial.answer is None:
            failure = trial.failure or Failure(kind="NoAnswer", message="the trial has no answer")
            return ScoreFailure(key=trial.key, metric=self.metric, failure=failure)
        try:
            if len(trial.answer.text) > MAX_ANSWER_CHARS:
                raise CannotScore("AnswerTooLong", f"the answer has more than {MAX_ANSWER_CHARS} characters")
            judged = self.check.check(context.case, trial.answer)
            return as_score(trial, self.metric, judged)
        except Exception as err:  # noqa: BLE001 - a score is never lost: whatever a check raises is the record
            return as_failure(trial, self.metric, err)


@dataclass(frozen=True, slots=True)
class MeasureScorer:
    """A Scorer by a figure of the trial. A failed trial is a failure that carries what was measured."""

    metric: str
    measure: Measure

    def applies(self, case: Case) -> bool:  # noqa: ARG002 - every case has a latency, tokens and a cost
        """Always."""
        return True

    def score(self, context: ScoringContext) -> Score | ScoreFailure:
        """The figure; or the failure, with the figure where there is one."""
        trial = context.trial
        try:
            judged = self.measure.read(trial)
            if trial.failure is None:
                return as_score(trial, self.metric, judged)
            return ScoreFailure(key=trial.key, metric=self.metric, failure=trial.failure, value=judged.value)
        except Exception as err:  # noqa: BLE001 - as above
            failed = as_failure(trial, self.metric, err)
            return failed if trial.failure is None else failed.model_copy(update={"failure": trial.failure})


def shorten(text: str, limit: int = 60) -> str:
    """At most `limit` characters of it."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quoted(text: str, limit: int = 60) -> str:
    """A text between quotes, on one line, shortened."""
    return f"'{shorten(' '.join(text.split()), limit)}'"


def as_score(trial: Trial, metric: str, judged: Judged) -> Score:
    """The score of a trial, its explanation shortened."""
    why = shorten(judged.why, _MAX_EXPLANATION_CHARS)
    return Score(key=trial.key, metric=metric, value=judged.value, explanation=why)


def as_failure(trial: Trial, metric: str, err: Exception) -> ScoreFailure:
    """What a check raised, as a record."""
    kind = err.kind if isinstance(err, CannotScore) else type(err).__name__
    value = err.value if isinstance(err, CannotScore) else None
    message = shorten(" ".join(str(err).split()) or kind, _MAX_EXPLANATION_CHARS)
    return ScoreFailure(key=trial.key, metric=metric, failure=Failure(kind=kind, message=message), value=value)
