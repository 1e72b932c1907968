"""Evidence: what a gate's page shows beside the decision, gathered from runs and scores."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from evalplat.gates import flaky, slice_means, standing_out, summarize
from evalplat.records import (
    Case,
    CasePair,
    Decision,
    PartChange,
    ReportData,
    Run,
    RunCard,
    RunReportData,
    ScoreTable,
    Suite,
    Trial,
    Usage,
)
from evalplat.suites.exchange import UNKNOWN_TIME

from .explained import explanations
from .gate_panels import gate_panels

MAX_PAIRS = 400
"""Case pairs handed to a page; it says how many there are."""


def report_data(
    decision: Decision,
    table: ScoreTable,
    *,
    command: str,
    baseline: Run | None = None,
    candidate: Run | None = None,
    suite: Suite | None = None,
) -> ReportData:
    """Everything that the page of a decision shows. Runs and suite are there where runs were compared."""
    hashes = {"policy": decision.policy_sha256}
    if suite is not None:
        hashes["suite"] = suite.fingerprint
        hashes.update({f"dataset {dataset.name}": dataset.content_hash for dataset in suite.datasets})
    for role, run in (("baseline", baseline), ("candidate", candidate)):
        if run is not None:
            hashes[role] = run.info.target.fingerprint
            if run.info.target.spec is not None:
                hashes.update({f"{role} {part}": sha for part, sha in run.info.target.spec.part_hashes.items()})
    pairs, total = _pairs(decision, table, baseline, candidate, suite)
    return ReportData(
        decision=decision,
        suite=suite.name if suite is not None else None,
        generated_at=datetime.now(UTC),
        command=command,
        baseline=run_card(baseline) if baseline is not None else None,
        candidate=run_card(candidate) if candidate is not None else None,
        changes=_changes(baseline, candidate),
        pairs=pairs,
        n_pairs_total=total,
        hashes=hashes,
        standing_out=standing_out(pairs, () if candidate is None else candidate.trials),
        **gate_panels(decision, table, baseline, candidate, suite),
    )


def run_report_data(run: Run, table: ScoreTable, suite: Suite) -> RunReportData:
    """Everything that the page of one run shows: failed trials, then those that a gating metric calls wrong."""
    bad = _bad_ends(suite)
    first = next(iter(bad))
    cases = {case.id: case for case in suite.cases}
    doubtful = _doubtful(run, table, bad)
    shown = doubtful[:MAX_PAIRS]
    scores = _scores(table, run.info.id, {t.key.case_id for t in shown})
    why = explanations(suite, run, shown)
    failed = tuple(
        CasePair(
            case=cases[t.key.case_id],
            candidate=t,
            candidate_scores=scores.get(_key(t), {}),
            explanations=why.get(t.key, {}),
        )
        for t in shown
    )
    hashes = {"suite": suite.fingerprint, "target": run.info.target.fingerprint}
    return RunReportData(
        run=run_card(run),
        summary=summarize(table),
        generated_at=datetime.now(UTC),
        failed=failed,
        n_failed_total=len(doubtful),
        hashes=hashes,
        slices=slice_means(table, tuple(bad)),
        flaky=flaky(table, system=run.info.id, metric=first, good=1.0 - bad[first]),
        command=f"evalplat report {shlex.quote(run.info.id)} -o run.html",
    )


def shown_of_run(run: Run, table: ScoreTable, suite: Suite) -> frozenset[str]:
    """The cases of which the page of a run shows a trial."""
    return frozenset(trial.key.case_id for trial in _doubtful(run, table, _bad_ends(suite))[:MAX_PAIRS])


def shown_of_gate(decision: Decision, *runs: Run) -> frozenset[str]:
    """The cases that the page of a decision shows."""
    return frozenset(_wanted(decision, runs)[:MAX_PAIRS])


def _doubtful(run: Run, table: ScoreTable, bad: Mapping[str, float]) -> list[Trial]:
    """Failed trials, then those that a metric of `bad` gives the score that is wrong."""
    wrong = np.zeros(len(table.score), dtype=bool)
    for metric, score in bad.items():
        wrong |= (table.metric.codes == table.metric.code_of(metric)) & (table.score == score)
    wrong &= table.system.codes == table.system.code_of(run.info.id)
    keys = {(table.case.values[table.case.codes[row]], int(table.trial[row])) for row in np.flatnonzero(wrong)}
    doubtful = [trial for trial in run.trials if trial.failure is not None or _key(trial) in keys]
    return sorted(doubtful, key=lambda trial: trial.failure is None)


def _wanted(decision: Decision, runs: Sequence[Run]) -> list[str]:
    """Flipped cases, worst first, then cases with a failed trial."""
    flipped = [flip.case_id for flip in decision.flips]
    failed = {trial.key.case_id for run in runs for trial in run.failures}
    return [*dict.fromkeys(flipped), *sorted(failed.difference(flipped))]


def _bad_ends(suite: Suite) -> dict[str, float]:
    """By metric the score that is wrong: of the policy's gating metrics that are no measured amounts, else of the first
    scorer."""
    rules = () if suite.policy is None else suite.policy.metrics
    known = {scorer.metric for scorer in suite.scorers if scorer.kind not in ("latency", "tokens", "cost")}
    gating = [rule for rule in rules if rule.gating and rule.metric in known]
    return {rule.metric: 0.0 if rule.direction == "higher" else 1.0 for rule in gating} or {
        suite.scorers[0].metric: 0.0
    }


def run_card(run: Run) -> RunCard:
    """A run in figures."""
    latencies = [trial.latency_s for trial in run.trials if trial.started_at != UNKNOWN_TIME]
    failures = Counter(trial.failure.kind for trial in run.failures if trial.failure is not None)
    return RunCard(
        info=run.info,
        usage=sum((trial.usage for trial in run.trials), start=Usage()),
        n_trials=len(run.trials),
        n_failures=len(run.failures),
        failures_by_kind=dict(failures.most_common()),
        n_cut_off=sum(trial.trace is not None and trial.trace.cut_off for trial in run.trials),
        latency_p50_s=float(np.quantile(latencies, 0.5)) if latencies else None,
        latency_p95_s=float(np.quantile(latencies, 0.95)) if latencies else None,
    )


def _code_changed(baseline: Run | None, candidate: Run | None) -> tuple[PartChange, ...]:
    """Of agents that are code or stand elsewhere: that they are others, by name and fingerprint."""
    if baseline is None or candidate is None:
        return ()
    old, new = baseline.info.target, candidate.info.target
    if old.fingerprint == new.fingerprint:
        return ()
    before, after = (f"{one.ref}\n{one.fingerprint[:12]}" for one in (old, new))
    return (PartChange(part="code" if new.kind == "callable" else "agent", before=before, after=after),)


def _pairs(
    decision: Decision, table: ScoreTable, baseline: Run | None, candidate: Run | None, suite: Suite | None
) -> tuple[tuple[CasePair, ...], int]:
    """Flipped cases, worst first, then cases with a failed trial; by case the trial that shows it best."""
    changes = {flip.case_id: flip.change for flip in decision.flips}
    wanted = _wanted(decision, [run for run in (baseline, candidate) if run is not None])
    shown = set(wanted[:MAX_PAIRS])
    cases = {case.id: case for case in suite.cases} if suite is not None else {}
    base_trials, cand_trials = _by_case(baseline), _by_case(candidate)
    base_scores = _scores(table, baseline.info.id if baseline is not None else decision.baseline.ref, shown)
    cand_scores = _scores(table, candidate.info.id if candidate is not None else decision.candidate.ref, shown)
    metric = decision.flips[0].metric if decision.flips else None
    keys = [(name, _telling_trial(name, metric, base_scores, cand_scores)) for name in wanted[:MAX_PAIRS]]
    base_why = _explained(suite, baseline, [base_trials[key] for key in keys if key in base_trials])
    cand_why = _explained(suite, candidate, [cand_trials[key] for key in keys if key in cand_trials])
    pairs = [
        CasePair(
            case=cases.get(key[0]) or Case(id=key[0], input="(the score table has no inputs)"),
            baseline=base_trials.get(key),
            candidate=cand_trials.get(key),
            baseline_scores=base_scores.get(key, {}),
            candidate_scores=cand_scores.get(key, {}),
            explanations=cand_why.get(key, {}),
            baseline_explanations=base_why.get(key, {}),
            change=changes.get(key[0]),
        )
        for key in keys
    ]
    return tuple(pairs), len(wanted)


def _explained(suite: Suite | None, run: Run | None, trials: Sequence[Trial]) -> dict[_Key, dict[str, str]]:
    if suite is None or run is None:
        return {}
    return {(key.case_id, key.trial): said for key, said in explanations(suite, run, trials).items()}


def pair_of_trials(case: Case, runs: tuple[Run, Run], tables: tuple[ScoreTable, ScoreTable]) -> CasePair:
    """One case as baseline and candidate answered it in their first trials; its scores."""
    trials = [next((t for t in run.trials if t.key.case_id == case.id), None) for run in runs]
    scores = [
        _scores(table, run.info.id, {case.id}).get(_key(trial), {}) if trial is not None else {}
        for run, table, trial in zip(runs, tables, trials, strict=True)
    ]
    return CasePair(
        case=case, baseline=trials[0], candidate=trials[1], baseline_scores=scores[0], candidate_scores=scores[1]
    )


_Key = tuple[str, int]
_Scores = dict[_Key, dict[str, float]]


def _telling_trial(case_id: str, metric: str | None, base: _Scores, cand: _Scores) -> int:
    """The first trial whose two scores differ on the metric, else the first."""
    numbers = sorted(number for key, number in base.keys() | cand.keys() if key == case_id) if metric else []
    for number in numbers:
        if base.get((case_id, number), {}).get(metric or "") != cand.get((case_id, number), {}).get(metric or ""):
            return number
    return numbers[0] if numbers else 0


def _by_case(run: Run | None) -> dict[_Key, Trial]:
    return {_key(trial): trial for trial in run.trials} if run is not None else {}


def _key(trial: Trial) -> _Key:
    return trial.key.case_id, trial.key.trial


def _scores(table: ScoreTable, system: str, cases: Collection[str]) -> _Scores:
    """Scores by case, trial and metric, of these cases only: a table can be large and a page shows few."""
    found: _Scores = {}
    wanted = np.array([name in cases for name in table.case.values], dtype=bool)
    mine = (table.system.codes == table.system.code_of(system)) & wanted[table.case.codes]
    rows = np.flatnonzero(mine & np.isfinite(table.score))
    for row in rows:
        key = (table.case.values[table.case.codes[row]], int(table.trial[row]))
        found.setdefault(key, {})[table.metric.values[table.metric.codes[row]]] = float(table.score[row])
    return found


def _changes(baseline: Run | None, candidate: Run | None) -> tuple[PartChange, ...]:
    before = baseline.info.target.spec if baseline is not None else None
    after = candidate.info.target.spec if candidate is not None else None
    if before is None or after is None:
        return _code_changed(baseline, candidate)
    return before.diff(after).changes
