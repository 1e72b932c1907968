"""Whether a scenario fits its domain: tools, arguments, places and types that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from evalplat.errors import SpecError
from evalplat.records import Condition, Scenario, ScriptedUser, ToolCheck, ToolFault, When
from evalplat.records.state_path import StatePath

from .domain import Domain
from .start import start_state
from .state_types import misfit, missing_step, types_at

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit: a stable name of the kind, the place within the scenario, what and what to do."""

    kind: str
    place: Place
    message: str


def check_fits(scenario: Scenario, domain: Domain) -> None:
    """Raises SpecError with the first misfit."""
    for found in misfits(scenario, domain):
        raise SpecError(f"{'.'.join(map(str, found.place))}: {found.message}")


def misfits(scenario: Scenario, domain: Domain) -> Iterator[Misfit]:
    """Everything in a scenario that its domain does not have, in the order of its fields."""
    try:
        start_state(domain, scenario.environment)
    except SpecError as err:
        yield Misfit("bad_state", ("environment", "state"), str(err).removeprefix("environment.state: "))
    yield from _tools(scenario, domain)
    for place, condition in conditions_of(scenario):
        yield from _condition(condition, place, domain)
    for name in ("never_say", "must_say"):
        for at, utterance in enumerate(getattr(scenario, name)):
            if utterance.path is not None:
                path = StatePath.parse(utterance.path)
                if not types_at(domain.state, path):
                    yield Misfit("unknown_path", (name, at, "path"), _nowhere(path, domain))


def conditions_of(scenario: Scenario) -> Iterator[tuple[Place, Condition]]:
    """Every condition on the state, with its place."""
    if scenario.end_state is not None:
        for name in ("must", "must_not"):
            for at, condition in enumerate(getattr(scenario.end_state, name)):
                yield ("end_state", name, at), condition
    for at, condition in enumerate(scenario.resists):
        yield ("resists", at), condition
    for place, when in whens_of(scenario):
        for at, condition in enumerate(when.state):
            yield (*place, "state", at), condition


def whens_of(scenario: Scenario) -> Iterator[tuple[Place, When]]:
    """Every `when` and `until` of the user, with its place."""
    if scenario.user.until is not None:
        yield ("user", "until"), scenario.user.until
    if isinstance(scenario.user, ScriptedUser):
        for at, turn in enumerate(scenario.user.turns):
            if turn.when is not None:
                yield ("user", "turns", at, "when"), turn.when


def offered(scenario: Scenario, domain: Domain) -> tuple[str, ...]:
    """Names of the tools on offer that the domain has."""
    names = scenario.environment.tools
    return tuple(domain.by_name) if names is None else tuple(name for name in names if name in domain.by_name)


def _tools(scenario: Scenario, domain: Domain) -> Iterator[Misfit]:
    for place, name in _named_tools(scenario):
        if name not in domain.by_name:
            yield Misfit("unknown_tool", place, _no_tool(name, domain))
    for list_name in ("must_call", "never_call"):
        for at, check in enumerate(getattr(scenario, list_name)):
            yield from _call_check(check, (list_name, at), domain)
    courses: list[tuple[Place, Any]] = [(("solution",), scenario.solution)]
    courses += [(("mistakes", name), steps) for name, steps in scenario.mistakes.items()]
    for place, steps in courses:
        for at, step in enumerate(steps):
            if step.call is None:
                continue
            if step.call not in domain.by_name:
                yield Misfit("unknown_tool", (*place, at, "call"), _no_tool(step.call, domain))
            else:
                yield from _arguments(step.call, step.args, (*place, at), domain)


def _named_tools(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    for at, name in enumerate(scenario.environment.tools or ()):
        yield ("environment", "tools", at), name
    for place, when in whens_of(scenario):
        if when.called is not None:
            yield (*place, "called"), when.called
    for at, name in enumerate(scenario.finish.hand_off_tools if scenario.finish else ()):
        yield ("finish", "hand_off_tools", at), name
    for at, fault in enumerate(scenario.faults):
        if isinstance(fault, ToolFault) and fault.tool != "*":
            yield ("faults", at, "tool"), fault.tool


def _call_check(check: ToolCheck, place: Place, domain: Domain) -> Iterator[Misfit]:
    before = getattr(check, "before", None)
    if before is not None and before not in domain.by_name:
        yield Misfit("unknown_tool", (*place, "before"), _no_tool(before, domain))
    if check.tool not in domain.by_name:
        yield Misfit("unknown_tool", (*place, "tool"), _no_tool(check.tool, domain))
        return
    parameters = domain.by_name[check.tool].parameters.model_fields
    for name, test in check.args.items():
        if name not in parameters:
            yield Misfit("unknown_argument", (*place, "args", name), _no_argument(name, check.tool, domain))
        elif (wrong := misfit(test, [parameters[name].annotation])) is not None:
            yield Misfit("type_mismatch", (*place, "args", name), f"argument {name}: {wrong}")


def _arguments(tool: str, args: dict[str, Any], place: Place, domain: Domain) -> Iterator[Misfit]:
    parameters = domain.by_name[tool].parameters
    unknown = [name for name in args if name not in parameters.model_fields]
    for name in unknown:
        yield Misfit("unknown_argument", (*place, "args", name), _no_argument(name, tool, domain))
    if unknown or place[0] == "mistakes":
        return
    try:
        parameters.model_validate(args)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "arguments"
        yield Misfit("type_mismatch", (*place, "args"), f"{tool} would refuse this: {where}: {first['msg']}")


def _condition(condition: Condition, place: Place, domain: Domain) -> Iterator[Misfit]:
    path = StatePath.parse(condition.path)
    found = types_at(domain.state, path)
    if not found:
        yield Misfit("unknown_path", (*place, "path"), _nowhere(path, domain))
    elif (wrong := misfit(condition, found, is_many=path.is_many)) is not None:
        yield Misfit("type_mismatch", (*place, condition.operator), f"{condition.path}: {wrong}")
    for at, text in enumerate(condition.ignoring):
        other = StatePath.parse(text)
        if not types_at(domain.state, other):
            yield Misfit("unknown_path", (*place, "ignoring", at), _nowhere(other, domain))


def _nowhere(path: StatePath, domain: Domain) -> str:
    return f"the state has no {path.text!r}: {missing_step(domain.state, path)}"


def _no_tool(name: str, domain: Domain) -> str:
    return f"{domain.name} has no tool {name!r}; {_near(name, list(domain.by_name))}"


def _no_argument(name: str, tool: str, domain: Domain) -> str:
    known = list(domain.by_name[tool].parameters.model_fields)
    return f"{tool} has no argument {name!r}; {_near(name, known)}"


def _near(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"
