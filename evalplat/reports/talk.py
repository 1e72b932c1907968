"""A conversation as a page shows it: what was said and done, in its order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import JsonValue

from evalplat.records import Episode, ToolCall

from .numbers import ABSENT, seconds

_MOST = 80

_ENDED = {
    "user_done": "the user was done",
    "user_gave_up": "the user gave up",
    "max_turns": "the most turns were reached",
    "tool_limit": "the most tool calls were reached",
    "agent_failed": "the agent failed",
    "environment_failed": "the environment failed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said, or a tool called. `who` is user, agent or tool; `note` says what was wrong with a call."""

    who: str
    name: str
    text: str
    result: str
    note: str


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation's lines, how many there are, how it ended, and what it changed in the environment."""

    lines: tuple[Line, ...]
    total: int
    turns: int
    ended: str
    took: str
    changed: tuple[tuple[str, str, str], ...]


def talk(episode: Episode | None) -> Talk | None:
    """None where there was no conversation."""
    if episode is None:
        return None
    lines = _lines(episode)
    return Talk(
        lines=tuple(lines[:_MOST]),
        total=len(lines),
        turns=episode.turns,
        ended=_ENDED[episode.ended],
        took=seconds(episode.seconds),
        changed=tuple(islice(_changes("", episode.initial_state, episode.final_state), 40)),
    )


def _lines(episode: Episode) -> list[Line]:
    """Calls stand before the agent's reply of their turn: the simulation's clock may stand still between them."""
    by_turn: dict[int, list[Line]] = {}
    for call in episode.tool_calls:
        by_turn.setdefault(call.turn, []).append(_call(call))
    lines: list[Line] = []
    turn = 0
    for message in episode.messages:
        if message.role == "agent":
            turn += 1
            lines.extend(by_turn.pop(turn, []))
        lines.append(Line(message.role, message.role, message.text, "", ""))
    # Of a turn that had no reply, as the agent failed in it.
    return [*lines, *(line for rest in sorted(by_turn) for line in by_turn[rest])]


def _call(call: ToolCall) -> Line:
    fault = f"fault put in: {call.fault}" if call.fault else ""
    applied = "it took effect all the same" if call.applied else ""
    note = "; ".join(part for part in (call.error or "", fault, applied) if part)
    return Line("tool", call.tool, _json(call.args), "" if call.error else _json(call.result), note)


def _changes(path: str, before: JsonValue, after: JsonValue) -> Iterator[tuple[str, str, str]]:
    """Places of the environment that differ: path, before, after."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            inner = f"{path}.{key}" if path else key
            if key not in before or key not in after:
                yield inner, _at(before, key), _at(after, key)
            else:
                yield from _changes(inner, before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        for at, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _changes(f"{path}[{at}]", one, other)
        common = min(len(before), len(after))
        yield from ((f"{path}[{at}]", _json(before[at]), ABSENT) for at in range(common, len(before)))
        yield from ((f"{path}[{at}]", ABSENT, _json(after[at])) for at in range(common, len(after)))
    elif before != after:
        yield path, _json(before), _json(after)


def _at(side: dict[str, JsonValue], key: str) -> str:
    return _json(side[key]) if key in side else ABSENT


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
