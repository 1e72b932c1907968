"""several: many candidates against one baseline, adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import GateUndecidable, InputError, ReferenceUnknown
from evalplat.gates import Lacking, compare, continued, decide, decide_several, held_by_anchor, rank
from evalplat.records import Decision, GatePolicy, Ranking, ScoreTable, SeveralReportData, Verdict

from .anchor import Anchor, against, anchor_of, remember_anchor
from .attempts import earlier_of
from .command import command
from .evidence import run_card
from .gated import KeptRun, conclude, named
from .loosened import held_to_what_was
from .same_questions import require_same_questions
from .score_tables import open_scores
from .workspace import workspace

if TYPE_CHECKING:
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class GatedSeveral:
    """A decision for each candidate, in the order in which they were named."""

    decisions: tuple[Decision, ...]
    ranking: Ranking
    report: SeveralReportData

    @property
    def verdict(self) -> Verdict:
        """pass where one may ship, fail where all fail, else inconclusive."""
        from evalplat.reports import verdict_of

        return verdict_of(self.decisions)

    def __str__(self) -> str:
        from evalplat.reports.display import text_of

        return text_of(self.report)

    def json(self) -> str:
        """Schema `evalplat.decisions/1`: a list of decision.json documents, and the ranking."""
        from evalplat.reports import decisions_json

        return decisions_json(self.decisions, self.ranking)

    def html(self) -> str:
        """The page for people."""
        from evalplat.reports import render_several_html

        return render_several_html(self.report)

    def markdown(self) -> str:
        """A comment for a pull request."""
        from evalplat.reports import render_several_markdown

        return render_several_markdown(self.report)

    def junit(self) -> str:
        """JUnit XML."""
        from evalplat.reports import render_several_junit

        return render_several_junit(self.report)


def gate_several(
    baseline: str,
    candidates: Sequence[str],
    *,
    policy: GatePolicy | None = None,
    suite: str | None = None,
    scores: Sequence[Path | str] = (),
    intersect: bool = False,
    rank_by: str | None = None,
) -> GatedSeveral:
    """Decide which of several candidates may replace `baseline`: systems of `scores`, or runs in the store.

    The chance that any of those that are worse by the margin passes is at most alpha, and so is the chance that any
    unchanged one fails. They are ranked, with the baseline, by the first gating metric, or by `rank_by`, another one of
    the policy: see `gates.rank`. Raises InputError, ReferenceUnknown or GateUndecidable as `gate` does; targets must be
    run before, as none of them may be looked at more often than the others.
    """
    if len({baseline, *candidates}) <= len(candidates):
        raise InputError("--candidate: each but once, and none of them the baseline")
    if scores:
        if policy is None:
            raise InputError("--scores needs --policy, or --metric and --margin")
        table, rule = open_scores(policy, scores)
        lacking: Lacking = "intersect" if intersect else "limited"
        found = _decided(table, rule, baseline, candidates, lacking)
        ranking = _ranked(table, rule, baseline, candidates, rank_by, lacking)
        return _gated(
            tuple(one.model_copy(update={"policy_sha256": policy.content_hash}) for one in found), ranking, None, ()
        )
    store = workspace().store()
    base = KeptRun.load(store, _run_of(store, baseline, suite)).whole()
    kept = [KeptRun.load(store, _run_of(store, ref, suite)).whole() for ref in candidates]
    own = policy or next((one.suite.policy for one in kept if one.suite is not None), None)
    if own is None:
        raise InputError("the runs have no policy of their suite; give --policy, or --metric and --margin")
    ids = [one.run_id for one in kept]
    if len({base.run_id, *ids}) <= len(ids):
        raise InputError("--candidate: a run is named twice, or is the baseline")
    for candidate in kept:
        require_same_questions(base, candidate, own)
    table = ScoreTable.concat([base.scores, *(one.scores for one in kept)])
    whole = all(one.suite is not None for one in (base, *kept))
    lacking = "intersect" if intersect else "failed" if whole else "limited"
    found = _decided(table, own, base.run_id, ids, lacking)
    # In the ranking they are called what the user calls them.
    named_table = ScoreTable.concat(
        [one.scores.renamed(ref) for one, ref in zip((base, *kept), (baseline, *candidates), strict=True)]
    )
    ranking = _ranked(named_table, own, baseline, candidates, rank_by, lacking)
    decisions = []
    for one, cand, ref in zip(found, kept, candidates, strict=True):
        decisions.append(_kept(store, one, own, base, cand, (baseline, ref), len(kept)))
    return _gated(tuple(decisions), ranking, base, kept)


def _gated(
    decisions: tuple[Decision, ...], ranking: Ranking, base: KeptRun | None, kept: Sequence[KeptRun]
) -> GatedSeveral:
    hashes = {"policy": decisions[0].policy_sha256}
    suite = next((one.suite for one in kept if one.suite is not None), None)
    if suite is not None:
        hashes["suite"] = suite.fingerprint
    data = SeveralReportData(
        decisions=decisions,
        ranking=ranking,
        suite=None if base is None else base.info.suite,
        generated_at=datetime.now(UTC),
        command=command(),
        baseline=None if base is None or base.run is None else run_card(base.run),
        runs=tuple(None if one.run is None else run_card(one.run) for one in kept),
        hashes=hashes,
    )
    return GatedSeveral(decisions, ranking, data)


def _kept(
    store: Store, found: Decision, policy: GatePolicy, base: KeptRun, cand: KeptRun, refs: tuple[str, str], several: int
) -> Decision:
    """The decision on one of them, as one more on this change, against the anchor too; kept in the store."""
    anchor = anchor_of(store, policy, base, cand.fingerprint)
    decision = _since(found, anchor, policy, base, cand, several)
    decision = continued(named(decision, base, cand, refs), earlier_of(store, base, cand), pooled=False)
    decision = decision.model_copy(update={"findings": (*anchor.findings, *decision.findings)})
    decision = held_to_what_was(store, decision, policy, cand.info.suite)
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
    reason = held_by_anchor(str(anchor.run_id), check.reason)
    return found.model_copy(update={"verdict": "inconclusive", "decision": "hold", "reason": reason})


def _run_of(store: Store, ref: str, suite: str | None) -> str:
    try:
        return store.resolve(ref, suite=suite)
    except ReferenceUnknown as err:
        raise ReferenceUnknown(
            f"{err}; several candidates are compared as runs: run them first with `evalplat run`"
        ) from err


def _ranked(
    table: ScoreTable,
    policy: GatePolicy,
    baseline: str,
    candidates: Sequence[str],
    by: str | None,
    lacking: Lacking,
) -> Ranking:
    try:
        return rank(table, policy, baseline=baseline, candidates=candidates, by=by, lacking=lacking)
    except ValueError as err:
        raise GateUndecidable(str(err)) from err


def _decided(
    table: ScoreTable, policy: GatePolicy, baseline: str, candidates: Sequence[str], lacking: Lacking
) -> tuple[Decision, ...]:
    try:
        return decide_several(table, policy, baseline=baseline, candidates=candidates, lacking=lacking)
    except ValueError as err:
        raise GateUndecidable(str(err)) from err
