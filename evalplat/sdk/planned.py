"""Planned: what a gate by looks will test, on what, and in which order; settled before a call is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evalplat.gates import Schedule, schedule
from evalplat.records import Finding, GatePolicy, Protocol, Suite, TargetInfo

from .anchor import Anchor, anchor_of, left_out, rechecked
from .baseline import Baseline, looked_at_again
from .begun import Begun, begun_of, of_the_same_world, seed_of
from .gated import KeptRun
from .run import How
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.harness import Ledger
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class Planned:
    """The baseline and the anchor, looked at again; the schedule; the run of this change that is there already."""

    base: Baseline
    anchor: Anchor
    plan: Plan
    begun: Begun | None

    @property
    def decided(self) -> bool:
        """Whether this very test has come to its end before."""
        return self.begun is not None and self.begun.ended and self.begun.protocol == self.plan.protocol

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found about baseline and anchor."""
        return (*self.base.findings, *self.anchor.findings)

    @property
    def baseline_run(self) -> int:
        """Trials that this gate ran of what the candidate is compared with."""
        return self.base.trials_run + self.anchor.trials_run


def planned(
    suite: Suite,
    baseline: Baseline,
    target: TargetInfo,
    policy: GatePolicy,
    how: How,
    *,
    first: int,
    place: Workspace,
    store: Store,
    ledger: Ledger,
) -> Planned:
    """What will be tested, on `suite`, whose trials are the most that may be asked for; `first` are those a case before
    the test is extended.

    What is known of this change is kept: the run that was begun, and where no run was named, its baseline.

    Before the candidate is asked anything, baseline and anchor are looked at again. Where the baseline has drifted, the
    candidate's trials of before are of another time: they are not mixed with new ones.
    """
    seed = seed_of(suite, baseline.kept, target)
    base, begun = baseline, begun_of(ledger, store, suite, baseline.kept, target)
    if begun is not None and not (base.named or base.fresh):
        base = replace(base, kept=begun.baseline)
    base = replace(base, kept=base.kept.at_home(suite))
    anchor = anchor_of(store, policy, base.kept, target.fingerprint)
    if anchor.kept is not None:
        anchor = replace(anchor, kept=anchor.kept.at_home(suite))
    plan = Plan.of(suite, base.kept, anchor.kept, policy, seed, first)
    if begun is not None and begun.ended and begun.protocol == plan.protocol:
        return Planned(base, rechecked(anchor, policy, how, seed=seed, place=place, again=False), plan, begun)
    now = looked_at_again(base, policy, how, candidate=target.fingerprint, seed=seed, place=place, store=store)
    if now.drifted:
        begun = None
        if anchor.kept is not None:
            anchor = left_out(f"run {anchor.run_id} is older than the drift of the baseline")
    else:
        anchor = rechecked(anchor, policy, how, seed=seed, place=place)
        if now.stale:
            begun = None
    if begun is not None and not of_the_same_world(begun, now.kept, policy):
        begun = None
    return Planned(now, anchor, Plan.of(suite, now.kept, anchor.kept, policy, seed, first), begun)


@dataclass(frozen=True, slots=True)
class Plan:
    """The schedule, and what of it is frozen."""

    schedule: Schedule
    protocol: Protocol

    @classmethod
    def of(cls, suite: Suite, base: KeptRun, anchor: KeptRun | None, policy: GatePolicy, seed: int, first: int) -> Plan:
        # Exactly these cases: each stands for itself, and what they share is no noise.
        grouped = policy.model_copy(update={"cluster": "none"}) if policy.estimand == "suite" else policy
        order = schedule(base.scores, grouped, baseline=base.run_id, looks=policy.stopping.looks, seed=seed)
        if policy.extend is not None:
            order = order.extended(first, suite.trials)
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
            looked_trials=order.trials,
        )
        return cls(order, protocol)
