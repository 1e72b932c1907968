"""scenario: look at scenarios, lint them, play one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.records import (
    Case,
    Outcome,
    Score,
    ScoreFailure,
    ScorerSpec,
    ScoringContext,
    TargetInfo,
    Trial,
    TrialKey,
)
from evalplat.scorers import build
from evalplat.suites import load_scenarios, scenario_files
from evalplat.suites.scenario.file import NO_SCENARIOS

from .loop import run_to_end
from .run import How, opened
from .workspace import workspace

if TYPE_CHECKING:
    from evalplat.harness.simulate.lint import LintFinding


@dataclass(frozen=True, slots=True)
class Played:
    """One trial of one scenario, with its checks: those that the scenario has."""

    case: Case
    target: TargetInfo
    trial: Trial
    checks: tuple[Score | ScoreFailure, ...]

    @property
    def passed(self) -> bool:
        """Whether every check is passed."""
        return all(isinstance(check, Score) and check.value == 1.0 for check in self.checks)


@dataclass(frozen=True, slots=True)
class Linted:
    """Findings in all files, and how much was looked at."""

    findings: tuple[LintFinding, ...]
    n_files: int
    n_unreadable: int
    errors: tuple[str, ...]
    """One line for each file that cannot be read at all, and for each folder without a file of scenarios."""


def show(path: Path | str, case_id: str | None = None) -> tuple[Case, ...]:
    """The scenarios of a file or folder, or one of them, parameters filled in.

    Raises CaseError naming file, line and field; ReferenceUnknown where there is no such id.
    """
    cases = load_scenarios(_there(path)).cases
    return cases if case_id is None else (_picked(cases, case_id, path),)


def lint(paths: Sequence[Path | str]) -> Linted:
    """What is ambiguous, cannot be played or can never fail in these files, or in all of these folders.

    Raises ReferenceUnknown where there is no such file or folder.
    """
    from evalplat.harness.simulate.lint import lint as of_file

    findings: list[LintFinding] = []
    errors: list[str] = []
    n_files = n_unreadable = 0
    for path in paths:
        files = scenario_files(_there(path))
        if not files:  # a mistyped folder must not read as a clean one
            errors.append(f"{path}: {NO_SCENARIOS}")
        for file in files:
            n_files += 1
            try:
                findings += of_file(file)
            except InputError as err:
                n_unreadable += 1
                errors.append(str(err))
    return Linted(tuple(findings), n_files, n_unreadable, tuple(errors))


def play(
    path: Path | str,
    agent: str,
    case_id: str | None = None,
    *,
    seed: int = 0,
    trial: int = 0,
    model: str | None = None,
) -> Played:
    """Play one scenario (the first without an id) with a target, once, and check it. Nothing is kept.

    Raises as `show` does, and a typed error before anything is asked where the target is not there or cannot converse.
    """
    cases = load_scenarios(_there(path)).cases
    case = cases[0] if case_id is None else _picked(cases, case_id, path)
    return run_to_end(_played(case, agent, TrialKey(case_id=case.id, trial=trial), seed, model))


async def _played(case: Case, agent: str, key: TrialKey, seed: int, model: str | None) -> Played:
    from evalplat.harness import Conversant
    from evalplat.harness.simulate.lint_solution import KINDS
    from evalplat.harness.simulate.play import play as play_one
    from evalplat.harness.simulate.stage import Stage, require_conversant

    target = opened(agent, How(model=model, cached=False), workspace())
    stage = Stage([case])
    try:
        require_conversant([case], target, target.info)
        assert isinstance(target, Conversant)
        await target.prepare()
        await stage.prepare()
        number = key.seed(seed)
        outcome = await play_one(case, key, number, target, target.info, stage)
    finally:
        await stage.aclose()
        await target.aclose()
    trial = Trial(**{name: getattr(outcome, name) for name in Outcome.model_fields}, key=key, seed=number)
    scorers = build([ScorerSpec(metric=kind, kind=kind) for kind in (*KINDS, "expectation")])
    context = ScoringContext(case=case, trial=trial)
    return Played(case, target.info, trial, tuple(s.score(context) for s in scorers if s.applies(case)))


def _there(path: Path | str) -> Path:
    path = Path(path)
    if not path.exists():
        raise ReferenceUnknown(f"scenarios {path}: there is no such file or folder, looked for from {Path.cwd()}")
    return path


def _picked(cases: Sequence[Case], case_id: str, path: Path | str) -> Case:
    found = next((case for case in cases if case.id == case_id), None)
    if found is None:
        from difflib import get_close_matches

        close = get_close_matches(case_id, [case.id for case in cases], n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {len(cases)}, the first is {cases[0].id!r}"
        raise ReferenceUnknown(f"{path}: no scenario {case_id!r}; {hint}")
    return found
