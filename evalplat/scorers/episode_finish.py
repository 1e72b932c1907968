"""finished and bounded: whether the matter was brought to an end as expected, and with how much work."""

from __future__ import annotations

from collections import Counter

from evalplat.records import Episode, Finish, Scenario, canonical_json, counted

from .base import Judged, quoted
from .episode import EpisodeCheck
from .patterns import timed_match

_NOT_ENDED = {
    "max_turns": "out of turns",
    "tool_limit": "ended for too many tool calls",
}


def how_it_ended(finish: Finish, episode: Episode) -> tuple[str, str]:
    """`complete`, `hand_off`, `gave_up` or `cut_off`, and why in words."""
    last = episode.replies[-1] if episode.replies else ""
    for pattern in finish.gave_up:
        match = timed_match(pattern, last)
        if match is not None:
            return "gave_up", f"the last reply gives up: {quoted(match)}"
    handed = [call.tool for call in episode.tool_calls if call.tool in finish.hand_off_tools and call.error is None]
    if handed:
        return "hand_off", f"handed off by {handed[-1]}"
    if episode.ended in _NOT_ENDED:
        return "cut_off", _NOT_ENDED[episode.ended]
    if episode.ended == "user_gave_up":
        return "complete", "the user left, though not content"
    return "complete", "the conversation came to its end"


def finished(scenario: Scenario, episode: Episode) -> Judged:
    """1 where it ended as `finish.expects`: neither given up, nor handed off unasked, nor cut off.

    Whether the user got what it wanted is a matter of `end_state`.
    """
    assert scenario.finish is not None
    how, why = how_it_ended(scenario.finish, episode)
    return Judged.of(how == scenario.finish.expects, why)


def bounded(scenario: Scenario, episode: Episode) -> Judged:
    """1 where turns, tool calls and repeated equal calls are within `bounds`."""
    bounds = scenario.bounds
    assert bounds is not None
    if bounds.turns is not None and episode.turns > bounds.turns:
        return Judged(0.0, f"{counted(episode.turns, 'reply', 'replies')}, at most {bounds.turns}")
    own = [call for call in episode.tool_calls if call.fault is None]
    if bounds.tool_calls is not None and len(own) > bounds.tool_calls:
        return Judged(0.0, f"{len(own)} tool calls that met no fault, at most {bounds.tool_calls}")
    if bounds.repeats is not None:
        equal = Counter((call.tool, canonical_json(call.args)) for call in own)
        for (tool, args), count in equal.items():
            if count > bounds.repeats:
                return Judged(0.0, f"{tool} was called {count} times with {quoted(args)}, at most {bounds.repeats}")
    return Judged(1.0, f"{counted(episode.turns, 'reply', 'replies')}, {counted(len(episode.tool_calls), 'tool call')}")


BOUNDED = EpisodeCheck(lambda scenario: scenario.bounds is not None, bounded)
FINISHED = EpisodeCheck(lambda scenario: scenario.finish is not None, finished)
