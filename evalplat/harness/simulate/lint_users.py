"""Lint of users: what is never said, and conversations without an end."""

from __future__ import annotations

from collections.abc import Iterator

from evalplat.records import Case, ModelUser, Scenario, ScriptedUser

from .domain import Domain
from .fitting import offered, whens_of
from .lint_found import Found

_LONG = 30


def checks_of_users(case: Case, domain: Domain) -> Iterator[Found]:
    """Turns, facts and the end."""
    scenario = case.scenario
    assert scenario is not None
    there = offered(scenario, domain)
    for place, when in whens_of(scenario):
        if when.called is not None and when.called not in there:
            message = f"{when.called} is not on offer, so this never happens"
            yield Found("unreachable_turn", (*place, "called"), message, "offer the tool, or wait for something else")
    if isinstance(scenario.user, ModelUser):
        if scenario.user.until is None and scenario.max_turns >= _LONG:
            message = f"only the model ends it, or {scenario.max_turns} turns"
            yield Found("no_stop_rule", ("user",), message, "say `until`, or lower max_turns")
        return
    yield from _turns(scenario, scenario.user)
    yield from _repeats(case, scenario.user)


def _turns(scenario: Scenario, user: ScriptedUser) -> Iterator[Found]:
    left = scenario.max_turns - 1
    certain = 0
    for at, turn in enumerate(user.turns):
        if certain >= left:
            message = f"never said: max_turns of {scenario.max_turns} is reached before"
            yield Found("unreachable_turn", ("user", "turns", at), message, "raise max_turns")
            break
        certain += turn.when is None
    if any(turn.when is not None for turn in user.turns) and user.until is None:
        message = "turns may stay unsaid, and nothing says when the user is content: it always leaves as if let down"
        yield Found("no_stop_rule", ("user",), message, "say `until`")
    if user.otherwise is not None and not user.turns and user.until is None:
        message = "`otherwise` is never said: without `turns` and `until` the user is done after the first reply"
        yield Found("unreachable_turn", ("user", "otherwise"), message, "say `until`")
    if user.facts and scenario.max_turns == 1:
        message = "facts are never told: max_turns is 1"
        yield Found("unreachable_turn", ("user", "facts"), message, "raise max_turns")


def _repeats(case: Case, user: ScriptedUser) -> Iterator[Found]:
    said = {case.input: "the input"}
    for at, turn in enumerate(user.turns):
        if turn.say in said:
            message = f"the same words as {said[turn.say]}: an agent cannot tell them apart"
            yield Found("said_twice", ("user", "turns", at, "say"), message, "word it anew, or drop it")
        said.setdefault(turn.say, f"turn {at + 1}")
    asked: dict[str, str] = {}
    for name, fact in user.facts.items():
        if fact.asked in asked:
            message = f"asked for by the same pattern as {asked[fact.asked]}: always told together"
            yield Found("said_twice", ("user", "facts", name), message, "make one fact of them, or tell them apart")
        asked.setdefault(fact.asked, name)
