"""gate: compare a candidate with a baseline and decide."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.gates import compare, decide
from evalplat.records import Decision, GatePolicy, ReportData, Run, ScoreTable, Suite
from evalplat.suites import load_suite, read_score_table

from .evidence import report_data
from .run import How, carry_out, with_trials
from .workspace import Workspace, workspace

if TYPE_CHECKING:
    from evalplat.harness import Progress
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class Gated:
    """A decision, and everything that its page shows. The methods render it."""

    decision: Decision
    report: ReportData

    def json(self) -> str:
        """decision.json."""
        from evalplat.reports import decision_json

        return decision_json(self.decision)

    def html(self) -> str:
        """The page for people."""
        from evalplat.reports import render_html

        return render_html(self.report)

    def markdown(self) -> str:
        """A comment for a pull request."""
        from evalplat.reports import render_markdown

        return render_markdown(self.decision)

    def junit(self) -> str:
        """JUnit XML."""
        from evalplat.reports import render_junit

        return render_junit(self.decision)


def gate(
    baseline: str,
    candidate: str,
    *,
    policy: GatePolicy | None = None,
    suite: Path | str | None = None,
    scores: Sequence[Path | str] = (),
    intersect: bool = False,
    trials: int | None = None,
    model: str | None = None,
    concurrency: int = 4,
    progress: Progress | None = None,
) -> Gated:
    """Decide whether `candidate` may replace `baseline`.

    Both are systems of the score tables `scores`; or runs in the store, by id or alias; or with `suite` also targets,
    which are then run. Without a `policy` the suite's own is used.

    Raises InputError, ReferenceUnknown or GateUndecidable where no decision can be made.
    """
    if scores:
        if suite is not None:
            raise InputError("--scores and --suite exclude each other")
        return _gate_scores(baseline, candidate, policy, scores, intersect)
    place = workspace()
    store = place.store()
    loaded = load_suite(suite) if suite is not None else None
    suite_run = with_trials(loaded, trials) if loaded is not None else None
    how = How(model=model, concurrency=concurrency, progress=progress)
    ids = [_run_of(ref, suite_run, how, place, store) for ref in (baseline, candidate)]
    return gate_runs(store, ids[0], ids[1], policy=policy, refs=(baseline, candidate), intersect=intersect)


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
    base, cand = _Side.load(store, baseline_id), _Side.load(store, candidate_id)
    rule = policy if policy is not None else (cand.suite.policy if cand.suite is not None else None)
    if rule is None:
        raise InputError(f"run {candidate_id} has no policy of its suite; give --policy, or --metric and --margin")
    table = base.scores if baseline_id == candidate_id else ScoreTable.concat([base.scores, cand.scores])
    comparison = compare(
        table,
        rule,
        baseline=baseline_id,
        candidate=candidate_id,
        lacking="intersect" if intersect else ("failed" if base.suite and cand.suite else "limited"),
    )
    comparison = comparison.model_copy(
        update={
            role: side_record.model_copy(update={"ref": ref, "run_id": side.run_id, "fingerprint": side.fingerprint})
            for role, side_record, ref, side in (
                ("baseline", comparison.baseline, refs[0], base),
                ("candidate", comparison.candidate, refs[1], cand),
            )
        }
    )
    decision = decide(comparison, rule)
    data = report_data(decision, table, command=command(), baseline=base.run, candidate=cand.run, suite=cand.suite)
    gated = Gated(decision, data)
    store.save_decision(
        decision,
        suite=cand.experiment,
        files={"decision.json": gated.json(), "report.html": gated.html(), "summary.md": gated.markdown()},
    )
    _keep_flipped_traces(store, decision, base.run, cand.run)
    return gated


def _gate_scores(
    baseline: str, candidate: str, policy: GatePolicy | None, scores: Sequence[Path | str], intersect: bool
) -> Gated:
    if policy is None:
        raise InputError("--scores needs --policy, or --metric and --margin")
    ranges = {rule.metric: rule.range for rule in policy.metrics if rule.range is not None}
    column = policy.cluster if policy.cluster not in (None, "none", "cluster") else None
    table = read_score_table([Path(path) for path in scores], ranges=ranges, cluster=column)
    rule = policy if column is None else policy.model_copy(update={"cluster": "cluster"})
    comparison = compare(
        table, rule, baseline=baseline, candidate=candidate, lacking="intersect" if intersect else "limited"
    )
    decision = decide(comparison, policy)
    return Gated(decision, report_data(decision, table, command=command()))


@dataclass(frozen=True, slots=True)
class _Side:
    run_id: str
    fingerprint: str
    experiment: str
    scores: ScoreTable
    run: Run | None
    suite: Suite | None

    @classmethod
    def load(cls, store: Store, run_id: str) -> _Side:
        info = store.run_info(run_id)
        if info.target.kind == "imported":
            return cls(run_id, info.target.fingerprint, info.suite, store.load_scores(run_id), None, None)
        suite, run = store.load_suite(run_id), store.load_run(run_id)
        return cls(run_id, info.target.fingerprint, info.suite, store.load_scores(run_id), run, suite)


def _run_of(ref: str, suite: Suite | None, how: How, place: Workspace, store: Store) -> str:
    """The run id of a reference; a target is run first."""
    try:
        return store.resolve(ref, suite=suite.name if suite is not None else None)
    except ReferenceUnknown as unknown:
        if suite is None:
            raise
        from evalplat.harness import require_some_success

        try:
            done = carry_out(suite, ref, how, place=place, store=store)
        except ReferenceUnknown as err:
            raise ReferenceUnknown(f"{unknown}; nor is it a target: {err}") from err
        require_some_success(done.run)
        return done.run_id


def _keep_flipped_traces(store: Store, decision: Decision, baseline: Run | None, candidate: Run | None) -> None:
    flipped = {flip.case_id for flip in decision.flips}
    for run in (baseline, candidate):
        if run is not None:
            store.log_traces(run.info.id, [trial for trial in run.trials if trial.key.case_id in flipped])


def command() -> str:
    """The command line that is being run, as a shell would take it; for a library call the verb."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    return shlex.join(["evalplat", *sys.argv[1:]]) if program == "evalplat" else "evalplat.gate(...)"
