"""ScriptedTalk: one conversation with a scripted agent, on the simulation's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from evalplat.errors import ModelOverloaded, TargetFailed
from evalplat.harness.failures import describe, place
from evalplat.harness.threads import DaemonThreads
from evalplat.records import Case, Message, Trace, Usage

from .agents import AgentTurn
from .seeds import generator
from .world import ConversationOver, World

THINK_S = 1.0
"""What one request to the model that it has not takes on the simulation's clock."""
RETRIES = 4
"""As the gateway's: how often a request that met a fault is sent again."""
TIMEOUT_S = 60.0


class ScriptedTalk:
    """One conversation. No model: no usage, and no seconds but the simulation's."""

    usage = Usage()
    seconds: float | None = None
    trace: Trace | None = None

    def __init__(
        self,
        ref: str,
        function: Callable[[AgentTurn], Any],
        threads: DaemonThreads,
        case: Case,
        seed: int,
        world: World,
    ) -> None:
        self._ref, self._function, self._threads, self._world = ref, function, threads, world
        self._case = case
        self._random = generator("agent", seed)
        self._memory: dict[str, Any] = {}
        self._messages: list[Message] = []

    async def say(self, text: str) -> str:
        """The reply. Raises TargetFailed, or ModelOverloaded where the faults of the model outlast the retries."""
        self._messages.append(Message(role="user", text=text, at_s=self._world.clock_s))
        turn = AgentTurn(
            case=self._case,
            messages=tuple(self._messages),
            tools=tuple(self._world.tools),
            random=self._random,
            memory=self._memory,
            calls=self._call,
            initial_state=self._world.initial,
            last_fault=lambda: self._world.last_fault,
        )
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reply, error = await self._threads.call(lambda _: self._reply(turn), "")
        except TimeoutError as err:
            raise TargetFailed(f"{self._ref} gave no reply within {TIMEOUT_S:g} s") from err
        if isinstance(error, ModelOverloaded):
            raise error
        if isinstance(error, ConversationOver):
            raise TargetFailed(f"{self._ref} was cut off: {error}") from error
        if error is not None:
            raise TargetFailed(f"{self._ref} raised {describe(error)} at {place(error)}") from error
        if not isinstance(reply, str):
            raise TargetFailed(f"{self._ref} gave back {type(reply).__name__}; expected a text")
        self._messages.append(Message(role="agent", text=reply, at_s=self._world.clock_s))
        return reply

    def _reply(self, turn: AgentTurn) -> Any:
        reply = self._function(turn)
        self._think()
        return reply

    def _call(self, tool: str, args: Mapping[str, Any]) -> Any:
        self._think()
        return self._world.call(tool, args)

    def _think(self) -> None:
        for _ in range(1 + RETRIES):
            fault = self._world.met_by_model()
            if fault is None or fault.kind == "slow":
                self._world.wait(THINK_S + (fault.delay_s if fault is not None else 0.0))
                return
            self._world.wait(THINK_S if fault.kind == "truncated" else fault.delay_s or THINK_S)
        raise ModelOverloaded(f"the scenario's faults of the model outlast {RETRIES} retries")
