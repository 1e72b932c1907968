"""Loosened: a policy that a change brings along is held against the one that the suite was gated under before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from evalplat.errors import ReferenceUnknown
from evalplat.gates import loosened
from evalplat.records import Decision, Finding, GatePolicy

from .anchor import ALIAS

if TYPE_CHECKING:
    from evalplat.store import Store

_MOST_SHIPPED = 20


class _Known(NamedTuple):
    at: datetime
    policy: GatePolicy
    whence: str


def held_to_what_was(
    store: Store, decision: Decision, policy: GatePolicy, suite: str, rules: GatePolicy | None = None
) -> Decision:
    """`decision`, a pass of which waits for a person where `policy` is looser than what stood before it: a change that
    brings its own rules is not judged by them alone.

    What stood are the `rules`, where they are told; else the suite's own policy in the newest of the runs that an alias
    names and the changes that shipped.
    """
    if rules is not None:
        return held_to(decision, policy, rules)
    known = max(_known(store, decision, suite), default=None, key=lambda one: one.at)
    if known is None:
        return decision
    meant = "Where that is meant, `evalplat baseline refresh` on the main branch makes it the suite's"
    return held_to(decision, policy, known.policy, known.whence, meant)


def held_to(
    decision: Decision, policy: GatePolicy, rules: GatePolicy, whence: str = "the one that stands", meant: str = ""
) -> Decision:
    """`decision` under `policy`, a pass of which waits for a person where that is looser than `rules`."""
    looser = loosened(rules, policy)
    if not looser:
        return decision
    told = "; ".join(looser)
    message = f"this policy is looser than {whence}: {told}" + (f". {meant}" if meant else "")
    found = decision.model_copy(
        update={"findings": (Finding(code="policy_loosened", message=message), *decision.findings)}
    )
    if decision.verdict != "pass":
        return found
    reason = f"{decision.reason} But the policy is looser than {whence} ({told}): a person decides."
    return found.model_copy(update={"decision": "needs-approval", "reason": reason})


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
