"""Every regular expression of a scenario, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalplat.records import Case, Fact, Record, Utterance, ValueTest, When

Place = tuple[str | int, ...]

_PATTERNS: dict[type[Record], str] = {ValueTest: "matches", When: "reply", Fact: "asked", Utterance: "pattern"}


def patterns_of(case: Case) -> Iterator[tuple[Place, str]]:
    """Place in the case and text of each pattern."""
    if case.expect.pattern is not None:
        yield ("expect", "pattern"), case.expect.pattern
    if case.scenario is None:
        return
    yield from _within(case.scenario, ("scenario",))
    if case.scenario.finish is not None:
        for position, pattern in enumerate(case.scenario.finish.gave_up):
            yield ("scenario", "finish", "gave_up", position), pattern


def _within(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Record):
        for kind, name in _PATTERNS.items():
            if isinstance(value, kind) and getattr(value, name) is not None:
                yield (*place, name), getattr(value, name)
        for name in type(value).model_fields:
            yield from _within(getattr(value, name), (*place, name))
    elif isinstance(value, tuple):
        for position, inner in enumerate(value):
            yield from _within(inner, (*place, position))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _within(inner, (*place, key))
