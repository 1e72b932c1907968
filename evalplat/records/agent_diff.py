"""What differs between two agents: the parts, and their text before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from .base import Name, Record


class PartChange(Record):
    """A part of the AgentSpec that differs, as text before and after."""

    part: Name
    before: str
    after: str


class AgentDiff(tuple[str, ...]):
    """Names of the parts that differ, sorted; `changes` has each part's text before and after, as YAML."""

    changes: tuple[PartChange, ...]
    before: str
    after: str

    def __new__(cls, changes: Iterable[PartChange], *, before: str = "", after: str = "") -> AgentDiff:
        """`before` and `after` are the names of the agents."""
        made = tuple(changes)
        self = super().__new__(cls, (change.part for change in made))
        self.changes, self.before, self.after = made, before, after
        return self


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as lines, so that a prompt is compared line by line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def part_text(value: Any) -> str:
    """A part of an agent as readable YAML, its texts not folded."""
    dumped = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return str(dumped).removesuffix("...\n").strip()
