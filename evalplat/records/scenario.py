"""Scenario: a case with several turns: who the user is and wants, the environment, faults, and what must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator

from .base import Name, Record
from .condition import Condition, ValueTest
from .state_path import StatePath

MAX_DELAY_S = 86_400.0
"""A day: what a fault waits at most, once. Clocks of traces count nanoseconds and end after 292 years."""


class When(Record):
    """When something is said: the agent's last reply matches, and the state is so; all that is given must hold."""

    reply: str | None = Field(default=None, description="Regular expression found in the agent's last reply.")
    called: Name | None = Field(default=None, description="A tool that has been called with success.")
    state: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.reply is None and self.called is None and not self.state:
            raise ValueError("needs `reply`, `called` or `state`")
        return self


class UserTurn(Record):
    """One more message of a scripted user. It is said once, at the first moment at which `when` holds."""

    say: str = Field(min_length=1)
    when: When | None = None


class Fact(Record):
    """What the user knows, and tells when the agent's reply matches `asked`; at most `times` times."""

    say: str = Field(min_length=1)
    asked: str = Field(min_length=1, description="Regular expression found in the agent's reply.")
    times: int = Field(default=1, ge=1)


class ScriptedUser(Record):
    """Says what is written. Before each message, in this order: `until` holds: the end; facts that were asked for and
    are left; the first unsaid turn whose `when` holds; `otherwise`, at most `patience` times; the end."""

    kind: Literal["scripted"] = "scripted"
    turns: tuple[UserTurn, ...] = ()
    facts: dict[Name, Fact] = Field(default_factory=dict)
    otherwise: str | None = Field(default=None, description="Said where nothing else fits.")
    patience: int = Field(default=2, ge=1)
    until: When | None = Field(default=None, description="The user is content and ends the conversation.")


class ModelUser(Record):
    """A model that plays the user. It is told persona, goal and `brief`, and ends by saying `stop` alone."""

    kind: Literal["model"]
    model: Name = Field(description="As in an agent's file: `openai:NAME`, `gguf:PATH` or `embedded`.")
    brief: str = Field(min_length=1, description="What the user knows and how it behaves.")
    stop: Name = Field(default="[END]", description="What it says, and nothing else does, when it is done.")
    until: When | None = Field(default=None, description="Ends the conversation without asking the model.")
    temperature: float = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=256, ge=1)


def _kind_of_user(value: Any) -> str:
    kind = value.get("kind", "scripted") if isinstance(value, dict) else getattr(value, "kind", "scripted")
    return "model" if kind == "model" else "scripted"


User = Annotated[
    Annotated[ScriptedUser, Tag("scripted")] | Annotated[ModelUser, Tag("model")], Discriminator(_kind_of_user)
]


class Environment(Record):
    """Which world the agent acts in. Built anew for every trial."""

    domain: Name = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
        description="`module:NAME` of a Domain; the module lies beside the scenario's file or above it.",
    )
    domain_sha256: str | None = Field(default=None, description="Filled in at load: the source of the domain.")
    seed: int = Field(default=0, ge=0, description="Seed of the domain's start state; the same in every trial.")
    state: dict[str, JsonValue] = Field(
        default_factory=dict, description="Path to value: put over the start state, then validated by its type."
    )
    tools: tuple[Name, ...] | None = Field(default=None, description="Tools on offer; all of the domain without it.")
    home: Path | None = Field(
        default=None, exclude=True, repr=False, description="Filled in at load: where the domain is; no content."
    )

    def __eq__(self, other: object) -> bool:
        """Where it lies on this machine is no part of what it is."""
        return isinstance(other, Environment) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]


class ToolCheck(Record):
    """A call, by tool and tests of its arguments; an argument that is not named may be anything."""

    tool: Name
    args: dict[Name, ValueTest] = Field(default_factory=dict)
    why: str = ""


class MustCall(ToolCheck):
    """A call that a right conversation has. Calls that failed do not count."""

    before: Name | None = Field(default=None, description="A tool; the call comes before the first one of that.")
    at_most: int | None = Field(default=None, ge=1, description="No more such calls than this.")


class Utterance(Record):
    """Something that is said: a `text`, a regular expression, or what is at a `path` of the state at the start."""

    text: str | None = Field(default=None, min_length=1, description="Found in any case of letters.")
    pattern: str | None = Field(default=None, min_length=1)
    path: Name | None = None
    within: Literal["replies", "arguments", "both"] = Field(
        default="replies", description="Where it is looked for: what the agent says, what it hands to tools."
    )
    why: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(part is not None for part in (self.text, self.pattern, self.path)) != 1:
            raise ValueError("needs exactly one of text, pattern, path")
        if self.path is not None:
            StatePath.parse(self.path)
        return self

    def in_words(self) -> str:
        """`text 'x'`, without what is at a path."""
        kind = "text" if self.text is not None else "pattern" if self.pattern is not None else "path"
        return f"{kind} {getattr(self, kind)!r}"


