"""Attempts: what was decided on the same change before, and the evidence that it was decided on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from evalplat.errors import ReferenceUnknown
from evalplat.gates import evidence_before
from evalplat.records import Continued, Decision, ScoreTable

from .gated import KeptRun

if TYPE_CHECKING:
    from evalplat.store import Store


def earlier_of(store: Store, base: KeptRun, cand: KeptRun) -> tuple[Decision, ...]:
    """Kept decisions on the same two fingerprints and the same questions, the oldest first."""
    if base.questions is None or base.questions != cand.questions or base.fingerprint == cand.fingerprint:
        return ()
    return store.earlier_decisions(
        baseline=base.fingerprint, candidate=cand.fingerprint, questions=base.questions
    )  # fmt: skip


def pooled(store: Store, base: KeptRun, cand: KeptRun, earlier: Sequence[Decision]) -> ScoreTable:
    """Scores of both runs, and as further trials of the same systems those of the attempts before."""
    before = evidence_before(earlier, (base.run_id, cand.run_id))
    tables = [
        *_further(store, base, [run_id for run_id, _ in before]),
        *_further(store, cand, [run_id for _, run_id in before]),
    ]
    return ScoreTable.concat(tables)


def told(
    store: Store,
    decision: Decision,
    earlier: Sequence[Decision],
    *,
    new_trials: int,
    begun_at: datetime | None = None,
    pooled: bool = True,
) -> Decision:
    """`decision` with the test that it went on with, if it did.

    `begun_at` is when its candidate's trials were begun, where not by itself; the first attempt's are before those.
    """
    first = next((one.candidate.run_id for one in earlier if one.candidate.run_id is not None), None)
    if first is not None:
        with suppress(ReferenceUnknown):  # a store may have lost a run, and keep what was decided on it
            begun_at = min(filter(None, (store.run_info(first).created_at, begun_at)))
    if begun_at is None or (earlier and decision.attempt == 1):
        return decision
    went_on = Continued(
        begun_at=begun_at,
        earlier=tuple(one.verdict for one in earlier),
        pooled=pooled,
        trials=(decision.baseline.n_trials, decision.candidate.n_trials),
        new_trials=new_trials,
    )
    return decision.model_copy(update={"continued": went_on})


def _further(store: Store, kept: KeptRun, others: Sequence[str | None]) -> list[ScoreTable]:
    tables = [kept.scores]
    for run_id in dict.fromkeys(other for other in others if other not in (None, kept.run_id)):
        trials = max(int(table.trial.max()) for table in tables) + 1
        scores = store.load_scores(str(run_id)).renamed(kept.run_id)
        tables.append(replace(scores, trial=(scores.trial + trials).astype(np.int32)))
    return tables
