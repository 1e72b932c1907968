"""Lint of what must hold: checks that contradict each other, hold already, or can never fail or pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalplat.records import Case, Condition, Scenario
from evalplat.scorers.conditions import condition_holds, same

from .domain import Domain
from .fitting import offered
from .lint_found import Found, Place
from .start import as_json, start_state

_AGAINST_START = ("unchanged", "changed", "rises_by")


def checks_of_ends(case: Case, domain: Domain) -> Iterator[Found]:
    """End state, calls, bounds and finish."""
    scenario = case.scenario
    assert scenario is not None
    state = as_json(start_state(domain, scenario.environment))
    yield from _nothing_to_check(case, scenario)
    yield from _already(scenario, state)
    yield from _contradictions(scenario)
    yield from _calls(scenario, domain)
    yield from _bounds(scenario)
    yield from _finish(scenario, domain)
    yield from _overrides(scenario, domain)


def _nothing_to_check(case: Case, scenario: Scenario) -> Iterator[Found]:
    checks = (
        scenario.end_state and (scenario.end_state.must or scenario.end_state.must_not), scenario.resists,
        scenario.must_call, scenario.never_call, scenario.must_say, scenario.never_say,
    )  # fmt: skip
    if not any(checks) and case.expect == type(case.expect)():
        message = "nothing is checked but bounds and finish: any polite agent passes"
        yield Found("nothing_checked", (), message, "say what must hold in `end_state`")


def _already(scenario: Scenario, state: dict[str, Any]) -> Iterator[Found]:
    if scenario.end_state is not None:
        for at, condition in enumerate(scenario.end_state.must):
            place: Place = ("end_state", "must", at)
            if _vacuous(condition):
                yield Found("never_fails", place, f"{condition.in_words()} always holds", "test for something")
            elif condition.operator not in _AGAINST_START and condition_holds(condition, state, state).value == 1.0:
                message = f"{condition.in_words()} holds at the start already: an agent that does nothing passes"
                yield Found("holds_at_start", place, message, "write `unchanged: true` if it must stay so")
        for at, condition in enumerate(scenario.end_state.must_not):
            yield from _unwanted(condition, ("end_state", "must_not", at), state)
    for at, condition in enumerate(scenario.resists):
        yield from _unwanted(condition, ("resists", at), state)


def _unwanted(condition: Condition, place: Place, state: dict[str, Any]) -> Iterator[Found]:
    if condition.operator == "unchanged" or condition_holds(condition, state, state).value == 1.0:
        message = f"{condition.in_words()} holds at the start already: an agent that does nothing fails"
        yield Found("forbidden_at_start", place, message, "if the agent is to change it, write it as a `must`")


def _vacuous(condition: Condition) -> bool:
    return condition.count_at_least == 0 or (condition.contains == "")


def _contradictions(scenario: Scenario) -> Iterator[Found]:
    if scenario.end_state is None:
        must: tuple[Condition, ...] = ()
        must_not: tuple[Condition, ...] = ()
    else:
        must, must_not = scenario.end_state.must, scenario.end_state.must_not
    for name, conditions in (("must_not", must_not), ("resists", scenario.resists)):
        place: Place = ("end_state", name) if name == "must_not" else (name,)
        for at, condition in enumerate(conditions):
            if any(_meaning(condition) == _meaning(other) for other in must):
                message = f"{condition.in_words()} is a `must` too: nobody can pass"
                yield Found("contradiction", (*place, at), message, "drop one of the two")
    for at, condition in enumerate(must):
        for other in must[:at]:
            if _meaning(other) == _meaning(condition):
                yield Found("said_twice", ("end_state", "must", at), f"{condition.in_words()} again", "drop one")
            elif _excluded(other, condition):
                message = f"{condition.in_words()} and {other.in_words()} cannot both hold"
                yield Found("contradiction", ("end_state", "must", at), message, "drop one of the two")


def _meaning(condition: Condition) -> dict[str, Any]:
    return condition.model_dump(exclude={"why"})


def _excluded(one: Condition, other: Condition) -> bool:
    if one.path != other.path or one.match != other.match:
        return False
    if one.operator == other.operator == "equals":
        return not same(one.equals, other.equals)
    pair = {one.operator: one, other.operator: other}
    if pair.keys() == {"changed", "unchanged"}:
        return True
    if pair.keys() == {"at_least", "at_most"}:
        low, high = pair["at_least"].at_least, pair["at_most"].at_most
        return low is not None and high is not None and low > high
    if pair.keys() == {"unchanged", "rises_by"}:
        return pair["rises_by"].rises_by != 0
    return False


def _calls(scenario: Scenario, domain: Domain) -> Iterator[Found]:
    there = offered(scenario, domain)
    never = {check.tool for check in scenario.never_call if not check.args}
    for at, must in enumerate(scenario.must_call):
        place: Place = ("must_call", at, "tool")
        if must.tool not in there:
            message = f"{must.tool} must be called, but is not on offer"
            yield Found("never_passes", place, message, "add it to environment.tools")
        if must.tool in never:
            message = f"{must.tool} must be called and never be called"
            yield Found("contradiction", place, message, "forbid certain arguments only, or drop one of the two")
        if must.before == must.tool:
            yield Found("never_passes", ("must_call", at, "before"), f"{must.tool} before itself", "name another tool")
    for at, check in enumerate(scenario.never_call):
        if check.tool not in there:
            message = f"{check.tool} is not on offer, so it is never called"
            yield Found("never_fails", ("never_call", at, "tool"), message, "offer it, or drop the check")


def _bounds(scenario: Scenario) -> Iterator[Found]:
    bounds = scenario.bounds
    if bounds is None:
        return
    for name, ceiling in (("turns", scenario.max_turns), ("tool_calls", scenario.max_tool_calls)):
        limit = getattr(bounds, name)
        if limit is not None and limit >= ceiling:
            message = f"bounds.{name} of {limit} is never passed: the conversation ends at max_{name} of {ceiling}"
            yield Found("never_fails", ("bounds", name), message, f"set it below max_{name}")
    if (bounds.turns, bounds.tool_calls, bounds.repeats) == (None, None, None):
        yield Found("never_fails", ("bounds",), "bounds without a bound", "say turns, tool_calls or repeats")


def _finish(scenario: Scenario, domain: Domain) -> Iterator[Found]:
    finish = scenario.finish
    if finish is None:
        return
    there = offered(scenario, domain)
    if finish.expects == "hand_off" and not any(tool in there for tool in finish.hand_off_tools):
        message = "the matter is to be handed off, but no tool on offer does that"
        yield Found("never_passes", ("finish",), message, "name one in hand_off_tools, and offer it")
    if finish.expects == "complete" and not finish.gave_up and not finish.hand_off_tools:
        message = "giving up cannot be seen: neither `gave_up` nor `hand_off_tools`"
        yield Found("never_fails", ("finish",), message, "say by which words or tools an agent gives up")


def _overrides(scenario: Scenario, domain: Domain) -> Iterator[Found]:
    whole = as_json(start_state(domain, scenario.environment))
    for path in scenario.environment.state:
        others = {name: value for name, value in scenario.environment.state.items() if name != path}
        without = scenario.environment.model_copy(update={"state": others})
        try:
            rest = as_json(start_state(domain, without))
        except ValueError:
            continue
        except Exception:  # noqa: BLE001, S112 - another override may need this one; it is then of effect
            continue
        if same(rest, whole):
            message = f"{path!r} is so without it"
            yield Found("without_effect", ("environment", "state", path), message, "drop it, or give another value")
