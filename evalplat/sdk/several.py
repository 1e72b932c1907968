"""several: many candidates against one baseline, adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalplat.errors import GateUndecidable, InputError
from evalplat.gates import Lacking, decide_several
from evalplat.records import Decision, GatePolicy, ScoreTable

from .gate import open_scores
from .gated import KeptRun, named
from .workspace import workspace


@dataclass(frozen=True, slots=True)
class GatedSeveral:
    """A decision for each candidate, in the order in which they were named."""

    decisions: tuple[Decision, ...]

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
    if len(set(candidates)) != len(candidates):
        raise InputError("--candidate: each but once")
    if scores:
        if policy is None:
            raise InputError("--scores needs --policy, or --metric and --margin")
        table, rule = open_scores(policy, scores)
        found = _decided(table, rule, baseline, candidates, "intersect" if intersect else "limited")
        return GatedSeveral(tuple(one.model_copy(update={"policy_sha256": policy.content_hash}) for one in found))
    store = workspace().store()
    base = KeptRun.load(store, store.resolve(baseline, suite=suite)).whole()
    kept = [KeptRun.load(store, store.resolve(ref, suite=suite)).whole() for ref in candidates]
    own = policy or next((one.suite.policy for one in kept if one.suite is not None), None)
    if own is None:
        raise InputError("the runs have no policy of their suite; give --policy, or --metric and --margin")
    ids = [one.run_id for one in kept]
    if len({base.run_id, *ids}) <= len(ids):
        raise InputError("--candidate: a run is named twice, or is the baseline")
    table = ScoreTable.concat([base.scores, *(one.scores for one in kept)])
    whole = all(one.suite is not None for one in (base, *kept))
    found = _decided(table, own, base.run_id, ids, "intersect" if intersect else "failed" if whole else "limited")
    refs = zip(found, kept, candidates, strict=True)
    return GatedSeveral(tuple(named(one, base, cand, (baseline, ref)) for one, cand, ref in refs))


def _decided(
    table: ScoreTable, policy: GatePolicy, baseline: str, candidates: Sequence[str], lacking: Lacking
) -> tuple[Decision, ...]:
    try:
        return decide_several(table, policy, baseline=baseline, candidates=candidates, lacking=lacking)
    except ValueError as err:
        raise GateUndecidable(str(err)) from err
