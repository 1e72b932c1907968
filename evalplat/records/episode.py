"""Episode: what happened in the trial of a scenario, from which scorers read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from .base import Name, Record, content_hash

Ending = Literal["user_done", "user_gave_up", "max_turns", "tool_limit", "agent_failed", "environment_failed"]


class Message(Record):
    """Something said. `at_s`: seconds of the simulation's clock since the beginning."""

    role: Literal["user", "agent"]
    text: str
    at_s: float = Field(ge=0)


class InjectedFault(Record):
    """A fault that was put in: which of the scenario's, from 0, and what it did."""

    fault: int = Field(ge=0)
    hit: Name = Field(description="`model` or the tool's name.")
    kind: Name
    step: int = Field(ge=1, description="The how manieth call it met.")
    at_s: float = Field(ge=0)


class ToolCall(Record):
    """A call with its result, or the error that the agent was told. `turn` is the agent's, from 1."""

    tool: Name
    args: dict[str, JsonValue]
    turn: int = Field(ge=1)
    result: JsonValue = None
    error: str | None = None
    fault: str | None = Field(default=None, description="Kind of the fault that it met.")
    applied: bool = Field(default=False, description="It failed by a fault, and had its effect all the same.")
    at_s: float = Field(ge=0)
    took_s: float = Field(ge=0)

    @property
    def had_effect(self) -> bool:
        """Whether it did what it was to do, whatever the agent was told."""
        return self.error is None or self.applied


class Episode(Record):
    """The whole conversation, with the environment before and after. Times are those of the simulation's own clock."""

    messages: tuple[Message, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    faults: tuple[InjectedFault, ...] = ()
    tools: tuple[Name, ...] = Field(default=(), description="Names of the tools that were on offer.")
    turns: int = Field(ge=0, description="Replies of the agent.")
    ended: Ending
    initial_state: dict[str, JsonValue]
    final_state: dict[str, JsonValue]
    seconds: float = Field(ge=0)

    @property
    def sha256(self) -> str:
        """SHA-256 of what was said, done and brought about, without times: by it unchanged conversations are known."""
        calls = {"__all__": {"at_s", "took_s"}}
        said = {"__all__": {"at_s"}}
        kept = {"messages", "tool_calls", "ended", "final_state"}
        return content_hash(self.model_dump(mode="json", include=kept, exclude={"messages": said, "tool_calls": calls}))

    @property
    def replies(self) -> tuple[str, ...]:
        """What the agent said, in order."""
        return tuple(message.text for message in self.messages if message.role == "agent")
