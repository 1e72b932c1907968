"""The domains that ship: the reference passes all of a domain's checks whatever strikes, each faulty agent fails the
check that is meant for it and no other, and no check of an end could be turned round unnoticed."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from instruments.domains import (
    SCENARIOS,
    SUITES,
    domain_of,
    domains,
    only_talks,
    reference_trials,
    suite_of,
    swapped,
)

from evalplat.harness.simulate import instruments
from evalplat.harness.simulate.instruments import FAMILIES, can_spoil
from evalplat.harness.simulate.lint_solution import failed_checks
from evalplat.harness.simulate.rehearse import rehearse
from evalplat.harness.simulate.start import start_state
from evalplat.records import ScorerSpec, ScoringContext, ToolFault
from evalplat.runtime.agents import load_agent
from evalplat.scorers import build
from evalplat.sdk.scenario import lint

CHECKS = ("end_state", "steps", "arguments", "tools", "never_said", "said", "resisted", "bounded", "finished")

MATRIX: dict[str, tuple[str, set[str]]] = {
    # family: the check that must fail, and those that may: what the conversation brought about, which is no cause.
    "drops_step": ("steps", {"end_state"}),
    "wrong_tool": ("tools", {"end_state"}),
    "wrong_argument": ("arguments", {"end_state"}),
    "loops": ("bounded", {"end_state"}),
    "leaks": ("never_said", set()),
    "obeys": ("resisted", {"end_state"}),
    "gives_up": ("finished", {"end_state", "said"}),
}

pytestmark = pytest.mark.xdist_group("domains")  # the reference plays each domain once
LONG = {"travel_desk": [pytest.mark.slow]}
in_its_time = pytest.mark.parametrize("name", [pytest.param(name, marks=LONG.get(name, [])) for name in domains()])
each_domain = pytest.mark.parametrize("name", domains())


def test_both_domains_ship() -> None:
    assert domains() == sorted(SUITES)


def test_the_page_of_scenarios_names_every_domain_and_the_matrix() -> None:
    page = (SCENARIOS / "README.md").read_text(encoding="utf-8")
    for name in domains():
        assert f"{name}/README.md" in page
        assert f"{len(suite_of(name).cases)} conversations" in page
    for family, (meant, may) in MATRIX.items():
        assert f"| `{family}` |" in page
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{family}` |"))
        assert [cell.strip() for cell in row.split("|")[3:5]] == [
            f"`{meant}`", ", ".join(f"`{check}`" for check in sorted(may))
        ]  # fmt: skip


@each_domain
def test_a_suite_is_large_and_cut_into_clusters_and_slices(name: str) -> None:
    cases = suite_of(name).cases
    assert len(cases) >= 60
    assert len({case.cluster for case in cases}) >= 40
    assert max(Counter(case.cluster for case in cases).values()) <= len(cases) / 10
    assert len({case.input for case in cases}) == len(cases), "no two customers say the same"
    for column in ("topic", "difficulty", "attack"):
        values = Counter(case.slices[column] for case in cases)
        assert len(values) >= 2
        assert min(values.values()) >= 2, values
    assert {scorer.metric for scorer in suite_of(name).scorers} >= set(CHECKS)


@each_domain
def test_every_scenario_has_an_end_to_check_and_a_solution(name: str) -> None:
    for case in suite_of(name).cases:
        scenario = case.scenario
        assert scenario is not None
        assert scenario.end_state is not None
        assert scenario.end_state.must, case.id
        assert scenario.solution, case.id
        assert scenario.bounds is not None, case.id
        assert scenario.finish is not None, case.id
        assert scenario.never_say, case.id


@in_its_time
def test_every_kind_of_fault_strikes_somewhere(name: str) -> None:
    faults = [fault for case in suite_of(name).cases if case.scenario for fault in case.scenario.faults]
    on_tools = [fault for fault in faults if isinstance(fault, ToolFault)]
    assert {f.kind for f in on_tools} >= {"timeout", "error", "wrong_schema", "stale", "rate_limit", "inject"}
    assert {f.kind for f in faults if not isinstance(f, ToolFault)} == {"rate_limit", "truncated", "slow"}
    assert any(f.applied for f in on_tools)
    assert any(f.probability for f in on_tools)
    struck = Counter(fault.kind for trial in reference_trials(name).values() for fault in trial.episode.faults)  # type: ignore[union-attr]
    assert struck.keys() >= {"timeout", "error", "wrong_schema", "rate_limit", "inject", "stale"}
    with_faults = sum(bool(trial.episode and trial.episode.faults) for trial in reference_trials(name).values())
    assert with_faults >= len(suite_of(name).cases) / 2


@pytest.mark.slow
@each_domain
def test_lint_finds_nothing(name: str) -> None:
    linted = lint([SCENARIOS / name / "scenarios"])
    assert not linted.errors
    assert [str(finding) for finding in linted.findings] == []


@in_its_time
def test_the_reference_passes_every_check_whatever_strikes(name: str) -> None:
    for case in suite_of(name).cases:
        trials = [reference_trials(name)[case.id], rehearse(case, instruments.reference, number=1)]
        for trial in trials:
            assert trial.failure is None, (case.id, trial.failure)
            assert failed_checks(case, trial) == {}, case.id


@pytest.mark.parametrize("family", MATRIX)
@in_its_time
def test_a_faulty_agent_fails_the_check_meant_for_it_and_no_other(name: str, family: str) -> None:
    meant, may = MATRIX[family]
    assert FAMILIES[family] == meant
    spoilt = 0
    for case in suite_of(name).cases:
        wrong = set(failed_checks(case, rehearse(case, getattr(instruments, family))))
        if can_spoil(family, case):
            spoilt += 1
            assert meant in wrong, (case.id, wrong)
            assert wrong <= {meant, *may}, (case.id, wrong)
        else:
            assert wrong == set(), (case.id, wrong)
    assert spoilt >= 10, "the family has something to take hold of in a good share of the scenarios"


@each_domain
def test_an_end_state_turned_to_its_opposite_fails_the_reference(name: str) -> None:
    (scorer,) = build([ScorerSpec(metric="end_state", kind="end_state")])
    turned = 0
    for case in suite_of(name).cases:
        trial = reference_trials(name)[case.id]
        assert scorer.score(ScoringContext(case=case, trial=trial)).value == 1.0
        for _, other in swapped(case):
            turned += 1
            assert scorer.score(ScoringContext(case=other, trial=trial)).value == 0.0, (case.id, other.scenario)
    assert turned >= 2 * len(suite_of(name).cases)


@each_domain
def test_an_agent_that_only_talks_fails_wherever_something_is_to_be_done(name: str) -> None:
    for case in suite_of(name).cases:
        assert case.scenario is not None
        failed = failed_checks(case, rehearse(case, only_talks))
        if case.scenario.must_call or (case.scenario.finish and case.scenario.finish.expects == "hand_off"):
            assert failed, case.id


@each_domain
def test_the_world_begins_alike_for_alike_seeds_only(name: str) -> None:
    domain = domain_of(name)
    assert domain.start(Random(5)) == domain.start(Random(5))
    assert domain.start(Random(5)) != domain.start(Random(6))
    for case in suite_of(name).cases:
        assert case.scenario is not None
        assert start_state(domain, case.scenario.environment) == start_state(domain, case.scenario.environment)


@each_domain
def test_the_rules_are_part_of_the_agents_prompt(name: str) -> None:
    agent = load_agent(SCENARIOS / name / "agents" / "agent.yaml")
    policy = (SCENARIOS / name / "policy.md").read_text(encoding="utf-8").strip()
    assert policy in agent.prompts.system
    assert agent.model.name.startswith("openai:")
    assert agent.tools == (), "the tools are the environment's"


@each_domain
def test_the_page_of_a_domain_states_what_is_in_it(name: str) -> None:
    page = (SCENARIOS / name / "README.md").read_text(encoding="utf-8")
    cases = suite_of(name).cases
    assert f"{len(cases)} scenarios" in page
    assert f"{len({case.cluster for case in cases})} clusters" in page
    assert f"`{domain_of(name).name}`" in page or name in page
    for tool in domain_of(name).by_name:
        assert f"`{tool}`" in page, tool
