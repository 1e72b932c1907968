"""Flaky: which cases are right in some of their trials and wrong in others."""

from __future__ import annotations

import numpy as np

from evalplat.records import Flaky, FlakyCase, ScoreTable

from .summarize import is_binary

NAMED = 100


def flaky(table: ScoreTable, *, system: str, metric: str, good: float = 1.0) -> Flaky | None:
    """Cases of a system whose trials disagree on a metric of 0 and 1, where `good` is right; a failed trial is not.

    None where the scores are of another kind, or no case has two trials. Cases nearest to one half come first.
    """
    mine = (table.system.codes == table.system.code_of(system)) & (table.metric.codes == table.metric.code_of(metric))
    rows = np.flatnonzero(mine)
    if not len(rows) or not is_binary(table, rows):
        return None
    names, case = np.unique(table.case.codes[rows], return_inverse=True)
    right = (table.error.codes[rows] < 0) & (table.score[rows] == good)
    trials = np.bincount(case)
    passes = np.bincount(case, weights=right).astype(np.int64)
    asked = trials > 1
    if not asked.any():
        return None
    wavers = np.flatnonzero(asked & (passes > 0) & (passes < trials))
    found = [
        FlakyCase(case_id=table.case.values[names[at]], right=int(passes[at]), trials=int(trials[at])) for at in wavers
    ]
    found.sort(key=lambda one: (abs(one.right / one.trials - 0.5), one.case_id))
    return Flaky(system=system, metric=metric, n_asked=int(asked.sum()), n_flaky=len(found), cases=tuple(found[:NAMED]))
