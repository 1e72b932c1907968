"""Lint of patterns and words: what matches everything, nothing, or the scenario's own text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalplat.records import Case, Scenario, ScriptedUser
from evalplat.scorers.base import CannotScore
from evalplat.scorers.episode_words import values_at
from evalplat.scorers.patterns import timed_match
from evalplat.suites.scenario.patterns import patterns_of

from .domain import Domain
from .fitting import offered
from .instruments import reference
from .lint_found import Found, Place
from .rehearse import rehearse
from .start import as_json, start_state

_PROBE_S = 0.1
_PROBES = tuple(unit * 2000 + "!" for unit in ("a", "1", " ", "a ", "ab", "-", "aA1 "))
_NEVER = (re.compile(r"(?<!\\)\$(?=[A-Za-z0-9 ])"), re.compile(r"(?<=[A-Za-z0-9 ])(?<!\\)\^"))
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")


def checks_of_words(case: Case, domain: Domain) -> Iterator[Found]:
    """Every pattern, then what is said and must or must not be."""
    scenario = case.scenario
    assert scenario is not None
    slow = False
    for place, pattern in patterns_of(case):
        inside = place[1:] if place[0] == "scenario" else place
        found = list(_pattern(pattern, inside))
        slow = slow or any(each.kind == "slow_pattern" for each in found)
        yield from found
    if not slow:
        yield from _words(case, scenario, domain)


def _pattern(pattern: str, place: Place) -> Iterator[Found]:
    if any(ord(c) < 32 for c in pattern):
        message = f"{pattern!r} holds a control character: YAML reads \\b between double quotes as a backspace"
        yield Found("control_character", place, message, "write patterns between single quotes")
        return
    outside = _CLASS.sub("x", pattern)
    if any(never.search(outside) for never in _NEVER):
        message = f"{pattern!r} matches nothing: text before ^, or after $"
        yield Found("matches_nothing", place, message, "escape what is meant literally")
    try:
        everything = timed_match(pattern, "", timeout_s=_PROBE_S) is not None
        for probe in _PROBES:
            timed_match(pattern, probe, timeout_s=_PROBE_S)
    except CannotScore as err:
        yield Found("slow_pattern", place, f"{pattern!r} takes too long: {err}", "do not repeat what repeats itself")
        return
    if everything:
        message = f"{pattern!r} matches every text, even none"
        yield Found("matches_everything", place, message, "ask for at least one word")


def _words(case: Case, scenario: Scenario, domain: Domain) -> Iterator[Found]:
    state = as_json(start_state(domain, scenario.environment))
    told = _told_by_user(case, scenario)
    for at, utterance in enumerate(scenario.never_say):
        place: Place = ("never_say", at)
        if utterance.path is not None:
            values = values_at(utterance.path, state)
            if not values:
                message = f"there is nothing at {utterance.path} at the start that could be said"
                yield Found("never_fails", place, message, "name a place with a text or number of 3 characters or more")
        else:
            values = [utterance.text] if utterance.text is not None else []
        hit = next((value for value in values if value.casefold() in told.casefold()), None)
        if utterance.pattern is not None:
            hit = timed_match(utterance.pattern, told)
        if hit:
            message = f"the user says {hit!r} itself: an agent that repeats it fails"
            yield Found("own_words", place, message, "forbid something that only a leak could bring up")
    for at, utterance in enumerate(scenario.must_say):
        if utterance.path is not None and not values_at(utterance.path, state):
            message = f"there is nothing at {utterance.path} at the start that could be said"
            yield Found("never_passes", ("must_say", at), message, "name a place with a text or number")
        elif utterance.text is not None and any(utterance.text == never.text for never in scenario.never_say):
            message = f"{utterance.text!r} must be said and never be said"
            yield Found("contradiction", ("must_say", at), message, "drop one of the two")
    yield from _unknowable(scenario, told + str(state) + _told_by_tools(case, scenario, domain))


def _told_by_user(case: Case, scenario: Scenario) -> str:
    said = [case.input]
    if isinstance(scenario.user, ScriptedUser):
        said += [turn.say for turn in scenario.user.turns]
        said += [fact.say for fact in scenario.user.facts.values()]
        said += [scenario.user.otherwise or ""]
    else:
        said.append(scenario.user.brief)
    return "\n".join(said)


def _told_by_tools(case: Case, scenario: Scenario, domain: Domain) -> str:
    """What tools say of themselves, and what they answer on the way of the solution."""
    said = [f"{domain.by_name[name].description} {domain.by_name[name].schema}" for name in offered(scenario, domain)]
    if scenario.solution and isinstance(scenario.user, ScriptedUser):
        episode = rehearse(case, reference).episode
        said += [str(call.result) for call in episode.tool_calls] if episode is not None else []
    return "\n".join(said)


def _unknowable(scenario: Scenario, told: str) -> Iterator[Found]:
    """Texts that a call must be made with and nobody says: neither the user nor the environment."""
    known = told.casefold()
    for at, must in enumerate(scenario.must_call):
        for name, test in must.args.items():
            if isinstance(test.equals, str) and len(test.equals) >= 3 and test.equals.casefold() not in known:
                message = f"{must.tool} must get {test.equals!r}, which neither the user nor the environment says"
                yield Found("missing_fact", ("must_call", at, "args", name), message, "let the user know and tell it")
