"""several: many candidates against one baseline, adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import GateUndecidable, InputError, ReferenceUnknown
from evalplat.gates import Lacking, compare, continued, decide, decide_several
from evalplat.records import Decision, GatePolicy, ScoreTable

from .anchor import Anchor, against, anchor_of, remember_anchor
from .attempts import earlier_of
from .command import command
from .gated import KeptRun, conclude, named
from .score_tables import open_scores
from .workspace import workspace

if TYPE_CHECKING:
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class GatedSeveral:
    """A decision for each candidate, in the order in which they were named."""

    decisions: tuple[Decision, ...]

    def __str__(self) -> str:
        from evalplat.reports.display import text_of

        return text_of(self.decisions)

    def json(self) -> str:
        """Schema `evalplat.decisions/1`: a list of decision.json documents."""
        from evalplat.reports import decisions_json

        return decisions_json(self.decisions)


def gate_several(
    baseline: str,
    candidates: Sequence[str],
    *,
    policy: GatePolicy | None = None,
    suite: str | None = None,
    scores: Sequence[Path | str] = (),
    intersect: bool = False,
) -> GatedSeveral:
    """Decide which of several candidates may replace `baseline`: systems of `scores`, or runs in the store.

    The chance that any of those that are worse by the margin passes is at most alpha, and so is the chance that any
    unchanged one fails. Raises InputError, ReferenceUnknown or GateUndecidable as `gate` does; targets must be run
    before, as none of them may be looked at more often than the others.
    """
    if len({baseline, *candidates}) <= len(candidates):
        raise InputError("--candidate: each but once, and none of them the baseline")
    if scores:
        if policy is None:
            raise InputError("--scores needs --policy, or --metric and --margin")
        table, rule = open_scores(policy, scores)
        found = _decided(table, rule, baseline, candidates, "intersect" if intersect else "limited")
        return GatedSeveral(tuple(one.model_copy(update={"policy_sha256": policy.content_hash}) for one in found))
    store = workspace().store()
    base = KeptRun.load(store, _run_of(store, baseline, suite)).whole()
    kept = [KeptRun.load(store, _run_of(store, ref, suite)).whole() for ref in candidates]
    own = policy or next((one.suite.policy for one in kept if one.suite is not None), None)
    if own is None:
        raise InputError("the runs have no policy of their suite; give --policy, or --metric and --margin")
    ids = [one.run_id for one in kept]
    if len({base.run_id, *ids}) <= len(ids):
        raise InputError("--candidate: a run is named twice, or is the baseline")
    table = ScoreTable.concat([base.scores, *(one.scores for one in kept)])
    whole = all(one.suite is not None for one in (base, *kept))
    found = _decided(table, own, base.run_id, ids, "intersect" if intersect else "failed" if whole else "limited")
    decisions = []
    for one, cand, ref in zip(found, kept, candidates, strict=True):
        decisions.append(_kept(store, one, own, base, cand, (baseline, ref), len(kept)))
    return GatedSeveral(tuple(decisions))


def _kept(
    store: Store, found: Decision, policy: GatePolicy, base: KeptRun, cand: KeptRun, refs: tuple[str, str], several: int
) -> Decision:
    """The decision on one of them, as one more on this change, against the anchor too; kept in the store."""
    anchor = anchor_of(store, policy, base, cand.fingerprint)
    decision = _since(found, anchor, policy, base, cand, several)
    decision = continued(named(decision, base, cand, refs), earlier_of(store, base, cand), pooled=False)
    decision = decision.model_copy(update={"findings": (*anchor.findings, *decision.findings)})
    conclude(store, decision, ScoreTable.concat([base.scores, cand.scores]), base, cand, command=command())
    remember_anchor(store, policy, decision, base)
    return decision


def _since(found: Decision, anchor: Anchor, policy: GatePolicy, base: KeptRun, cand: KeptRun, several: int) -> Decision:
    """A pass must hold since the anchor too, at alpha over the number of candidates."""
    if anchor.kept is None:
        return found
    rules = tuple(rule.model_copy(update={"alpha": rule.alpha / several}) for rule in policy.metrics)
    strict = policy.model_copy(update={"metrics": rules})
    table = ScoreTable.concat([base.scores, cand.scores])
    comparison = compare(table, strict, baseline=base.run_id, candidate=cand.run_id, lacking="intersect")
    check = decide(comparison, strict, anchor=against(anchor.kept, table, cand.run_id, strict)).anchor
    found = found.model_copy(update={"anchor": check})
    if check is None or check.verdict == "pass" or found.verdict != "pass":
        return found
    reason = f"The last change passes, but not all changes since the anchor {anchor.run_id}: {check.reason}"
    verdict = "fail" if check.verdict == "fail" else "inconclusive"
    return found.model_copy(update={"verdict": verdict, "decision": "hold", "reason": reason})


def _run_of(store: Store, ref: str, suite: str | None) -> str:
    try:
        return store.resolve(ref, suite=suite)
    except ReferenceUnknown as err:
        raise ReferenceUnknown(
            f"{err}; several candidates are compared as runs: run them first with `evalplat run`"
        ) from err


def _decided(
    table: ScoreTable, policy: GatePolicy, baseline: str, candidates: Sequence[str], lacking: Lacking
) -> tuple[Decision, ...]:
    try:
        return decide_several(table, policy, baseline=baseline, candidates=candidates, lacking=lacking)
    except ValueError as err:
        raise GateUndecidable(str(err)) from err