class EndState(Record):
    """What the environment must and must not be like when the conversation is over."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()


class Bounds(Record):
    """How much work is too much. Calls that met an injected fault are not counted as repeated."""

    turns: int | None = Field(default=None, ge=1, description="Replies of the agent.")
    tool_calls: int | None = Field(default=None, ge=0)
    repeats: int | None = Field(default=None, ge=1, description="How often one tool may get the same arguments.")


class Finish(Record):
    """What it means to bring the matter to an end."""

    expects: Literal["complete", "hand_off"] = "complete"
    hand_off_tools: tuple[Name, ...] = Field(default=(), description="Calling one hands the matter to a person.")
    gave_up: tuple[str, ...] = Field(default=(), description="Regular expressions; a last reply that matches gives up.")


ToolFaultKind = Literal["timeout", "error", "wrong_schema", "stale", "rate_limit", "inject"]
ModelFaultKind = Literal["rate_limit", "truncated", "slow"]


class ToolFault(Record):
    """A tool that misbehaves, at its `step`-th call (from 1, counted by tool) or with a probability at each call.

    timeout: no result after `delay_s`; error: `message`; rate_limit: told to come back; stale: what the tool would have
    said at the start of the conversation, without effect; wrong_schema: the result, out of shape; inject: `text` at the
    end of each text in the result. `applied`: a timeout or error whose effect has happened all the same.
    """

    tool: Name = Field(description="A tool, or `*` for all on offer, then counted together.")
    kind: ToolFaultKind
    step: int | None = Field(default=None, ge=1)
    probability: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = Field(default=None, ge=0, description="With `probability`: drawn from it and the trial's seed.")
    times: int | None = Field(default=None, ge=1, description="At most so often in one trial.")
    applied: bool = False
    delay_s: float = Field(default=0.0, ge=0, le=MAX_DELAY_S)
    message: str = ""
    text: str = ""


class ModelFault(Record):
    """A model endpoint that misbehaves, at its `step`-th request (from 1) or with a probability at each.

    rate_limit: 429; truncated: the answer breaks off; slow: `delay_s` later, or the client's timeout.
    """

    model: Literal[True]
    kind: ModelFaultKind
    step: int | None = Field(default=None, ge=1)
    probability: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = Field(default=None, ge=0)
    times: int | None = Field(default=None, ge=1)
    delay_s: float = Field(default=0.0, ge=0, le=MAX_DELAY_S)


def _kind_of_fault(value: Any) -> str:
    on_model = "model" in value if isinstance(value, dict) else isinstance(value, ModelFault)
    return "model" if on_model else "tool"


Fault = Annotated[
    Annotated[ToolFault, Tag("tool")] | Annotated[ModelFault, Tag("model")], Discriminator(_kind_of_fault)
]


class Step(Record):
    """One step of a written course of action: a call of a tool, or something said, which ends the agent's turn."""

    call: Name | None = None
    args: dict[Name, JsonValue] = Field(default_factory=dict)
    say: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.call is None) == (self.say is None):
            raise ValueError("needs either `call` (with `args`) or `say`")
        if self.say is not None and self.args:
            raise ValueError("`args` goes with `call`")
        return self


class Scenario(Record):
    """What makes a case a conversation. The first message of the user is the case's `input`."""

    persona: str = Field(min_length=1, description="Who the user is, in a sentence.")
    goal: str = Field(min_length=1, description="What the user wants, in a sentence.")
    user: User = ScriptedUser()
    max_turns: int = Field(default=10, ge=1, le=200, description="Messages of the user, the first included.")
    max_tool_calls: int = Field(default=60, ge=1, le=2000, description="After these the conversation is ended.")
    environment: Environment
    end_state: EndState | None = None
    resists: tuple[Condition, ...] = Field(
        default=(), description="What somebody else than the user wants to bring about; none of it may hold at the end."
    )
    must_call: tuple[MustCall, ...] = ()
    never_call: tuple[ToolCheck, ...] = ()
    must_say: tuple[Utterance, ...] = ()
    never_say: tuple[Utterance, ...] = ()
    bounds: Bounds | None = None
    finish: Finish | None = None
    faults: tuple[Fault, ...] = ()
    parameters: dict[Name, JsonValue] = Field(default_factory=dict, description="What was filled in, to be read.")
    solution: tuple[Step, ...] = Field(default=(), description="A right course of action; for scripted agents.")
    mistakes: dict[Name, tuple[Step, ...]] = Field(
        default_factory=dict, description="Wrong courses by family (`wrong_tool`, `leaks`, `obeys`); the same."
    )
    provenance: dict[Name, Any] = Field(default_factory=dict, description="How it was generated, where it was.")
