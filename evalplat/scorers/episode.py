"""EpisodeScorer: a check of a whole conversation; each says one thing, so that what failed says what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evalplat.records import Case, Episode, Failure, Record, Scenario, Score, ScoreFailure, ScoringContext

from .base import Judged, as_failure, as_score


class EpisodeOptions(Record):
    """None: what to look for stands in the scenario."""


@dataclass(frozen=True, slots=True)
class EpisodeCheck:
    """`says`: whether a scenario has such a check; `judge`: 1 where the conversation is right by it, and why."""

    says: Callable[[Scenario], bool]
    judge: Callable[[Scenario, Episode], Judged]


@dataclass(frozen=True, slots=True)
class EpisodeScorer:
    """A Scorer by a check of the episode. Cases whose scenario has no such check get no row; a trial without an answer
    is a failure with the trial's cause."""

    metric: str
    check: EpisodeCheck

    def applies(self, case: Case) -> bool:
        """Whether the scenario says what is looked for."""
        return case.scenario is not None and self.check.says(case.scenario)

    def score(self, context: ScoringContext) -> Score | ScoreFailure:
        """1 or 0; or the failure."""
        trial, scenario = context.trial, context.case.scenario
        if trial.failure is not None:
            return ScoreFailure(key=trial.key, metric=self.metric, failure=trial.failure)
        if trial.episode is None or scenario is None:
            failure = Failure(kind="NoEpisode", message="the trial has no conversation to look at")
            return ScoreFailure(key=trial.key, metric=self.metric, failure=failure)
        try:
            return as_score(trial, self.metric, self.check.judge(scenario, trial.episode))
        except Exception as err:  # noqa: BLE001 - a score is never lost: whatever a check raises is the record
            return as_failure(trial, self.metric, err)
