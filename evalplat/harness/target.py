"""Target: a system under test, whatever it is made of."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from evalplat.records import Case, Outcome, TargetInfo, Trace, TrialKey, Usage

if TYPE_CHECKING:
    from .simulate.world import World


class Target(Protocol):
    """A system under test. Whoever opens one closes it with `aclose`."""

    @property
    def info(self) -> TargetInfo:
        """Which system this is; known before `prepare`, and the same throughout."""

    async def prepare(self) -> None:
        """Make sure that trials can be asked for. May be called more than once.

        Raises a typed EvalplatError where the model, key or endpoint is not there, before any trial is spent.
        """

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """One trial. `seed` has 31 bits. A trial that goes wrong is an Outcome with a failure, never an exception.

        Raises BudgetExceeded with scope `run` where the money or tokens of the whole run are spent.
        """

    async def aclose(self) -> None:
        """Let go of connections and processes. May be called more than once."""


class Conversation(Protocol):
    """One conversation with a target, message by message."""

    async def say(self, text: str) -> str:
        """The target's reply to one more message. Raises an EvalplatError that says why there is none."""

    @property
    def usage(self) -> Usage:
        """What it used so far."""

    @property
    def seconds(self) -> float | None:
        """Wall-clock seconds that count as the target's own so far; None where the simulation's clock is its clock."""

    @property
    def trace(self) -> Trace | None:
        """What happened, once the conversation is closed; None where the target shows nothing of it."""


@runtime_checkable
class Conversant(Protocol):
    """A Target that can be talked with: scenarios can be played with it."""

    def converse(self, case: Case, key: TrialKey, seed: int, world: World) -> AbstractAsyncContextManager[Conversation]:
        """Begin a conversation in which the target may use the tools of `world`.

        Raises BudgetExceeded with scope `run` where the money or tokens of the whole run are spent.
        """
