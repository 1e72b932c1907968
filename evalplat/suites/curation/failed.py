"""Which trials of an evaluation failed, and on what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evalplat.errors import InputError
from evalplat.records import Evaluation, GatePolicy, Grade, Graded, Suite, Trial

MEASURED = frozenset({"latency_s", "tokens", "total_tokens", "cost_usd", "turns", "tool_calls"})
"""Names of metrics that say how much, not whether it was right."""

_MEASURED_KINDS = frozenset({"latency", "tokens", "cost"})


@dataclass(frozen=True, slots=True)
class FailedCase:
    """A case of which a trial failed: the first such trial, and on what any of them failed, sorted."""

    case_id: str
    trial: Trial
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bad:
    """What counts as failed: a score of 0 (1 where lower is better) of these metrics, or one below `below`."""

    metrics: tuple[str, ...]
    below: float | None
    lower: frozenset[str]

    def is_bad(self, metric: str, score: float) -> bool:
        """Whether this score is a failure. Raises nothing: metrics that are not looked at never fail."""
        if metric not in self.metrics:
            return False
        if metric in self.lower:
            return score > (0.0 if self.below is None else self.below)
        return score < (1.0 if self.below is None else self.below)


def bad_scores(
    found: Evaluation,
    *,
    metrics: Sequence[str] = (),
    below: float | None = None,
    suite: Suite | None = None,
) -> Bad:
    """What counts as a failure in this evaluation.

    Without `metrics`: all whose scores are 0 or 1 only and which do not measure time, tokens or money. A metric with
    other scores needs `below`. Where the suite's policy says that lower is better, a score above `below` (0) fails.
    Raises InputError for an unknown metric, and for one with other scores than 0 and 1 without `below`.
    """
    measured = (
        set(MEASURED) | {spec.metric for spec in suite.scorers if spec.kind in _MEASURED_KINDS} if suite else MEASURED
    )
    scores: dict[str, set[float]] = {}
    for one in found.trials:
        for grade in one.grades:
            scores.setdefault(grade.metric, set()).update(() if grade.score is None else (grade.score,))
    binary = {metric for metric, values in scores.items() if values <= {0.0, 1.0}}
    for metric in metrics:
        if metric not in scores:
            raise InputError(f"--metric: there is no {metric!r}; there are {', '.join(sorted(scores)) or 'none'}")
        if metric not in binary and below is None:
            raise InputError(f"--metric: {metric!r} has other scores than 0 and 1: say with --below which of them fail")
    chosen = tuple(metrics) or tuple(sorted(binary - set(measured)))
    return Bad(chosen, below, _lower(suite.policy if suite is not None else None))


def failed_cases(found: Evaluation, bad: Bad) -> tuple[FailedCase, ...]:
    """Cases with a trial that has no answer or a bad score, in the order of the evaluation's cases."""
    first: dict[str, Trial] = {}
    reasons: dict[str, set[str]] = {}
    for one in sorted(found.trials, key=lambda one: one.trial.key.trial):
        why = _reasons(one, bad)
        if why:
            first.setdefault(one.trial.key.case_id, one.trial)
            reasons.setdefault(one.trial.key.case_id, set()).update(why)
    return tuple(
        FailedCase(case.id, first[case.id], tuple(sorted(reasons[case.id]))) for case in found.cases if case.id in first
    )


def _reasons(one: Graded, bad: Bad) -> Collection[str]:
    if one.trial.failure is not None:
        return {one.trial.failure.kind}
    return {grade.metric for grade in one.grades if _is_bad(grade, bad)}


def _is_bad(grade: Grade, bad: Bad) -> bool:
    return grade.score is not None and grade.error is None and bad.is_bad(grade.metric, grade.score)


def _lower(policy: GatePolicy | None) -> frozenset[str]:
    return frozenset(rule.metric for rule in policy.metrics if rule.direction == "lower") if policy else frozenset()
