"""Looks: a gate that runs the candidate itself, whole clusters at a time, and ends as soon as it may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evalplat.errors import InputError
from evalplat.gates import State, Stop, attempted, next_step
from evalplat.records import Calls, Decision, GatePolicy, Run, ScoreTable, Suite
from evalplat.scorers import build, score_run, score_table
from evalplat.suites import Rules

from .anchor import qualified, remember_anchor
from .attempts import earlier_of, told
from .baseline import Baseline, confirmed
from .begun import claim_of
from .command import command
from .expired import of_other_questions
from .gated import Gated, KeptRun, conclude, named
from .loop import run_to_end
from .loosened import held_to_what_was
from .planned import Planned, planned
from .run import How, RunDone, keep, opened, summarized, with_trials
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
    rules: Rules | None = None,
) -> Gated:
    """Run the target `candidate` on `suite` look by look against a kept baseline, until the gate may stop.

    What is tested, and when, is frozen into the candidate's run before its first trial. The same call after a crash
    goes on with that run; after its end it gives the same decision from the kept trials, as one attempt more.
    """
    build(suite.scorers)
    _check_questions(baseline.kept, suite)
    first = suite.trials
    if policy.extend is not None:
        suite = with_trials(suite, policy.extend.trials(len(suite.cases), first))
    target = opened(candidate, how, place).info
    claim = claim_of(suite, baseline.kept, target)
    with place.ledger() as ledger, ledger.claim(claim, "another gate of this very change"):
        plan = planned(
            suite, baseline, target, policy, how, first=first, place=place, store=store, ledger=ledger
        )  # fmt: skip
        steered = _steered(suite, candidate, plan, policy, how, place, ledger)
        if _blames(steered.decision, policy) and not plan.decided and target.fingerprint != plan.base.kept.fingerprint:
            asked = {trial.key.case_id for trial in steered.run.trials}
            base = confirmed(plan.base, policy, how, cases=asked, place=place, store=store)
            plan = replace(plan, base=base)
            if base.drifted:
                _close(ledger, steered)
                plan = planned(suite, base, target, policy, how, first=first, place=place, store=store, ledger=ledger)
                steered = _steered(suite, candidate, plan, policy, how, place, ledger)
        done = summarized(suite, _close(ledger, steered))
        return _concluded(done, steered, plan, policy, suite, store=store, refs=refs, rules=rules)


def _steered(
    suite: Suite, candidate: str, plan: Planned, policy: GatePolicy, how: How, place: Workspace, ledger: Ledger
) -> _Done:
    return run_to_end(_Steered(suite, plan, how, place, ledger).run(candidate, policy))


def _close(ledger: Ledger, steered: _Done) -> Run:
    run_id = steered.run.info.id
    ledger.close_run(run_id, datetime.now(UTC), looks=steered.decision.looks[-1].look)
    return ledger.run(run_id)


def _blames(decision: Decision, policy: GatePolicy) -> bool:
    """Whether the change is found worse than its baseline, which might be the world that has become worse."""
    compared = {rule.metric for rule in policy.metrics if rule.gating and not rule.alone}
    return decision.verdict == "fail" and any(
        one.verdict == "fail" and one.comparison.metric in compared for one in decision.metrics
    )


def _concluded(
    done: RunDone,
    steered: _Done,
    plan: Planned,
    policy: GatePolicy,
    suite: Suite,
    *,
    store: Store,
    refs: tuple[str, str],
    rules: Rules | None,
) -> Gated:
    """The run is kept; the decision is made as one more on this change, and kept too."""
    base = plan.base.kept
    cand = KeptRun(done.run.info, done.table, done.run, suite)
    decision = named(qualified(steered.decision, plan.anchor), base, cand, refs)
    earlier = earlier_of(store, base, cand)
    decision = attempted(decision, earlier)
    begun = plan.begun.at if plan.begun is not None and steered.taken else None
    decision = told(
        store, decision, earlier, new_trials=done.n_trials - steered.taken, begun_at=begun, pooled=steered.taken > 0
    )  # fmt: skip
    decision = decision.model_copy(
        update={"calls": _calls(done, plan), "findings": (*plan.findings, *decision.findings)}
    )  # fmt: skip
    decision = held_to_what_was(store, decision, policy, suite.name, rules, asked=suite)
    keep(store, done)
    gated = conclude(store, decision, ScoreTable.concat([base.scores, done.table]), base, cand, command=command())
    remember_anchor(store, policy, decision, base)
    return gated


def _calls(done: RunDone, plan: Planned) -> Calls:
    run, base = done.run, plan.base
    return Calls(
        candidate=done.n_trials,
        candidate_reused=run.info.reused,
        largest=plan.plan.protocol.largest,
        baseline_run=plan.baseline_run,
        baseline_kept=0 if base.fresh or base.kept.run is None else len(base.kept.run.trials),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """The candidate's run, not yet closed; `taken` are the trials that were there before."""

    decision: Decision
    run: Run
    taken: int


