"""gate: compare a candidate with a baseline and decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.gates import compare, continued, decide
from evalplat.records import GatePolicy, Suite
from evalplat.suites import Rules, load_rules, load_suite

from .anchor import against, anchor_in_table, anchor_of, remember_anchor
from .attempts import earlier_of, pooled, told
from .baseline import also_no_target, baseline_of
from .command import command
from .evidence import report_data
from .gate_panels import with_prices
from .gated import Gated, KeptRun, conclude, named
from .keeper import Keeper
from .kept import KEEP, Restored, change_of, restore
from .looks import gate_by_looks
from .loosened import held_to, held_to_what_was
from .run import How, opened, with_trials
from .same_questions import require_same_questions
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
    kept: Path | str | None = None,
    keep: int = KEEP,
    restored: Callable[[Restored], None] | None = None,
    rules: Path | str | None = None,
) -> Gated:
    """Decide whether `candidate` may replace `baseline`.

    Both are systems of the score tables `scores`; or runs in the store, by id or alias; or with `suite` also targets.
    A baseline target is run once and kept; a candidate target is run look by look, and ends as soon as it may.
    Without a `policy` the suite's own is used. `kept` is a file that remembers where the machine forgets: put back
    before anything else if it exists (`restored` is told what came of it), and written whole at every look and after
    the decision, with at least the last `keep` ones. `rules` is a gate.yaml or suite.yaml as it stands where the change
    goes to: a pass under looser ones, or on fewer or other cases, waits for a person.

    Raises InputError, ReferenceUnknown or GateUndecidable where no decision can be made.
    """
    if scores:
        if suite is not None:
            raise InputError("--scores and --suite exclude each other")
        if kept is not None:
            raise InputError("--kept needs --suite, or runs: a score table is its own memory")
        return _gate_scores(
            baseline, candidate, policy, scores, intersect, None if rules is None else load_rules(rules)
        )
    place = workspace()
    store = place.store()
    asked = _Asked(baseline, candidate, policy, intersect, None if rules is None else load_rules(rules))
    how = How(model=model, concurrency=concurrency, progress=progress)
    if suite is None:
        if kept is not None and Path(kept).exists():
            _told(restore(Path(kept), place=place, store=store), restored)
        gated = asked.of_runs(store)
        if kept is not None:
            _keeper(kept, gated, keep, place, store).save(change_of(gated.decision))
        return gated
    loaded = with_trials(load_suite(suite), trials)
    if kept is None:
        return asked.on(loaded, str(suite), baseline_trials, how, place=place, store=store)
    keeper = Keeper(Path(kept), loaded.name, place=place, store=store, keep=keep)
    _told(keeper.restored(), restored)
    with keeper.watching():
        how = replace(how, looked=keeper.looked)
        gated = asked.on(loaded, str(suite), baseline_trials, how, place=place, store=store)
        keeper.save(change_of(gated.decision))
    return gated


def _told(found: Restored | None, restored: Callable[[Restored], None] | None) -> None:
    if found is not None and restored is not None:
        restored(found)


def _keeper(kept: Path | str, gated: Gated, keep: int, place: Workspace, store: Store) -> Keeper:
    run_id = gated.decision.candidate.run_id
    return Keeper(Path(kept), store.run_info(str(run_id)).suite, place=place, store=store, keep=keep)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be gated, and by what."""

    baseline: str
    candidate: str
    policy: GatePolicy | None
    intersect: bool
    rules: Rules | None

    @property
    def refs(self) -> tuple[str, str]:
        return self.baseline, self.candidate

    def of_runs(self, store: Store) -> Gated:
        ids = [store.resolve(ref) for ref in self.refs]
        return self._of(store, ids[0], ids[1])

    def _of(self, store: Store, baseline: str, candidate: str) -> Gated:
        return gate_runs(
            store, baseline, candidate,
            policy=self.policy, refs=self.refs, intersect=self.intersect, rules=self.rules,
        )  # fmt: skip

    def on(
        self, suite: Suite, where: str, baseline_trials: int | None, how: How, *, place: Workspace, store: Store
    ) -> Gated:
        known = _known(self.candidate, suite, how, place, store)
        base = baseline_of(self.baseline, with_trials(suite, baseline_trials), how, place=place, store=store)
        if known is not None:
            return self._of(store, base.kept.run_id, known)
        rule = self.policy or suite.policy
        if rule is None:
            raise InputError("names no policy; add `policy: gate.yaml`, or give --policy", where=where)
        return gate_by_looks(
            suite, base, self.candidate, rule, how, place=place, store=store, refs=self.refs, rules=self.rules
        )  # fmt: skip


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
    rules: Rules | None = None,
    says: str | None = None,
) -> Gated:
    """Gate two kept runs, and keep the decision beside them. `says` is the command that makes it again, where that is
    not the one that is being run."""
    base, cand = (KeptRun.load(store, run_id).whole() for run_id in (baseline_id, candidate_id))
    rule = policy if policy is not None else (cand.suite.policy if cand.suite is not None else None)
    if rule is None:
        raise InputError(f"run {candidate_id} has no policy of its suite; give --policy, or --metric and --margin")
    require_same_questions(base, cand, rule)
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
    seen = {one.candidate.run_id for one in earlier}
    new = 0 if cand.run is None or cand.run_id in seen else len(cand.run.trials)
    decision = told(store, decision, earlier, new_trials=new)
    decision = decision.model_copy(update={"findings": (*anchor.findings, *decision.findings)})
    decision = held_to_what_was(store, decision, rule, cand.info.suite, rules, asked=cand.suite, intersect=intersect)
    gated = conclude(store, decision, table, base, cand, command=says or command())
    remember_anchor(store, rule, decision, base)
    return gated


def _gate_scores(
    baseline: str,
    candidate: str,
    policy: GatePolicy | None,
    scores: Sequence[Path | str],
    intersect: bool,
    rules: Rules | None,
) -> Gated:
    if policy is None:
        raise InputError("--scores needs --policy, or --metric and --margin")
    table, rule = open_scores(policy, scores)
    comparison = compare(
        table, rule, baseline=baseline, candidate=candidate, lacking="intersect" if intersect else "limited"
    )
    anchor = anchor_in_table(table, rule, baseline=baseline, candidate=candidate)
    decision = with_prices(decide(comparison, policy, anchor=anchor), table, None)
    if rules is not None:
        decision = held_to(decision, policy, rules, intersect=intersect)
    return Gated(decision, report_data(decision, table, command=command()))
