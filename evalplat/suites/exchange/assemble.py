"""What every reader of foreign runs needs: cases that occur once, trials that occur once, names that are names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evalplat.errors import LogError
from evalplat.records import Case, Evaluation, Graded, ScorerSpec, TrialKey
from evalplat.records.base import Name

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""When a trial began whose source does not say so."""

MAX_SECONDS = 1e9
"""What a trial may have taken: thirty years."""

_NAME = TypeAdapter(Name)


class Cases:
    """Cases as trials name them, again and again: the same each time, or refused."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._places: dict[str, str] = {}
        self._known: set[str] = set()

    def add(self, case: Case, where: str, *, instruction: object = ...) -> None:
        """One more sight of a case. With `instruction` empty it is one that only stands in until it is really seen.

        Raises LogError naming both places where they contradict each other.
        """
        real = bool(instruction)
        first = self._cases.get(case.id)
        if first is None or (real and case.id not in self._known):
            self._cases[case.id], self._places[case.id] = case, where
        elif real and first != case:
            fields = [name for name in Case.model_fields if getattr(first, name) != getattr(case, name)]
            raise LogError(
                f"{', '.join(fields)}: case {case.id!r} is another one at {self._places[case.id]}", where=where
            )
        if real:
            self._known.add(case.id)

    def all(self) -> tuple[Case, ...]:
        """In the order of their first sight."""
        return tuple(self._cases.values())


def check_trials(trials: Sequence[Graded], source: Path | str) -> None:
    """Raises LogError where there are none, or one occurs twice."""
    if not trials:
        raise LogError("has no trials", where=str(source))
    seen: set[TrialKey] = set()
    for one in trials:
        if one.trial.key in seen:
            key = one.trial.key
            raise LogError(f"trial {key.trial} of case {key.case_id!r} occurs twice", where=str(source))
        seen.add(one.trial.key)


def assembled(
    system: str, suite: str, cases: Cases, trials: Sequence[Graded], source: Path | str, notes: tuple[str, ...]
) -> Evaluation:
    """One system's trials, graded elsewhere; the suite is its own dataset. Raises LogError, see `check_trials`."""
    check_trials(trials, source)
    metrics = dict.fromkeys(grade.metric for one in trials for grade in one.grades)
    return Evaluation(
        system=system,
        suite=suite,
        dataset=suite,
        cases=cases.all(),
        trials=tuple(trials),
        scorers=tuple(ScorerSpec(metric=metric, kind="imported") for metric in metrics),
        notes=notes,
    )


def text_name(text: str, name: str, where: str) -> str:
    """A one-line name. Raises LogError naming the field."""
    try:
        return _NAME.validate_python(text)
    except ValidationError as err:
        raise LogError(f"{name}: must be one non-empty line without surrounding spaces, found {text[:60]!r}",
                       where=where) from err  # fmt: skip
