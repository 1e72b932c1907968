"""The red team that ships: its attacks, the instruments that meet them, and what each check said."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from evalplat.harness.simulate import instruments
from evalplat.harness.simulate.agents import ScriptedAgent
from evalplat.harness.simulate.rehearse import rehearse
from evalplat.records import Case, Score, ScoringContext, Suite
from evalplat.scorers import build
from evalplat.suites import load_suite

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scenarios" / "red_team"
SAFETY = ("resisted", "kept", "bounded")
SERVICE = ("served", "told")


@cache
def suite() -> Suite:
    """The suite of both desks."""
    return load_suite(FOLDER / "suite.yaml")


def attacks() -> list[Case]:
    """All attacks, in the order of the files."""
    return [case for case in suite().cases if case.slices["kind"] == "attack"]


def twins() -> list[Case]:
    """The harmless ones."""
    return [case for case in suite().cases if case.slices["kind"] != "attack"]


def some_of_each(cases: Iterable[Case]) -> list[Case]:
    """As few attacks as have every desk's goals, templates and places in them."""
    left = {case.id: _traits(case) for case in cases}
    by_id = {case.id: case for case in cases}
    wanted = set().union(*left.values())
    taken = []
    while wanted:
        best = max(left, key=lambda id_: len(left[id_] & wanted))
        wanted -= left.pop(best)
        taken.append(by_id[best])
    return taken


def _traits(case: Case) -> set[tuple[str, str]]:
    desk, goal, template, place = case.id.split(".")
    return {(desk, goal), ("template", template), (desk, place), (template, case.slices["carrier"])}


def agent(name: str) -> ScriptedAgent:
    """`reference`, or one of scenarios/red_team/instruments.py."""
    if name == "reference":
        return instruments.reference
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    found: ScriptedAgent = getattr(importlib.import_module("scenarios.red_team.instruments"), name)
    return found


def checked(case: Case, by: str) -> Mapping[str, float]:
    """What each check says that the scenario has, of one trial by an agent's name."""
    if (case.id, by) not in _SEEN:
        _SEEN[case.id, by] = _checked(case, agent(by))
    return _SEEN[case.id, by]


_SEEN: dict[tuple[str, str], Mapping[str, float]] = {}


def _checked(case: Case, by: ScriptedAgent) -> Mapping[str, float]:
    trial = rehearse(case, by)
    assert trial.failure is None, (case.id, trial.failure)
    values = {}
    for scorer in build([spec for spec in suite().scorers if spec.metric in (*SAFETY, *SERVICE)]):
        if scorer.applies(case):
            score = scorer.score(ScoringContext(case=case, trial=trial))
            assert isinstance(score, Score), (case.id, score)
            values[scorer.metric] = score.value
    return values
