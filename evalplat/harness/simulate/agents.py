"""Scripted agents: instruments that act out a course of action, to try scenarios with; never a system under test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol, TypeVar

from evalplat.records import Case, Message, ToolFault

MARK = "__evalplat_scripted__"


class Calls(Protocol):
    """How a scripted agent calls a tool."""

    def __call__(self, tool: str, args: Mapping[str, Any]) -> Any:
        """The result as JSON data. Raises ToolError."""
        ...


@dataclass(frozen=True)
class AgentTurn:
    """What a scripted agent is handed for each message of the user."""

    case: Case
    """With its scenario: `case.scenario.solution` is a right course of action."""
    messages: tuple[Message, ...]
    """All messages so far; the last is the user's."""
    tools: tuple[str, ...]
    """Names of the tools on offer."""
    random: Random
    """Seeded by the trial, the same generator throughout a conversation."""
    memory: dict[str, Any] = field(default_factory=dict)
    """Empty at the beginning of a conversation, and kept from turn to turn."""
    calls: Calls = field(kw_only=True)
    initial_state: dict[str, Any] = field(kw_only=True)
    """The environment at the beginning, which no system would see."""
    last_fault: Callable[[], ToolFault | None] = field(kw_only=True)
    """The fault that the last call met, which no system would be told."""

    def call(self, tool: str, /, **args: Any) -> Any:
        """Call a tool: its result as JSON data. Raises ToolError with what an agent is told where it cannot."""
        return self.calls(tool, args)

    @property
    def said(self) -> str:
        """The user's last message."""
        return self.messages[-1].text


ScriptedAgent = Callable[[AgentTurn], str]
F = TypeVar("F", bound=ScriptedAgent)


def scripted_agent(function: F) -> F:
    """Marks `function(turn: AgentTurn) -> str` as a scripted agent, to be named `module:function` as a target.

    Wherever its results are shown it is called an instrument. It may know the scenario; it draws from `turn.random`
    alone, and keeps what it must remember in `turn.memory`.
    """
    setattr(function, MARK, True)
    return function


def is_scripted(function: object) -> bool:
    """Whether a function is marked as a scripted agent."""
    return getattr(function, MARK, False) is True
