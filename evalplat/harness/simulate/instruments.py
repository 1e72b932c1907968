"""Reference and faulty agents: they play a scenario's `solution`, or spoil it in one way; instruments, no systems.

They try the checks of scenarios: the reference must pass all of them, and each faulty one must fail the check that is
meant for it. Where a scenario has nothing that a fault could take hold of, the faulty agent plays the solution, and
`can_spoil` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from evalplat.records import Case, Scenario, Step, ValueTest
from evalplat.scorers.conditions import value_holds
from evalplat.scorers.episode_words import values_at
from evalplat.scorers.patterns import timed_match

from .agents import AgentTurn, scripted_agent
from .domain import ToolError

FAMILIES: Mapping[str, str] = {
    "drops_step": "steps",
    "wrong_tool": "tools",
    "wrong_argument": "arguments",
    "loops": "bounded",
    "leaks": "never_said",
    "obeys": "resisted",
    "gives_up": "finished",
}
"""Faulty agent to the kind of the check that is meant for it."""

_TRIES = 6
_LOOPS = 12
_GIVES_UP = "I am sorry, I cannot help you with this."
_DONE = "Is there anything else I can do for you?"


@scripted_agent
def reference(turn: AgentTurn) -> str:
    """Plays `solution`; a call that met a fault is made again unless its effect has happened."""
    return _play(turn, _solution(turn.case))


@scripted_agent
def drops_step(turn: AgentTurn) -> str:
    """Leaves out one required call, drawn by the trial's seed, and goes on as if it had been made."""
    return _play(turn, _once(turn, _dropped))


@scripted_agent
def wrong_tool(turn: AgentTurn) -> str:
    """Makes a call that is forbidden, beside the right ones."""
    return _play(turn, _once(turn, _with_wrong_tool))


@scripted_agent
def wrong_argument(turn: AgentTurn) -> str:
    """Hands a required tool a wrong argument, drawn by the trial's seed."""
    return _play(turn, _once(turn, _with_wrong_argument))


@scripted_agent
def loops(turn: AgentTurn) -> str:
    """Makes its first call again and again before it goes on."""
    return _play(turn, _once(turn, _looping))


@scripted_agent
def leaks(turn: AgentTurn) -> str:
    """Says at the end what must never be said."""
    return _play(turn, _once(turn, _leaking))


@scripted_agent
def obeys(turn: AgentTurn) -> str:
    """Does what somebody else than the user asked for (`mistakes.obeys`), and then the rest."""
    return _play(turn, _once(turn, _obeying))


@scripted_agent
def gives_up(turn: AgentTurn) -> str:
    """Stops before its last call, and says that it cannot help."""
    return _play(turn, _once(turn, _giving_up))


def can_spoil(family: str, case: Case) -> bool:
    """Whether a scenario has what the faulty agent needs: only then the check meant for it must fail."""
    scenario = case.scenario
    if scenario is None or not scenario.solution:
        return False
    made = [step for step in scenario.solution if step.call is not None]
    required = {must.tool for must in scenario.must_call}
    needs = {
        "drops_step": lambda: any(step.call in required for step in made),
        "wrong_tool": lambda: bool(scenario.mistakes.get("wrong_tool")) or bool(_forbidden(scenario)),
        "wrong_argument": lambda: bool(_spoilable(scenario)),
        "loops": lambda: bool(made) and scenario.bounds is not None,
        "leaks": lambda: bool(scenario.mistakes.get("leaks")) or _secret(scenario, None) is not None,
        "obeys": lambda: bool(scenario.mistakes.get("obeys")),
        "gives_up": lambda: bool(made) and _would_see(scenario, _GIVES_UP),
    }
    return needs[family]()


def _solution(case: Case) -> tuple[Step, ...]:
    return case.scenario.solution if case.scenario is not None else ()


_Spoil = Callable[[AgentTurn, list[Step]], list[Step]]


def _once(turn: AgentTurn, spoil: _Spoil) -> tuple[Step, ...]:
    """The spoiled course, made at the first message and kept."""
    if "course" not in turn.memory:
        turn.memory["course"] = tuple(spoil(turn, list(_solution(turn.case))))
    course: tuple[Step, ...] = turn.memory["course"]
    return course


def _play(turn: AgentTurn, course: Sequence[Step]) -> str:
    """Go on with the course until it says something."""
    at = turn.memory.get("at", 0)
    while at < len(course):
        step = course[at]
        at += 1
        turn.memory["at"] = at
        if step.call is None:
            return step.say or ""
        _insist(turn, step)
    last: str = turn.memory.get("last_words", _DONE)
    return last


def _insist(turn: AgentTurn, step: Step) -> None:
    """Make a call until it meets no fault that kept it from being done; what a tool refuses stays refused."""
    for _ in range(_TRIES):
        with suppress(ToolError):
            turn.calls(step.call or "", step.args)
        fault = turn.last_fault()
        if fault is None or fault.applied or fault.kind == "inject":
            return


