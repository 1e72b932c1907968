"""ConversingTarget: a Python function that holds a conversation as a system under test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from evalplat.errors import TargetFailed
from evalplat.harness.failures import NOT_KNOWN, describe, failed, place
from evalplat.harness.reply import read_reply
from evalplat.harness.simulate.domain import WorldTool
from evalplat.harness.simulate.world import ConversationOver, World
from evalplat.records import Case, Outcome, Trace, TrialKey, Usage

from .function import FunctionTarget


def holds_conversations(function: Callable[..., Any]) -> bool:
    """Whether a function takes `messages`."""
    try:
        return "messages" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


class OfferedTool:
    """A tool as a function is handed it: call it with keyword arguments; `description` and `schema` are for a model."""

    def __init__(self, tool: WorldTool, world: World) -> None:
        self._tool, self._world = tool, world
        self.name, self.description, self.schema = tool.name, tool.description, tool.schema

    def __call__(self, **args: Any) -> Any:
        """The result as JSON data. Raises ToolError with what an agent is told."""
        return self._world.call(self.name, args)


class ConversingTarget(FunctionTarget):
    """`module:function(messages, tools)`: all messages so far in, the reply out, as a text or as any callable target's.

    `tools`, where the function takes it, is name -> OfferedTool. Plain functions run in threads of their own.
    `timeout_s` is the wall-clock limit of one reply.
    """

    def __init__(self, ref: str, *, timeout_s: float = 300.0) -> None:
        """Imports the module. Raises ReferenceUnknown, or TargetFailed where the import raises."""
        super().__init__(ref, kind="callable")
        self._timeout_s = timeout_s
        self._with_tools = "tools" in inspect.signature(self._function).parameters

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """A case that is no scenario: a conversation of one message, without tools."""
        del key, seed
        started_at, clock_from = datetime.now(UTC), perf_counter()
        try:
            value = await self.reply([{"role": "user", "content": case.input}], {})
            answer, usage = read_reply(value, text_field="text")
        except TargetFailed as err:
            return failed("TargetFailed", str(err), started_at=started_at, clock_from=clock_from)
        usage = usage or NOT_KNOWN
        return Outcome(answer=answer, usage=usage, latency_s=perf_counter() - clock_from, started_at=started_at)

    @asynccontextmanager
    async def converse(self, case: Case, key: TrialKey, seed: int, world: World) -> AsyncIterator[_FunctionTalk]:
        """See Conversant."""
        del case, key, seed
        yield _FunctionTalk(self, world)

    async def reply(self, messages: list[dict[str, str]], tools: Mapping[str, OfferedTool]) -> object:
        """What the function gives back. Raises TargetFailed."""
        given: dict[str, Any] = {"messages": messages, **({"tools": tools} if self._with_tools else {})}
        try:
            async with asyncio.timeout(self._timeout_s):
                if inspect.iscoroutinefunction(self._function):
                    return await self._function(**given)
                result, error = await self._threads.call(lambda _: self._function(**given), "")
        except TimeoutError as err:
            raise TargetFailed(f"{self._ref} gave no reply within {self._timeout_s:g} s") from err
        except (Exception, SystemExit, ConversationOver) as err:
            raise TargetFailed(f"{self._ref} raised {describe(err)} at {place(err)}") from err
        if error is not None:
            raise TargetFailed(f"{self._ref} raised {describe(error)} at {place(error)}") from error
        return result


class _FunctionTalk:
    """One conversation; the function is handed all of it each time."""

    trace: Trace | None = None

    def __init__(self, target: ConversingTarget, world: World) -> None:
        self._target, self._world = target, world
        self._tools = {name: OfferedTool(tool, world) for name, tool in world.tools.items()}
        self._messages: list[dict[str, str]] = []
        self.usage = Usage()
        self.seconds: float | None = 0.0

    async def say(self, text: str) -> str:
        """The reply. Raises TargetFailed."""
        self._messages.append({"role": "user", "content": text})
        began = perf_counter()
        known = False
        try:
            value = await self._target.reply([dict(message) for message in self._messages], self._tools)
            answer, used = read_reply(value, text_field="text")
            known = True
        finally:
            self.seconds = (self.seconds or 0.0) + perf_counter() - began
            if not known:
                self.usage = self.usage + NOT_KNOWN
        self.usage = self.usage + (used or NOT_KNOWN)
        self._messages.append({"role": "assistant", "content": answer.text})
        return answer.text
