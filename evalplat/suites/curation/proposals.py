"""Proposals: cases out of trials, masked, and only those that the dataset and what lies beside it do not have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from evalplat.errors import CaseError
from evalplat.records import Case, Duplicate, Evaluation, PendingCase, Provenance, ScriptedUser, Trial
from evalplat.suites.dataset.shingles import shingled
from evalplat.suites.dataset.similar import similar
from evalplat.suites.exchange.conversation import conversation_of
from evalplat.suites.exchange.messages import text_of

from .failed import FailedCase
from .masking import Masker, masked_case

Place = Literal["dataset", "pending", "rejected", "retired", "found"]

MAX_SAID = 2000
"""Characters of the system's answer that are kept for whoever writes the expectation."""


@dataclass(frozen=True, slots=True)
class Curator:
    """Who takes cases from where, when. `known` masks what has no shape; `written`: people wrote the cases, who keep to
    what is reserved for examples, so that is left as it is."""

    source: str
    by: str
    at: datetime
    group: str | None = None
    known: Callable[[str], str] | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Cases that need not be taken again, and where each is."""

    cases: tuple[tuple[Place, Case], ...]

    @property
    def ids(self) -> set[str]:
        """All their ids."""
        return {case.id for _, case in self.cases}


def proposals(
    found: Evaluation, failed: Iterable[FailedCase] | None, curator: Curator
) -> tuple[list[PendingCase], list[str]]:
    """A pending case for each failed case, or for every case (None), in order; and notes on those that are none.

    Expectation, cluster, slices and tags come along where the source has them; labels, which are about what they were
    given on, do not.
    """
    taken, notes = [], []
    for case, trial, why in _wanted(found, failed):
        masker = Masker(curator.known, nobody=not curator.written)
        try:
            clean, masked = masked_case(case.model_copy(update={"labels": (), "weight": 1.0}), masker)
        except CaseError as err:
            notes.append(f"left out, as it cannot be masked: {err}")
            continue
        trace_id = trial.trace.trace_id if trial is not None and trial.trace is not None else None
        name = clean.id
        if name == trace_id:
            # The last digits of a trace id are the random ones (W3C Trace Context, level 2).
            clean = clean.model_copy(update={"id": f"trace-{trace_id[-12:]}"})
        said = (trial.answer.text if trial.answer is not None else "") if trial is not None else ""
        provenance = Provenance(
            source=curator.source,
            case_id=name,
            trial=trial.key.trial if trial is not None else None,
            trace_id=trace_id,
            failed=why,
            group=curator.group,
            said=masker.text(said)[0][:MAX_SAID],
            turns=_turns(trial),
            by=curator.by,
            at=curator.at,
        )
        taken.append(PendingCase(case=clean, provenance=provenance, masked=masked))
    return taken, notes


def without_duplicates(
    proposed: Sequence[PendingCase], known: Known, *, threshold: float
) -> tuple[list[PendingCase], list[Duplicate]]:
    """Those that are no near-duplicate of a known case or of an earlier one, under ids that are free; and the others.

    Alike is what `dataset check` finds alike: see `similar`. Raises ValueError for a threshold outside [0.5, 1].
    """
    if not proposed:
        return [], []
    texts = [_asked(case) for _, case in known.cases] + [_asked(one.case) for one in proposed]
    result = similar(shingled(texts), threshold=threshold)
    n = len(known.cases)
    alike = {text: group for group in result.groups for text in group}
    best = {(one, other): value for one, other, value in result.pairs}
    kept: list[PendingCase] = []
    duplicates: list[Duplicate] = []
    ids = known.ids
    for at, one in enumerate(proposed, start=n):
        first = alike.get(at, (at,))[0]
        if first < at:
            place, case = known.cases[first] if first < n else ("found", proposed[first - n].case)
            value = best.get((first, at)) or max(v for pair, v in best.items() if at in pair)
            duplicates.append(Duplicate(case_id=one.case.id, of=case.id, place=place, similarity=value))
            continue
        name = _free(one.case.id, ids)
        ids.add(name)
        kept.append(one.model_copy(update={"case": one.case.model_copy(update={"id": name})}))
    return kept, duplicates


def _wanted(
    found: Evaluation, failed: Iterable[FailedCase] | None
) -> Iterator[tuple[Case, Trial | None, tuple[str, ...]]]:
    cases = {case.id: case for case in found.cases}
    if failed is not None:
        yield from ((cases[one.case_id], one.trial, one.failed) for one in failed)
        return
    first: dict[str, Trial] = {}
    for graded in sorted(found.trials, key=lambda graded: graded.trial.key.trial):
        first.setdefault(graded.trial.key.case_id, graded.trial)
    yield from ((case, first.get(case.id), ()) for case in found.cases)


def _turns(trial: Trial | None) -> int:
    """How many things the user said."""
    if trial is None:
        return 1
    if trial.episode is not None:
        return max(1, sum(message.role == "user" for message in trial.episode.messages))
    talk = conversation_of(trial.trace) if trial.trace is not None else None
    said = [m for m in talk.messages if m["role"] == "user" and text_of(m).strip()] if talk is not None else []
    return max(1, len(said))


def _asked(case: Case) -> str:
    """What makes two cases the same: of a scenario more than how the user begins."""
    play = case.scenario
    if play is None:
        return case.input
    turns = [turn.say for turn in play.user.turns] if isinstance(play.user, ScriptedUser) else [play.user.brief]
    return "\n".join([case.input, play.persona, play.goal, *turns])


def _free(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"