def _dropped(turn: AgentTurn, course: list[Step]) -> list[Step]:
    scenario = turn.case.scenario
    required = {must.tool for must in scenario.must_call} if scenario is not None else set()
    candidates = sorted({step.call for step in course if step.call in required and step.call is not None})
    if not candidates:
        return course
    gone = turn.random.choice(candidates)
    return [step for step in course if step.call != gone]


def _with_wrong_tool(turn: AgentTurn, course: list[Step]) -> list[Step]:
    scenario = turn.case.scenario
    if scenario is None:
        return course
    extra = list(scenario.mistakes.get("wrong_tool", ())) or _forbidden(scenario)
    return _before_last_words(course, extra)


def _forbidden(scenario: Scenario) -> list[Step]:
    """A call of the first tool that may never be called, with whatever arguments."""
    never = [check.tool for check in scenario.never_call if not check.args]
    return [Step(call=never[0])] if never else []


def _with_wrong_argument(turn: AgentTurn, course: list[Step]) -> list[Step]:
    scenario = turn.case.scenario
    found = _spoilable(scenario) if scenario is not None else []
    if not found:
        return course
    at, name, wrong = found[turn.random.randrange(len(found))]
    tool = course[at].call
    # Every call of that tool: with one right call among them nothing would be wrong.
    return [
        step.model_copy(update={"args": {**step.args, name: wrong}}) if step.call == tool else step for step in course
    ]


def _spoilable(scenario: Scenario) -> list[tuple[int, str, Any]]:
    """Steps of the solution, arguments that a required call tests, and a value that fails the test."""
    found = []
    for at, step in enumerate(scenario.solution):
        for must in scenario.must_call:
            if must.tool != step.call:
                continue
            for name, test in must.args.items():
                wrong = _other(step.args.get(name), test)
                if wrong is not None:
                    found.append((at, name, wrong))
    return found


def _other(value: Any, test: ValueTest) -> Any:
    """A value of the same type that fails the test; None where none is at hand."""
    if isinstance(value, bool):
        options: list[Any] = [not value]
    elif isinstance(value, int | float):
        options = [value + 1, value * 10 + 7, value - 1, 0]
    elif isinstance(value, str):
        options = [f"{value}9", value[:-1] or "x", "x"]
    else:
        return None
    return next((option for option in options if not value_holds(test, option)), None)


def _looping(turn: AgentTurn, course: list[Step]) -> list[Step]:
    first = next((at for at, step in enumerate(course) if step.call is not None), None)
    if first is None:
        return course
    bounds = turn.case.scenario.bounds if turn.case.scenario is not None else None
    most = max(bounds.repeats or 0, bounds.tool_calls or 0) if bounds is not None else 0
    return [*course[:first], *[course[first]] * max(_LOOPS, most + 1), *course[first:]]


def _leaking(turn: AgentTurn, course: list[Step]) -> list[Step]:
    scenario = turn.case.scenario
    if scenario is None:
        return course
    written = scenario.mistakes.get("leaks")
    if written:
        return _before_last_words(course, list(written))
    secret = _secret(scenario, turn)
    if secret is None:
        return course
    said = [at for at, step in enumerate(course) if step.say is not None]
    if not said:
        return [*course, Step(say=f"By the way: {secret}")]
    last = course[said[-1]]
    return [*course[: said[-1]], Step(say=f"{last.say} By the way: {secret}"), *course[said[-1] + 1 :]]


def _secret(scenario: Scenario, turn: AgentTurn | None) -> str | None:
    """What may never be said: a text, or the value at a path at the start."""
    for utterance in scenario.never_say:
        if utterance.text is not None:
            return utterance.text
        if utterance.path is not None:
            if turn is None:
                return "?"
            values = values_at(utterance.path, turn.initial_state)
            if values:
                return values[0]
    return None


def _obeying(turn: AgentTurn, course: list[Step]) -> list[Step]:
    scenario = turn.case.scenario
    asked = list(scenario.mistakes.get("obeys", ())) if scenario is not None else []
    first = next((at for at, step in enumerate(course) if step.call is not None), len(course))
    return [*course[: first + 1], *asked, *course[first + 1 :]]


def _would_see(scenario: Scenario, text: str) -> bool:
    """Whether the scenario takes this reply for giving up."""
    return scenario.finish is not None and any(timed_match(each, text) for each in scenario.finish.gave_up)


def _giving_up(turn: AgentTurn, course: list[Step]) -> list[Step]:
    scenario = turn.case.scenario
    made = [at for at, step in enumerate(course) if step.call is not None]
    if not made or scenario is None:
        return course
    turn.memory["last_words"] = _GIVES_UP
    return [*course[: made[-1]], Step(say=_GIVES_UP)]


def _before_last_words(course: list[Step], extra: list[Step]) -> list[Step]:
    said = [at for at, step in enumerate(course) if step.say is not None]
    at = said[-1] if said else len(course)
    return [*course[:at], *extra, *course[at:]]
