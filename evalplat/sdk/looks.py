"""Looks: a gate that runs the candidate itself, whole clusters at a time, and ends as soon as it may."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evalplat.errors import InputError
from evalplat.gates import Schedule, State, Stop, attempted, next_step, schedule
from evalplat.records import Calls, Decision, GatePolicy, Protocol, Run, ScoreTable, Suite, TargetInfo
from evalplat.scorers import build, score_run, score_table

from .anchor import anchor_of
from .attempts import earlier_of
from .baseline import Baseline, looked_at_again
from .command import command
from .gated import Gated, KeptRun, conclude, named
from .loop import run_to_end
from .run import How, RunDone, keep, opened, summarized
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.harness import Ledger, Target
    from evalplat.store import Store


def gate_by_looks(
    suite: Suite,
    baseline: Baseline,
    candidate: str,
    policy: GatePolicy,
    how: How,
    *,
    place: Workspace,
    store: Store,
    refs: tuple[str, str],
) -> Gated:
    """Run the target `candidate` on `suite` look by look against a kept baseline, until the gate may stop.

    What is tested, and when, is frozen into the candidate's run before its first trial. The same call after a crash
    goes on with that run; after its end it gives the same decision from the kept trials, as one attempt more.
    """
    build(suite.scorers)
    _check_questions(baseline.kept, suite)
    target = opened(candidate, how, place).info
    seed = _seed(suite, baseline.kept, target)
    with place.ledger() as ledger:
        begun = _of_this_change(ledger, suite, baseline.kept, target)
        if begun is None:
            base = looked_at_again(baseline, policy, how, seed=seed, place=place, store=store)
        else:
            base = replace(baseline, kept=KeptRun.load(store, begun[0].baseline_run))
        anchor = anchor_of(store, policy, base.kept, target.fingerprint)
        plan = _Plan.of(suite, base.kept, anchor, policy, seed)
        loop = _Steered(suite, base.kept, anchor, plan, how, place, ledger, begun)
        steered = run_to_end(loop.run(candidate, policy))
    cand = KeptRun(steered.done.run.info, steered.done.table, steered.done.run, suite)
    decision = named(steered.decision, base.kept, cand, refs)
    decision = attempted(decision, earlier_of(store, base.kept, cand))
    calls = Calls(
        candidate=steered.done.n_trials,
        largest=plan.protocol.largest,
        baseline_run=base.trials_run,
        baseline_kept=0 if base.fresh or base.kept.run is None else len(base.kept.run.trials),
    )
    decision = decision.model_copy(update={"calls": calls, "findings": (*base.findings, *decision.findings)})
    keep(store, steered.done)
    table = ScoreTable.concat([base.kept.scores, steered.done.table])
    return conclude(store, decision, table, base.kept, cand, command=command())


@dataclass(frozen=True, slots=True)
class _Plan:
    """The schedule, and what of it is frozen."""

    schedule: Schedule
    protocol: Protocol

    @classmethod
    def of(cls, suite: Suite, base: KeptRun, anchor: KeptRun | None, policy: GatePolicy, seed: int) -> _Plan:
        # Exactly these cases: each stands for itself, and what they share is no noise.
        grouped = policy.model_copy(update={"cluster": "none"}) if policy.estimand == "suite" else policy
        order = schedule(base.scores, grouped, baseline=base.run_id, looks=policy.stopping.looks, seed=seed)
        cluster = None if grouped.cluster == "none" else grouped.cluster or "cluster"
        protocol = Protocol(
            policy_sha256=policy.content_hash,
            suite_sha256=suite.fingerprint,
            baseline=base.fingerprint,
            baseline_run=base.run_id,
            anchor_run=None if anchor is None else anchor.run_id,
            cluster=cluster if base.scores.cluster is not None or cluster != "cluster" else None,
            order_seed=seed,
            order_sha256=order.order_sha256,
            cases=order.cases,
            clusters=order.clusters,
            trials=suite.trials,
        )
        return cls(order, protocol)


_Begun = tuple[Protocol, str]
"""A protocol, and the id of the run that was begun under it."""


@dataclass(frozen=True, slots=True)
class _Done:
    decision: Decision
    done: RunDone


@dataclass(frozen=True, slots=True)
class _Steered:
    """The loop: run a look, score it, ask the gate."""

    suite: Suite
    base: KeptRun
    anchor: KeptRun | None
    plan: _Plan
    how: How
    place: Workspace
    ledger: Ledger
    begun: _Begun | None

    async def run(self, candidate: str, policy: GatePolicy) -> _Done:
        from evalplat.harness import advance, require_some_success

        run_id, target = await self._open(candidate)
        try:
            run, done = self.ledger.run(run_id), 0
            while True:
                step = next_step(self._state(run, policy, done))
                if isinstance(step, Stop):
                    break
                batch = self.plan.schedule.order[: self.plan.schedule.cases[step.look - 1]]
                run = await advance(
                    self.suite, target, self.ledger, run_id, batch,
                    concurrency=self.how.concurrency, progress=self.how.progress,
                )  # fmt: skip
                require_some_success(run)
                done = step.look
        finally:
            await target.aclose()
        self.ledger.close_run(run_id, datetime.now(UTC), looks=len(step.decision.looks))
        return _Done(step.decision, summarized(self.suite, self.ledger.run(run_id)))

    async def _open(self, candidate: str) -> tuple[str, Target]:
        """The run that this very gate has begun; else a new one, with the trials that this change has already."""
        from evalplat.harness import freeze, new_run_id

        same = self.begun is not None and self.begun[0] == self.plan.protocol
        run_id = self.begun[1] if same and self.begun is not None else new_run_id()
        spent = self.ledger.tally(run_id).usage if same else None
        target = opened(candidate, self.how, self.place, run_id=run_id, spent=spent)
        if not same:
            await target.prepare()
            info = freeze(self.suite, target.info, run_id, datetime.now(UTC), protocol=self.plan.protocol)
            self.ledger.create_run(info, self.suite)
            if self.begun is not None:
                self.ledger.record(run_id, *self.ledger.trials(self.begun[1]))
        if self.how.started is not None:
            self.how.started(run_id)
        return run_id, target

    def _state(self, run: Run, policy: GatePolicy, done: int) -> State:
        table = score_table(score_run(self.suite, run), self.suite, run, run.info.id)
        before = [self.base.scores, *([self.anchor.scores] if self.anchor is not None else [])]
        return State(
            table=ScoreTable.concat([*before, table]),
            policy=policy,
            baseline=self.base.run_id,
            candidate=run.info.id,
            schedule=self.plan.schedule,
            done=done,
            anchor=None if self.anchor is None else self.anchor.run_id,
        )


def _check_questions(base: KeptRun, suite: Suite) -> None:
    if base.questions != suite.questions_sha256:
        raise InputError(
            f"run {base.run_id} is of other cases or scorers than suite {suite.name} has now; "
            "name the baseline's agent, so that it is run on these"
        )


def _seed(suite: Suite, base: KeptRun, target: TargetInfo) -> int:
    """Of the order: the same whenever this change is gated, and known to nobody before."""
    text = "\x1f".join((suite.questions_sha256, base.fingerprint, target.fingerprint))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def _of_this_change(ledger: Ledger, suite: Suite, base: KeptRun, target: TargetInfo) -> _Begun | None:
    """The newest run that a gate of this very change has begun. Its baseline was looked at again then."""
    for info in reversed(ledger.runs()):
        found = info.protocol
        if found is None or info.target.fingerprint != target.fingerprint:
            continue
        if found.baseline == base.fingerprint and info.suite_fingerprint == suite.fingerprint:
            return found, info.id
    return None
