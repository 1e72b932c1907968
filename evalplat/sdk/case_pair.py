"""One case of a gate, as both sides answered it."""

from __future__ import annotations

from evalplat.errors import ReferenceUnknown
from evalplat.records import CasePair, ReportData

from .evidence import pair_of_trials
from .workspace import workspace


def pair_of(report: ReportData, case_id: str) -> CasePair:
    """The pair of a case: of the gate's evidence, which holds flipped and failed cases, else of the two kept runs.

    Raises ReferenceUnknown where it is neither.
    """
    for pair in report.pairs:
        if pair.case.id == case_id:
            return pair
    ids = (report.decision.baseline.run_id, report.decision.candidate.run_id)
    if ids[0] is None or ids[1] is None:
        known = ", ".join(pair.case.id for pair in report.pairs[:5]) or "none"
        raise ReferenceUnknown(f"case {case_id!r} did not flip, and a score table has no answers; flipped: {known}")
    store = workspace().store()
    base, cand = store.load_run(ids[0]), store.load_run(ids[1])
    case = next((one for one in store.load_suite(cand.info.id).cases if one.id == case_id), None)
    if case is None:
        raise ReferenceUnknown(f"the suite of run {cand.info.id} has no case {case_id!r}")
    scores = [store.load_scores(run.info.id) for run in (base, cand)]
    return pair_of_trials(case, (base, cand), (scores[0], scores[1]))
