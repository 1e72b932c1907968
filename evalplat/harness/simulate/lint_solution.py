"""Lint of the solution: played against the scenario's own checks, which it must all pass, and some of which fail
without it."""

from __future__ import annotations

from collections.abc import Iterator

from evalplat.records import Case, ModelUser, ScorerSpec, ScoringContext, Trial
from evalplat.records.suite import ScorerKind
from evalplat.scorers import build

from .instruments import reference
from .lint_found import Found
from .rehearse import idle, rehearse

KINDS: tuple[ScorerKind, ...] = (
    "end_state", "steps", "tools", "arguments", "never_said", "said", "resisted", "bounded", "finished",
)  # fmt: skip
_SCORERS = build([ScorerSpec(metric=kind, kind=kind) for kind in KINDS])


def checks_of_solution(case: Case) -> Iterator[Found]:
    """The reference agent, with all faults on; and an agent that does nothing."""
    scenario = case.scenario
    assert scenario is not None
    if not scenario.solution or isinstance(scenario.user, ModelUser):
        return
    trial = rehearse(case, reference)
    if trial.failure is not None:
        message = f"the solution cannot be played: {trial.failure.kind}: {trial.failure.message}"
        yield Found("solution_fails", ("solution",), message, "mend the solution, or the faults")
        return
    wrong = failed_checks(case, trial)
    for metric, why in wrong.items():
        message = f"the solution fails {metric}: {why}"
        yield Found("solution_fails", ("solution",), message, "mend the solution, or the check")
    if not wrong and any(step.call is not None for step in scenario.solution):
        nothing = rehearse(case, idle)
        if nothing.failure is None and not failed_checks(case, nothing):
            message = "an agent that calls nothing passes every check"
            yield Found("idle_passes", ("solution",), message, "check what the solution brings about")


def failed_checks(case: Case, trial: Trial) -> dict[str, str]:
    """Kind of each check that applies and is not passed, and why."""
    wrong: dict[str, str] = {}
    for scorer in _SCORERS:
        if scorer.applies(case):
            score = scorer.score(ScoringContext(case=case, trial=trial))
            if score.value != 1.0:
                wrong[scorer.metric] = getattr(score, "explanation", "") or str(getattr(score, "failure", ""))
    return wrong
