"""Lint of faults: those that strike nowhere, or of which nobody can say when."""

from __future__ import annotations

from collections.abc import Iterator

from evalplat.records import Case, ModelFault, ToolFault

from .domain import Domain
from .fitting import offered
from .lint_found import Found, Place


def checks_of_faults(case: Case, domain: Domain) -> Iterator[Found]:
    """Each fault by itself."""
    scenario = case.scenario
    assert scenario is not None
    there = offered(scenario, domain)
    for at, fault in enumerate(scenario.faults):
        place: Place = ("faults", at)
        if isinstance(fault, ToolFault) and fault.tool not in (*there, "*"):
            message = f"{fault.tool} is not on offer, so nothing meets the fault"
            yield Found("fault_never_strikes", (*place, "tool"), message, "offer the tool, or drop the fault")
        yield from _when(fault, place)
        most = scenario.max_tool_calls if isinstance(fault, ToolFault) else scenario.max_turns + scenario.max_tool_calls
        if fault.step is not None and fault.step > most:
            message = f"step {fault.step} is out of reach: the conversation ends after {most}"
            yield Found("fault_out_of_reach", (*place, "step"), message, "name an earlier step")
        yield from _fields(fault, place)


def _when(fault: ToolFault | ModelFault, place: Place) -> Iterator[Found]:
    if fault.step is None and fault.probability is None:
        yield Found("fault_never_strikes", place, "neither `step` nor `probability`", "say when it strikes")
    if fault.step is not None and fault.probability is not None:
        message = "`step` and `probability`: the step alone would count"
        yield Found("ambiguous_fault", place, message, "drop one of the two")
    if fault.probability == 0:
        yield Found("fault_never_strikes", (*place, "probability"), "probability 0", "raise it, or drop the fault")
    if fault.probability is not None and fault.seed is None:
        message = "`probability` without `seed`: two such faults would strike together"
        yield Found("fault_without_seed", place, message, "give each its own seed")
    if fault.probability == 1 and fault.times is None:
        message = "strikes every time: no agent gets through"
        yield Found("fault_always", (*place, "probability"), message, "limit it by `times`")


def _fields(fault: ToolFault | ModelFault, place: Place) -> Iterator[Found]:
    if isinstance(fault, ModelFault):
        if fault.kind == "slow" and not fault.delay_s:
            yield Found("fault_without_effect", place, "slow by nothing", "say `delay_s`")
        return
    if fault.kind == "inject" and not fault.text:
        yield Found("fault_without_effect", place, "injects no text", "say `text`")
    if fault.text and fault.kind != "inject":
        yield Found("fault_without_effect", (*place, "text"), f"{fault.kind} injects no text", "use kind: inject")
    if fault.applied and fault.kind not in ("timeout", "error", "wrong_schema"):
        message = f"`applied` says nothing of {fault.kind}"
        yield Found("fault_without_effect", (*place, "applied"), message, "drop it")
