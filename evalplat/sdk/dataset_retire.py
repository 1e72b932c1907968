"""dataset retire: cases that no system distinguishes, proposed with figures, and taken out where asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from evalplat.errors import CaseError, InputError, ReferenceUnknown
from evalplat.records import Case, RetiredCase, Retirement
from evalplat.suites import CaseFile, read_score_table
from evalplat.suites.curation import Beside, Evidence, retirement

from .dataset import open_dataset
from .dataset_curate import beside_of, who
from .workspace import workspace


def retire(
    ref: str,
    *,
    runs: Sequence[str] = (),
    scores: Sequence[Path | str] = (),
    metrics: Sequence[str] = (),
    at_most: float = 0.1,
    confidence: float = 0.95,
    min_systems: int = 2,
    keep: Sequence[str] = (),
    apply: bool = False,
    by: str | None = None,
) -> Retirement:
    """Cases of a dataset on which all systems of these runs or score tables did the same in all trials.

    Runs of one target fingerprint are one system. With `apply` the proposed cases move to NAME.retired.jsonl, each with
    its figures; else nothing is written. Raises InputError, CaseError, ReferenceUnknown.
    """
    if not runs and not scores:
        raise InputError("give --run RUN, several times, or --scores FILE")
    beside = beside_of(ref) if apply else None
    named = open_dataset(ref)
    cases = [case for _, case in named.cases.read()]
    evidence, lower = _of_runs(runs)
    evidence += _of_scores(scores)
    found = retirement(
        named.cases.where,
        cases,
        evidence,
        metrics=metrics,
        lower=lower,
        at_most=at_most,
        confidence=confidence,
        min_systems=min_systems,
        keep=keep,
    )
    if beside is None or not found.proposed:
        return found
    return _apply(beside, found, who(by))


def restore(ref: str, ids: Sequence[str]) -> tuple[Case, ...]:
    """Put retired cases back, at the end of the dataset. Raises ReferenceUnknown, CaseError for an id that is taken."""
    beside = beside_of(ref)
    with beside.locked(workspace().locks):
        gone = beside.retired()
        known = {one.case.id: one for one in gone}
        for case_id in ids:
            if case_id not in known:
                raise ReferenceUnknown(f"{beside.retired_path}: no retired case {case_id!r}")
        taken = {case.id for _, case in CaseFile(beside.dataset).read()}
        if clash := sorted(taken & set(ids)):
            raise CaseError(f"case {clash[0]!r} is in the dataset already", where=str(beside.dataset))
        back = tuple(known[case_id].case for case_id in dict.fromkeys(ids))
        beside.add(back)
        beside.put_retired([one for one in gone if one.case.id not in set(ids)])
    return back


def _of_runs(runs: Sequence[str]) -> tuple[list[Evidence], set[str]]:
    if not runs:
        return [], set()
    store = workspace().store()
    evidence, lower = [], set()
    for run_id in dict.fromkeys(store.resolve(ref) for ref in runs):
        info, table = store.run_info(run_id), store.load_scores(run_id)
        asked = None
        if store.has_trials(run_id):
            suite = store.load_suite(run_id)
            asked = {case.id: case for case in suite.cases}
            rules = suite.policy.metrics if suite.policy is not None else ()
            lower |= {rule.metric for rule in rules if rule.direction == "lower"}
        system = f"{info.target.name} {info.target.fingerprint[:8]}"
        evidence.append(Evidence(system=system, origin=run_id, table=table, asked=asked))
    return evidence, lower


def _of_scores(scores: Sequence[Path | str]) -> list[Evidence]:
    if not scores:
        return []
    table = read_score_table([Path(path) for path in scores])
    return [Evidence(system=name, origin=name, table=table.of_system(name)) for name in table.systems]


def _apply(beside: Beside, found: Retirement, by: str) -> Retirement:
    figures = {one.case_id: one for one in found.proposed}
    at = datetime.now(UTC).replace(microsecond=0)
    with beside.locked(workspace().locks):
        lines = {number: case for number, case in CaseFile(beside.dataset).read() if case.id in figures}
        if len(figures) == found.n_cases:
            raise CaseError("every case would be retired: nothing would be left to run", where=str(beside.dataset))
        # First kept, then taken out: a crash between the two leaves a case in both places, never in none.
        beside.put_retired(
            [
                *(one for one in beside.retired() if one.case.id not in figures),
                *(
                    RetiredCase(
                        case=case, figures=figures[case.id], metrics=found.metrics, systems=found.systems, by=by, at=at
                    )
                    for case in lines.values()
                ),
            ]
        )
        beside.change(dict.fromkeys(lines))
    return found.model_copy(update={"applied": True})
