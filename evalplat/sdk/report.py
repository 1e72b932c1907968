"""report: the page of a run, or of a decision that `gate` wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from evalplat.errors import EvalplatError
from evalplat.records import Decision, ReportData, ScoreTable

from .evidence import report_data, run_report_data, shown_of_gate, shown_of_run
from .workspace import workspace


def report(ref: str) -> str:
    """HTML of a run (id or alias) or of a decision.json. Where the decision's runs are in the store, their cases show.

    Raises ReferenceUnknown or SpecError.
    """
    from evalplat.reports import parse_decision_json, render_html, render_run_html

    path = Path(ref)
    if path.is_file():
        decision = parse_decision_json(path.read_text(encoding="utf-8", errors="replace"), where=ref)
        return render_html(_with_runs(decision, f"evalplat report {ref}"))
    store = workspace().store()
    run_id = store.resolve(ref)
    table, suite = store.load_scores(run_id), store.load_suite(run_id)
    run = store.load_run(run_id, traces=False)
    run = store.load_traces(run, shown_of_run(run, table, suite))
    return render_run_html(run_report_data(run, table, suite))


def _with_runs(decision: Decision, command: str) -> ReportData:
    """The decision's evidence, where the store has both runs; else the decision alone, as after `--scores`."""
    ids = (decision.baseline.run_id, decision.candidate.run_id)
    alone = ReportData(
        decision=decision,
        generated_at=datetime.now(UTC),
        command=command,
        hashes={"policy": decision.policy_sha256},
        n_pairs_total=len(decision.flips),
    )
    if ids[0] is None or ids[1] is None:
        return alone
    try:
        store = workspace().store()
        runs = [store.load_run(store.resolve(run_id), traces=False) for run_id in ids if run_id is not None]
        shown = shown_of_gate(decision, *runs)
        base, cand = (store.load_traces(run, shown) for run in runs)
        tables = [store.load_scores(run.info.id) for run in ((base, cand) if ids[0] != ids[1] else (base,))]
        suite = store.load_suite(cand.info.id)
    except EvalplatError:
        # The page then has no cases, and its runs' panel says that they are not at hand.
        return alone
    return report_data(decision, ScoreTable.concat(tables), command=command, baseline=base, candidate=cand, suite=suite)
