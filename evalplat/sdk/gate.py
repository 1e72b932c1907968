"""gate: compare a candidate with a baseline and decide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.gates import compare, continued, decide
from evalplat.records import GatePolicy, Suite
from evalplat.suites import load_suite

from .anchor import against, anchor_in_table, anchor_of, remember_anchor
from .attempts import earlier_of, pooled
from .baseline import also_no_target, baseline_of
from .command import command
from .evidence import report_data
from .gated import Gated, KeptRun, conclude, named
from .looks import gate_by_looks
from .run import How, opened, with_trials
from .score_tables import open_scores
from .workspace import Workspace, workspace

if TYPE_CHECKING:
    from evalplat.harness import Progress
    from evalplat.store import Store


def gate(
    baseline: str,
    candidate: str,
    *,
    policy: GatePolicy | None = None,
    suite: Path | str | None = None,
    scores: Sequence[Path | str] = (),
    intersect: bool = False,
    trials: int | None = None,
    baseline_trials: int | None = None,
    model: str | None = None,
    concurrency: int = 4,
    progress: Progress | None = None,
) -> Gated:
    """Decide whether `candidate` may replace `baseline`.

    Both are systems of the score tables `scores`; or runs in the store, by id or alias; or with `suite` also targets.
    A baseline target is run once and kept; a candidate target is run look by look, and ends as soon as it may.
    Without a `policy` the suite's own is used.

    Raises InputError, ReferenceUnknown or GateUndecidable where no decision can be made.
    """
    if scores:
        if suite is not None:
            raise InputError("--scores and --suite exclude each other")
        return _gate_scores(baseline, candidate, policy, scores, intersect)
    place = workspace()
    store = place.store()
    refs = (baseline, candidate)
    if suite is None:
        ids = [store.resolve(ref) for ref in refs]
        return gate_runs(store, ids[0], ids[1], policy=policy, refs=refs, intersect=intersect)
    loaded = with_trials(load_suite(suite), trials)
    how = How(model=model, concurrency=concurrency, progress=progress)
    known = _known(candidate, loaded, how, place, store)
    base = baseline_of(baseline, with_trials(loaded, baseline_trials), how, place=place, store=store)
    if known is not None:
        return gate_runs(store, base.kept.run_id, known, policy=policy, refs=refs, intersect=intersect)
    rule = policy or loaded.policy
    if rule is None:
        raise InputError("names no policy; add `policy: gate.yaml`, or give --policy", where=str(suite))
    return gate_by_looks(loaded, base, candidate, rule, how, place=place, store=store, refs=refs)


def _known(candidate: str, suite: Suite, how: How, place: Workspace, store: Store) -> str | None:
    """The run id behind the candidate; None where it is a target, which is known before the baseline costs a call."""
    try:
        return store.resolve(candidate, suite=suite.name)
    except ReferenceUnknown as unknown:
        with also_no_target(unknown):
            opened(candidate, how, place)
        return None


def gate_runs(
    store: Store,
    baseline_id: str,
    candidate_id: str,
    *,
    policy: GatePolicy | None,
    refs: tuple[str, str],
    intersect: bool = False,
) -> Gated:
    """Gate two kept runs, and keep the decision beside them."""
    base, cand = (KeptRun.load(store, run_id).whole() for run_id in (baseline_id, candidate_id))
    rule = policy if policy is not None else (cand.suite.policy if cand.suite is not None else None)
    if rule is None:
        raise InputError(f"run {candidate_id} has no policy of its suite; give --policy, or --metric and --margin")
    earlier = earlier_of(store, base, cand)
    table = base.scores if baseline_id == candidate_id else pooled(store, base, cand, earlier)
    comparison = compare(
        table,
        rule,
        baseline=baseline_id,
        candidate=candidate_id,
        lacking="intersect" if intersect else ("failed" if base.suite and cand.suite else "limited"),
    )
    anchor = anchor_of(store, rule, base, cand.fingerprint)
    since = None if anchor.kept is None else against(anchor.kept, table, candidate_id, rule)
    decision = decide(comparison, rule, anchor=since)
    decision = continued(named(decision, base, cand, refs), earlier)
    decision = decision.model_copy(update={"findings": (*anchor.findings, *decision.findings)})
    gated = conclude(store, decision, table, base, cand, command=command())
    remember_anchor(store, rule, decision, base)
    return gated


def _gate_scores(
    baseline: str, candidate: str, policy: GatePolicy | None, scores: Sequence[Path | str], intersect: bool
) -> Gated:
    if policy is None:
        raise InputError("--scores needs --policy, or --metric and --margin")
    table, rule = open_scores(policy, scores)
    comparison = compare(
        table, rule, baseline=baseline, candidate=candidate, lacking="intersect" if intersect else "limited"
    )
    anchor = anchor_in_table(table, rule, baseline=baseline, candidate=candidate)
    decision = decide(comparison, policy, anchor=anchor)
    return Gated(decision, report_data(decision, table, command=command()))
