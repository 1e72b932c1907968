"""The domains of scenarios that ship: folders with an environment and a suite of conversations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from evalplat.harness.simulate import AgentTurn, Domain, instruments, scripted_agent
from evalplat.harness.simulate.loading import load_domain
from evalplat.harness.simulate.rehearse import rehearse
from evalplat.records import Case, Suite, Trial
from evalplat.suites import load_suite

SCENARIOS = Path(__file__).parents[2] / "scenarios"


SUITES = {"support_desk": "suite_conversations.yaml", "travel_desk": "suite_travel.yaml"}
"""The suite of conversations of each domain."""


def domains() -> list[str]:
    """Names of the folders."""
    return sorted(name for name, suite in SUITES.items() if (SCENARIOS / name / suite).is_file())


@cache
def suite_of(name: str) -> Suite:
    """The suite of conversations of a domain."""
    return load_suite(SCENARIOS / name / SUITES[name])


@cache
def domain_of(name: str) -> Domain:
    """The environment of a domain; all its scenarios play in the same."""
    scenario = suite_of(name).cases[0].scenario
    assert scenario is not None
    return load_domain(scenario.environment)


@cache
def reference_trials(name: str) -> dict[str, Trial]:
    """The reference's first trial of every scenario, by its id."""
    return {case.id: rehearse(case, instruments.reference) for case in suite_of(name).cases}


def swapped(case: Case) -> Iterator[tuple[str, Case]]:
    """The case with one condition of its end turned to its opposite, for each of them, and the check that judges it."""
    scenario = case.scenario
    assert scenario is not None
    end = scenario.end_state
    assert end is not None
    for at, condition in enumerate(end.must):
        turned = end.model_copy(
            update={"must": (*end.must[:at], *end.must[at + 1 :]), "must_not": (*end.must_not, condition)}
        )
        yield "end_state", case.model_copy(update={"scenario": scenario.model_copy(update={"end_state": turned})})
    for at, condition in enumerate((*end.must_not, *scenario.resists)):
        others = (*end.must_not[:at], *end.must_not[at + 1 :]) if at < len(end.must_not) else end.must_not
        turned = end.model_copy(update={"must": (*end.must, condition), "must_not": others})
        yield "end_state", case.model_copy(update={"scenario": scenario.model_copy(update={"end_state": turned})})


@scripted_agent
def only_talks(turn: AgentTurn) -> str:
    """Says all that the solution says, and does nothing of it."""
    assert turn.case.scenario is not None
    words = [step.say for step in turn.case.scenario.solution if step.say is not None]
    at = turn.memory.get("at", 0)
    turn.memory["at"] = at + 1
    return words[at] if at < len(words) else "That is all."
