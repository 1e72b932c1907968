"""The anchor: an earlier release that the sum of all changes since is gated against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalplat.errors import GateUndecidable, ReferenceUnknown, RunFailed
from evalplat.gates import against_anchor, compare
from evalplat.records import Comparison, Decision, Finding, GatePolicy, ScoreTable
from evalplat.records.decision import WarningCode

from .gated import KeptRun
from .recheck import Recheck, cannot_be_run_again, recheck
from .run import How
from .same_questions import questions_of
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.store import Store

ALIAS = "anchor"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The anchor's run, or None where there is none or it says nothing; what was found about it."""

    kept: KeptRun | None = None
    holds: bool = True
    """Whether it still is what it was, so far as that could be seen."""
    trials_run: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def run_id(self) -> str | None:
        """Of its run."""
        return None if self.kept is None else self.kept.run_id


def anchor_of(store: Store, policy: GatePolicy, base: KeptRun, candidate: str) -> Anchor:
    """The anchor of a gate of a `candidate` with this fingerprint: the policy's, else the suite's alias `anchor`.

    None where there is none, or it adds nothing. The alias's is left out, with a finding, where it has not been asked
    and scored as this gate is. Raises ReferenceUnknown or GateUndecidable where that is so of the one that the policy
    names.
    """
    stated = policy.anchor
    if stated == "none" or not _compares(policy):
        return Anchor()
    try:
        run_id = store.resolve(stated or ALIAS, suite=base.info.suite)
    except ReferenceUnknown:
        if stated is not None:
            raise
        return Anchor()
    anchor = KeptRun.load(store, run_id).whole()
    if anchor.fingerprint in (base.fingerprint, candidate):
        return Anchor()
    asked = _asked_the_same(anchor, base, policy)
    if isinstance(asked, str):
        if stated is not None:
            raise GateUndecidable(f"anchor {run_id}: {asked}; say `anchor: none`, or name a later one")
        return Anchor(findings=(_found("case_sets_differ", f"left out: {asked}"),))
    anchor, changed = asked
    try:
        against(anchor, base.scores, base.run_id, policy)
    except GateUndecidable as err:
        if stated is not None:
            raise
        return Anchor(findings=(_found("case_sets_differ", f"left out: {err}"),))
    return Anchor(anchor, findings=_lacking(anchor, base, changed))


def remember_anchor(store: Store, policy: GatePolicy, decision: Decision, base: KeptRun) -> None:
    """The baseline of the first gate of a suite that passes becomes its anchor; `--alias anchor` sets another."""
    if decision.verdict != "pass" or policy.anchor is not None or not _compares(policy):
        return
    if base.suite is None or not base.info.is_whole:
        return
    try:
        store.resolve(ALIAS, suite=base.info.suite)
    except ReferenceUnknown:
        store.set_alias(ALIAS, base.run_id)


def rechecked(
    anchor: Anchor, policy: GatePolicy, how: How, *, seed: int, place: Workspace, again: bool = True
) -> Anchor:
    """The anchor after a share of it was run again: left out where it drifted, as a drop since is then not ours.

    With `again` false only whether it could be: then it was, when the run that goes on was begun.
    """
    if anchor.kept is None or not policy.stopping.recheck:
        return anchor
    if again:
        try:
            found = recheck(anchor.kept, policy, how, seed=seed, place=place)
        except RunFailed as err:  # an old release may be gone for good, which is no reason to gate no more
            found = Recheck(impossible=str(err))
    else:
        found = Recheck(impossible=cannot_be_run_again(anchor.kept, how, place))
    if found.impossible is not None:
        message = f"run {anchor.run_id} could not be run again, so that it may have drifted: {found.impossible}"
        return replace(anchor, holds=False, findings=(*anchor.findings, _found("baseline_unchecked", message)))
    if found.stale is not None:
        return replace(left_out(found.stale.message), trials_run=found.trials)
    return replace(anchor, trials_run=found.trials)


def left_out(why: str) -> Anchor:
    """No anchor, as it has drifted."""
    message = (
        f"left out, so that the sum of all changes is not tested: {why}. `evalplat run ... --alias anchor` sets one"
    )
    return Anchor(findings=(_found("baseline_stale", message),))


def qualified(decision: Decision, anchor: Anchor) -> Decision:
    """Says so where what holds a pass back is a drop since an anchor that may itself have drifted."""
    if anchor.holds or decision.anchor is None or decision.verdict == "fail" or decision.anchor.verdict != "fail":
        return decision
    reason = f"{decision.reason} But that release could not be run again, so it may be the world that has changed."
    return decision.model_copy(update={"reason": reason})


def _compares(policy: GatePolicy) -> bool:
    return any(rule.gating and not rule.alone for rule in policy.metrics)


def _asked_the_same(anchor: KeptRun, base: KeptRun, policy: GatePolicy) -> tuple[KeptRun, int] | str:
    """The anchor with the scores of those cases only that `base` has been asked too, as they are, and how many others
    it has under the same ids; or why it cannot be compared: other scorers, or most cases are others."""
    found = questions_of(base, anchor, policy)
    if found is None or base.suite is None:
        return anchor, 0
    if found.rescored:
        return f"run {anchor.run_id} was scored otherwise on {', '.join(found.rescored)}"
    n_cases = len(base.suite.cases)
    if 2 * len(found.same) < n_cases:
        return f"run {anchor.run_id} was asked only {len(found.same)} of the {n_cases} cases as they are now"
    column = anchor.scores.case
    kept_rows = np.isin(column.codes, [code for code, case_id in enumerate(column.values) if case_id in found.same])
    return replace(anchor, scores=anchor.scores.of_rows(kept_rows)), len(found.others)


def _lacking(anchor: KeptRun, base: KeptRun, changed: int) -> tuple[Finding, ...]:
    """Where the anchor has not all of the baseline's cases, that the others are not held to it."""
    cases = set(base.scores.case.values)
    lacking = sorted(cases - set(anchor.scores.case.values))
    if not lacking:
        return ()
    others = f", {changed} of them as they were asked otherwise" if changed else ""
    message = f"run {anchor.run_id} lacks {len(lacking)} of the {len(cases)} cases{others}; it is compared on the rest"
    return (_found("case_sets_differ", message, lacking[:20]),)


def _found(code: WarningCode, message: str, cases: Sequence[str] = ()) -> Finding:
    return Finding(code=code, message=f"anchor: {message}", cases=tuple(cases))


def against(anchor: KeptRun, table: ScoreTable, candidate: str, policy: GatePolicy) -> Comparison:
    """The candidate of `table` against the anchor, on the cases that both have."""
    both = ScoreTable.concat([anchor.scores, table.of_system(candidate)])
    try:
        return compare(both, against_anchor(policy), baseline=anchor.run_id, candidate=candidate, lacking="intersect")
    except GateUndecidable as err:
        raise GateUndecidable(f"anchor {anchor.run_id}: {err}; say `anchor: none`, or name a later one") from err


def anchor_in_table(table: ScoreTable, policy: GatePolicy, *, baseline: str, candidate: str) -> Comparison | None:
    """The same for a score table: the anchor is a system of it, where the policy names one."""
    anchor = policy.anchor
    if anchor in (None, "none", baseline, candidate):
        return None
    return compare(table, against_anchor(policy), baseline=str(anchor), candidate=candidate, lacking="limited")