@dataclass(frozen=True, slots=True)
class _Steered:
    """The loop: run a look, score it, ask the gate."""

    suite: Suite
    planned: Planned
    how: How
    place: Workspace
    ledger: Ledger

    async def run(self, candidate: str, policy: GatePolicy) -> _Done:
        from evalplat.harness import advance, require_some_success

        run_id, target = await self._open(candidate)
        taken = self.ledger.tally(run_id).done
        order = self.planned.plan.schedule
        try:
            run, done = self.ledger.run(run_id), 0
            while True:
                step = next_step(self._state(run, policy, done))
                if isinstance(step, Stop):
                    break
                batch = order.order[: order.cases[step.look - 1]]
                run = await advance(
                    self.suite, target, self.ledger, run_id, batch,
                    trials=order.trials[step.look - 1] if order.trials else None,
                    concurrency=self.how.concurrency, progress=self.how.progress,
                )  # fmt: skip
                require_some_success(run)
                done = step.look
                if self.how.looked is not None:
                    self.how.looked(run_id)
        finally:
            await target.aclose()
        return _Done(step.decision, run, taken)

    async def _open(self, candidate: str) -> tuple[str, Target]:
        """The run that this very gate has begun; else a new one, with the trials that this change has already."""
        from evalplat.harness import freeze, new_run_id

        begun, protocol = self.planned.begun, self.planned.plan.protocol
        same = begun is not None and begun.protocol == protocol
        run_id = begun.run_id if same and begun is not None else new_run_id()
        spent = self.ledger.tally(run_id).usage if same else None
        target = opened(candidate, self.how, self.place, run_id=run_id, spent=spent)
        if not same:
            await target.prepare()
            before = () if begun is None else tuple(self.ledger.trials(begun.run_id))
            info = freeze(self.suite, target.info, run_id, datetime.now(UTC), protocol=protocol, reused=len(before))
            self.ledger.create_run(info, self.suite)
            if before:
                self.ledger.record(run_id, *before)
        if self.how.started is not None:
            self.how.started(run_id)
        return run_id, target

    def _state(self, run: Run, policy: GatePolicy, done: int) -> State:
        table = score_table(score_run(self.suite, run), self.suite, run, run.info.id)
        base, anchor = self.planned.base.kept, self.planned.anchor.kept
        before = [base.scores, *([anchor.scores] if anchor is not None else [])]
        return State(
            table=ScoreTable.concat([*before, table]),
            policy=policy,
            baseline=base.run_id,
            candidate=run.info.id,
            schedule=self.planned.plan.schedule,
            done=done,
            anchor=self.planned.anchor.run_id,
        )


def _check_questions(base: KeptRun, suite: Suite) -> None:
    if base.questions == suite.questions_sha256:
        return
    what = "it has no cases" if base.suite is None else of_other_questions(base.suite, suite)
    raise InputError(
        f"run {base.run_id} is of other cases or scorers than suite {suite.name} has now ({what}); name the baseline's "
        f"agent, so that it is run on these, or `evalplat baseline refresh SUITE --agent {base.info.target.ref}`"
    )
