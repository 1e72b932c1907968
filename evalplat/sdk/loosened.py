"""Loosened: policy and cases that a change brings along are held against those that stood before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from evalplat.errors import ReferenceUnknown
from evalplat.gates import loosened
from evalplat.records import Case, Decision, Finding, GatePolicy, Suite
from evalplat.records.decision import WarningCode
from evalplat.suites import Rules

from .anchor import ALIAS

if TYPE_CHECKING:
    from evalplat.store import Store

_MOST_SHIPPED = 20


class _Known(NamedTuple):
    at: datetime
    policy: GatePolicy
    whence: str


def held_to_what_was(
    store: Store,
    decision: Decision,
    policy: GatePolicy,
    suite: str,
    rules: Rules | None = None,
    *,
    asked: Suite | None = None,
    intersect: bool = False,
) -> Decision:
    """`decision`, a pass of which waits for a person where `policy` is looser than what stood before it, or `asked` has
    fewer or other cases than the `rules`: a change that brings its own rules is not judged by them alone.

    What stood are the `rules`, where they are told; else the suite's own policy in the newest of the runs that an alias
    names and the changes that shipped.
    """
    if rules is not None:
        return held_to(decision, policy, rules, asked=asked, intersect=intersect)
    known = max(_known(store, decision, suite), default=None, key=lambda one: one.at)
    if known is None:
        return decision
    meant = "Where that is meant, `evalplat baseline refresh` on the main branch makes it the suite's"
    return _held_to_policy(decision, policy, known.policy, known.whence, meant)


def held_to(
    decision: Decision, policy: GatePolicy, rules: Rules, *, asked: Suite | None = None, intersect: bool = False
) -> Decision:
    """`decision` under `policy`, a pass of which waits for a person where that is looser than `rules`, or where other
    cases were `asked`."""
    if rules.policy is not None:
        decision = _held_to_policy(decision, policy, rules.policy, "the one that stands")
    if intersect:
        decision = _waiting(decision, "policy_loosened", "cases that one side lacks are left out (--cases intersect)")
    if asked is None or not rules.scorers:
        return decision
    if rules.absent is not None:
        message = f"whether cases were taken away is not known: {rules.absent} is not there"
        decision = _with(decision, Finding(code="questions_changed", message=message))
    return _held_to_questions(decision, policy, rules, asked)


def _held_to_policy(
    decision: Decision, policy: GatePolicy, rules: GatePolicy, whence: str, meant: str = ""
) -> Decision:
    looser = loosened(rules, policy)
    if not looser:
        return decision
    return _waiting(decision, "policy_loosened", f"the policy is looser than {whence} ({'; '.join(looser)})", meant)


def _held_to_questions(decision: Decision, policy: GatePolicy, rules: Rules, asked: Suite) -> Decision:
    now = {case.id: _asked(case) for case in asked.cases}
    gone = [case.id for case in rules.cases if case.id not in now]
    changed = [case.id for case in rules.cases if case.id in now and now[case.id] != _asked(case)]
    scorers = {scorer.metric: scorer for scorer in asked.scorers}
    gating = {rule.metric for rule in policy.metrics if rule.gating}
    rescored = [one.metric for one in rules.scorers if one.metric in gating and scorers.get(one.metric) != one]
    told = [f"{len(gone):,} cases are taken away"] if gone else []
    told += [f"{len(changed):,} are asked or scored otherwise"] if changed else []
    told += [f"{', '.join(rescored)} is scored otherwise"] if rescored else []
    if told:
        what = f"the suite is not the one that stands: {'; '.join(told)}"
        return _waiting(decision, "questions_changed", what, cases=(*gone, *changed)[:20])
    added = len(now) - len(rules.cases)
    if added <= 0 or rules.absent is not None:
        return decision
    message = f"{added:,} of the {len(now):,} cases are new in this change"
    return _with(decision, Finding(code="questions_changed", message=message))


def _asked(case: Case) -> tuple[str, str | None, float]:
    return case.question_sha256, case.cluster, case.weight


def _waiting(
    decision: Decision, code: WarningCode, what: str, meant: str = "", cases: tuple[str, ...] = ()
) -> Decision:
    """A pass waits for a person; any other verdict stays what it is."""
    message = f"{what}. {meant}" if meant else what
    found = _with(decision, Finding(code=code, message=message, cases=cases))
    if decision.verdict != "pass":
        return found
    reason = f"{decision.reason} But {what}: a person decides."
    return found.model_copy(update={"decision": "needs-approval", "reason": reason})


def _with(decision: Decision, finding: Finding) -> Decision:
    return decision.model_copy(update={"findings": (finding, *decision.findings)})


def _known(store: Store, decision: Decision, suite: str) -> Iterator[_Known]:
    for stored in store.runs(suite):
        aliases = [alias for alias in stored.aliases if alias != ALIAS]
        if aliases and stored.run_id != decision.candidate.run_id:
            policy = _policy(store, stored.run_id)
            if policy is not None:
                yield _Known(stored.created_at, policy, f"that of {aliases[0]}")
    for kept in reversed(store.decisions(suite, decision="ship", last=_MOST_SHIPPED)):
        policy = _policy(store, kept.decision.candidate.run_id)
        if policy is not None and policy.content_hash == kept.decision.policy_sha256:
            yield _Known(kept.at, policy, "that of the last change that shipped")
            return


def _policy(store: Store, run_id: str | None) -> GatePolicy | None:
    """The suite's own, as that run found it."""
    try:
        return None if run_id is None or not store.has_trials(run_id) else store.load_suite(run_id).policy
    except ReferenceUnknown:  # only its decision is left
        return None
