"""The anchor: an earlier release that the sum of all changes since is gated against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalplat.errors import GateUndecidable, ReferenceUnknown
from evalplat.gates import against_anchor, compare
from evalplat.records import Comparison, GatePolicy, ScoreTable

from .gated import KeptRun

if TYPE_CHECKING:
    from evalplat.store import Store

ALIAS = "anchor"


def anchor_of(store: Store, policy: GatePolicy, base: KeptRun, candidate: str) -> KeptRun | None:
    """The anchor of a gate of a `candidate` with this fingerprint: the policy's, else the suite's alias `anchor`.

    None where there is none or it adds nothing.
    The first baseline that a suite is gated against becomes its anchor; `evalplat run ... --alias anchor` sets another.
    Raises ReferenceUnknown where the policy names one that is not there.
    """
    stated = policy.anchor
    if stated == "none" or not any(rule.gating and not rule.alone for rule in policy.metrics):
        return None
    try:
        run_id = store.resolve(stated or ALIAS, suite=base.info.suite)
    except ReferenceUnknown:
        if stated is not None:
            raise
        if base.suite is not None and base.info.is_whole:
            store.set_alias(ALIAS, base.run_id)
        return None
    anchor = KeptRun.load(store, run_id).whole()
    return None if anchor.fingerprint in (base.fingerprint, candidate) else anchor


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
