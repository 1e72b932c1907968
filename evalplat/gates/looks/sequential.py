"""Sequential: what is known so far -> the next batch of cases, or the decision. A pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from evalplat.gates.anchor import against_anchor
from evalplat.gates.compare import compare
from evalplat.gates.decide import decide
from evalplat.gates.stage import Stage
from evalplat.records import Comparison, Decision, GatePolicy, Look, MetricDecision, ScoreTable
from evalplat.stats import EARLY, STEADY

from .look import look_of
from .schedule import Schedule
from .track import Track


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that a sequential gate knows. `table` has the whole baseline, and the candidate's trials of `done` looks."""

    table: ScoreTable
    policy: GatePolicy
    baseline: str
    candidate: str
    schedule: Schedule
    done: int
    anchor: str | None = None
    """System of an earlier release in `table`, that the candidate is gated against too."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Run these cases, then come again with one look more. None: an extended test asks for further trials of all."""

    look: int
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """The decision, with all looks. `comparison` is that of the last look."""

    decision: Decision
    comparison: Comparison


def next_step(state: State) -> Continue | Stop:
    """The first look, of those whose trials are there, that ends the test; else the batch of the next one.

    Each look is computed anew from the trials, so that a gate that was interrupted comes to the same looks.
    """
    tests = [_Test(state.policy, state.baseline)]
    if state.anchor is not None:
        tests.append(_Test(against_anchor(state.policy), state.anchor))
    looks: list[Look] = []
    total = len(state.schedule.cases)
    for number in range(1, state.done + 1):
        if number < total and not _can_look(state, number):
            continue
        comparisons = [test.look(state, number) for test in tests]
        decision = decide(comparisons[0], state.policy, anchor=comparisons[1] if state.anchor is not None else None)
        looks.append(look_of(number, decision, state.schedule))
        stopped = _stopped(state, number, decision, tests, comparisons)
        if stopped is not None:
            metrics = decision.metrics if total == 1 else tests[0].unbiased(decision.metrics)
            update = {"looks": tuple(looks), "stopped": stopped, "metrics": metrics}
            return Stop(decision.model_copy(update=update), comparisons[0])
    start = state.schedule.cases[state.done - 1] if state.done else 0
    return Continue(state.done + 1, state.schedule.order[start : state.schedule.cases[state.done]])


def _can_look(state: State, number: int) -> bool:
    """Whether every kind of cluster has been met, and every metric has a score of both systems."""
    if state.schedule.unseen(number):
        return False
    part = _seen(state, number)
    systems = [state.baseline, state.candidate, *([state.anchor] if state.anchor is not None else [])]
    metrics = [part.metric.code_of(rule.metric) for rule in state.policy.metrics]
    return all(
        bool(((part.system.codes == part.system.code_of(system)) & (part.metric.codes == metric)).any())
        for system in systems
        for metric in metrics
    )


def _stopped(
    state: State, number: int, decision: Decision, tests: Sequence[_Test], comparisons: Sequence[Comparison]
) -> Literal["decided", "end", "futility"] | None:
    if decision.verdict != "inconclusive":
        return "decided"
    if number == len(state.schedule.cases):
        return "end"
    if not _may_give_up(state.policy) or any(
        one.verdict == "fail" for one in decision.metrics if one.comparison.gating
    ):
        return None  # a drop that Holm does not confirm yet may be confirmed at a later look
    to_come = [state.schedule.share(look) for look in range(number + 1, len(state.schedule.cases) + 1)]
    pairs = zip(tests, comparisons, strict=True)
    return "futility" if any(test.hopeless(comparison, to_come) for test, comparison in pairs) else None


def _may_give_up(policy: GatePolicy) -> bool:
    """Whether the test ends where a pass is out of reach; the test for fail then spends its error early."""
    return policy.stopping.futility and policy.on_inconclusive != "extend"


class _Test:
    """The candidate against one other system, through the looks."""

    def __init__(self, policy: GatePolicy, baseline: str) -> None:
        self._policy, self._baseline = policy, baseline
        self._tracks = [Track(EARLY if _may_give_up(policy) else STEADY) for _ in policy.metrics]

    def look(self, state: State, number: int) -> Comparison:
        """The comparison at one look, at this look's levels; what is too early to be tested is marked so."""
        last = number == len(state.schedule.cases)
        share = state.schedule.share(number)
        levels = tuple(
            track.levels(rule, share) for rule, track in zip(self._policy.metrics, self._tracks, strict=True)
        )
        comparison = compare(
            _seen(state, number),
            self._policy,
            baseline=self._baseline,
            candidate=state.candidate,
            lacking="failed",
            stage=Stage(levels, len(state.schedule.order)),
        )
        found = [track.seen(one, share, last=last) for one, track in zip(comparison.metrics, self._tracks, strict=True)]
        return comparison.model_copy(update={"metrics": tuple(found)})

    def hopeless(self, comparison: Comparison, to_come: Sequence[float]) -> bool:
        """Whether some gating metric can no longer be hoped to pass."""
        pairs = zip(comparison.metrics, self._tracks, strict=True)
        return any(one.gating and track.hopeless(one, to_come) for one, track in pairs)

    def unbiased(self, metrics: Sequence[MetricDecision]) -> tuple[MetricDecision, ...]:
        """The metrics with their median-unbiased differences."""
        return tuple(
            one.model_copy(update={"comparison": track.unbiased(one.comparison)})
            for one, track in zip(metrics, self._tracks, strict=True)
        )


def _seen(state: State, number: int) -> ScoreTable:
    """Rows of both systems on the cases of the looks so far, with what each case stands for."""
    table, seen = state.table, set(state.schedule.order[: state.schedule.cases[number - 1]])
    inside = np.array([name in seen for name in table.case.values], dtype=bool)
    rows = inside[table.case.codes]
    if state.schedule.trials:
        later = table.trial >= state.schedule.trials[number - 1]
        rows &= ~(later & (table.system.codes == table.system.code_of(state.candidate)))
    part = table.of_rows(rows)
    weights = state.schedule.weights(number)
    if weights is None:
        return part
    by_case = np.array([weights.get(name, 1.0) for name in part.case.values])
    own = np.ones(len(part)) if part.weight is None else part.weight
    return replace(part, weight=own * by_case[part.case.codes])
