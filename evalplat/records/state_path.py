"""StatePath: a place in a state, or many, as a person writes it: `orders.A17.items[0]`, `refunds[order=A17].amount`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"[^.\[\]\"\s$]+")
_BRACKET = re.compile(
    r"\[(?:(?P<index>-?\d+)|(?P<every>\*)|\"(?P<key>[^\"]+)\""
    r"|(?P<field>[^.\[\]\"\s=]+)=(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^\[\]\"]+)))\]"
)
_MAX_STEPS = 40


@dataclass(frozen=True, slots=True)
class Key:
    """A field or key."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """An element of a list, from the end where negative."""

    at: int


@dataclass(frozen=True, slots=True)
class Every:
    """All elements, or all values of an object."""


@dataclass(frozen=True, slots=True)
class Where:
    """The elements, or values of an object, whose `field` is written as `value`."""

    field: str
    value: str


StateStep = Key | Index | Every | Where


@dataclass(frozen=True, slots=True)
class StatePath:
    """A parsed path. `steps` is empty for the whole state."""

    text: str
    steps: tuple[StateStep, ...]

    @classmethod
    def parse(cls, text: str) -> StatePath:
        """Raises ValueError saying at which character the path cannot be read."""
        at = 1 if text.startswith("$") else 0
        steps: list[StateStep] = []
        while at < len(text):
            if text[at] == "[":
                match = _BRACKET.match(text, at)
                if match is None:
                    raise ValueError(
                        f'path {text!r}: expected [0], [*], ["key"] or [field=value] at character {at + 1}'
                    )
                steps.append(_bracket(match))
            else:
                start = at + 1 if text[at] == "." else at
                match = _WORD.match(text, start)
                if match is None or (text[at] != ".") != (at == 0):
                    raise ValueError(f"path {text!r}: expected a name at character {start + 1}")
                steps.append(Key(match.group()))
            at = match.end()
        if not text or len(steps) > _MAX_STEPS:
            raise ValueError(f"path {text[:60]!r}: expected 1 to {_MAX_STEPS} steps; $ is the whole state")
        return cls(text, tuple(steps))

    @property
    def is_many(self) -> bool:
        """Whether it may find any number of values."""
        return any(isinstance(step, Every | Where) for step in self.steps)

    def find(self, state: Any) -> list[Any]:
        """The values there, in the state's order; of JSON data."""
        found = [state]
        for step in self.steps:
            found = [inner for value in found for inner in _inside(value, step)]
        return found

    def without(self, state: Any) -> Any:
        """JSON data like `state`, with nothing at this path."""
        return _pruned(state, self.steps)


def _bracket(match: re.Match[str]) -> StateStep:
    if match["index"] is not None:
        return Index(int(match["index"]))
    if match["every"] is not None:
        return Every()
    if match["key"] is not None:
        return Key(match["key"])
    return Where(match["field"], match["quoted"] if match["quoted"] is not None else match["plain"].strip())


def _inside(value: Any, step: StateStep) -> list[Any]:
    return [value[name] for name in _names(value, step)]


def _names(value: Any, step: StateStep) -> list[Any]:
    """Keys or positions in `value` at which the step leads on."""
    if isinstance(step, Key):
        return [step.name] if isinstance(value, dict) and step.name in value else []
    if isinstance(step, Index):
        return [step.at] if isinstance(value, list) and -len(value) <= step.at < len(value) else []
    if not isinstance(value, dict | list):
        return []
    names = list(value) if isinstance(value, dict) else list(range(len(value)))
    return names if isinstance(step, Every) else [name for name in names if _fits(value[name], step)]


def _fits(value: Any, step: Where) -> bool:
    if not isinstance(value, dict) or step.field not in value:
        return False
    found = value[step.field]
    return (found if isinstance(found, str) else _written(found)) == step.value


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _pruned(value: Any, steps: tuple[StateStep, ...]) -> Any:
    if not steps:
        return None
    names = _names(value, steps[0])
    if isinstance(value, list):
        gone = {name % len(value) for name in names} if value else set()
        kept = ((at, inner) for at, inner in enumerate(value) if at not in gone or len(steps) > 1)
        return [_pruned(inner, steps[1:]) if at in gone else inner for at, inner in kept]
    if isinstance(value, dict):
        kept_items = ((name, inner) for name, inner in value.items() if name not in names or len(steps) > 1)
        return {name: _pruned(inner, steps[1:]) if name in names else inner for name, inner in kept_items}
    return value
