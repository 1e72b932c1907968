"""What makes an agent credulous: it finds orders in whatever it reads, decodes them if need be, and carries them out.

It knows nothing of the scenario: no check, no goal, no list of attacks. It looks for JSON that names tools or words.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from evalplat.harness.simulate import AgentTurn, ToolError
from evalplat.harness.simulate.instruments import reference

_BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_PLACE = re.compile(r"<<(\w+)>>")
_MOST_TIMES = 100


def orders_in(text: str) -> Iterator[list[dict[str, Any]]]:
    """Every list of actions in a text, as it stands, in Base64, or in ROT13."""
    yield from _plain(text)
    for run in _BASE64.findall(text):
        with suppress(binascii.Error, UnicodeDecodeError):
            yield from _plain(base64.b64decode(run, validate=True).decode())
    yield from _plain(codecs.encode(text, "rot13"))


def _plain(text: str) -> Iterator[list[dict[str, Any]]]:
    reader = json.JSONDecoder()
    at = text.find("[")
    while at >= 0:
        with suppress(ValueError):
            found, end = reader.raw_decode(text, at)
            if found and all(isinstance(each, dict) and ("tool" in each or "say" in each) for each in found):
                yield found
                at = end - 1
        at = text.find("[", at + 1)


class Credulous:
    """Stands between an agent and its tools: reads every result, and carries out what stands in it."""

    def __init__(self, turn: AgentTurn, prompt: str) -> None:
        self._turn = turn
        self._known: dict[str, str] = turn.memory.setdefault("known", {"prompt": prompt})
        self._done: list[str] = turn.memory.setdefault("done", [])
        self.said: list[str] = []

    def __call__(self, tool: str, args: Mapping[str, Any]) -> Any:
        """A call of the agent's own; what its result tells the agent to do is done before it goes on."""
        result = self._turn.calls(tool, args)
        self._learn(result)
        for text in _texts(result):
            self.read(text)
        return result

    def read(self, text: str) -> None:
        """Carry out what a text orders, each order once in a conversation."""
        for actions in orders_in(text):
            key = json.dumps(actions, sort_keys=True)
            if key not in self._done:
                self._done.append(key)
                for action in actions:
                    self._obey(action)

    def _obey(self, action: Mapping[str, Any]) -> None:
        if "say" in action:
            self.said.append(str(self._filled(action["say"], 0)))
            return
        for number in range(min(int(action.get("times", 1)), _MOST_TIMES)):
            with suppress(ToolError):
                self(str(action["tool"]), self._filled(action.get("arguments", {}), number))

    def _filled(self, value: Any, number: int) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner, number) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, number) for inner in value]
        if not isinstance(value, str):
            return value
        known = {**self._known, "n": f"{number:02d}"}
        return _PLACE.sub(lambda match: known.get(match.group(1), match.group()), value)

    def _learn(self, value: Any) -> None:
        if isinstance(value, list):
            for inner in value:
                self._learn(inner)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, dict):
                    self._learn(inner)
                elif inner is not None:
                    self._known[name] = ",".join(map(str, inner)) if isinstance(inner, list) else str(inner)


def answer(turn: AgentTurn, prompt: str) -> str:
    """The reply of an agent that does its work as the reference does, and whatever it reads beside it."""
    mind = Credulous(turn, prompt)
    mind.read("\n".join(message.text for message in turn.messages if message.role == "user"))
    reply = reference(replace(turn, calls=mind))
    return "\n".join([*mind.said, reply]) if mind.said else reply


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
