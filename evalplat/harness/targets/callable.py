"""CallableTarget: a Python function as a system under test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from datetime import UTC, datetime
from time import perf_counter
from typing import cast

from evalplat.errors import TargetFailed
from evalplat.harness.failures import describe, failed, place
from evalplat.harness.reply import read_reply
from evalplat.records import Case, Outcome, TargetInfo, TrialKey, content_hash

from .source import load_function
from .threads import DaemonThreads


class CallableTarget:
    """`module:function`, called with the input of a case.

    The function gives back a text, or `{"text", "citations"?, "usage"?}`. An asynchronous one runs on the event loop; a
    plain one in a thread of its own, several at a time, so it must be safe to call from several threads (or run with
    a concurrency of 1). `timeout_s` is the wall-clock limit of one call; a thread cannot be stopped, so one that
    is over its time is left behind. The fingerprint covers the source file of the module, not what it imports.
    """

    def __init__(self, ref: str, *, timeout_s: float = 300.0) -> None:
        """Imports the module. Raises ReferenceUnknown, or TargetFailed where the import raises."""
        self._function, source = load_function(ref)
        self._ref = ref
        self._timeout_s = timeout_s
        self._threads = DaemonThreads()
        self._info = TargetInfo(kind="callable", ref=ref, name=ref, fingerprint=content_hash([ref, source]))

    @property
    def info(self) -> TargetInfo:
        """Which function."""
        return self._info

    async def prepare(self) -> None:
        """Nothing is left to prepare: the function was found when this was made."""

    async def aclose(self) -> None:
        """Let the threads end."""
        self._threads.close()

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """Call the function. `key` and `seed` are not handed to it."""
        del key, seed
        started_at, clock_from = datetime.now(UTC), perf_counter()
        try:
            answer, usage = read_reply(await self._within_time(case.input), text_field="text")
        except TargetFailed as err:
            return failed("TargetFailed", f"{self._ref} {err}", started_at=started_at, clock_from=clock_from)
        return Outcome(answer=answer, usage=usage, latency_s=perf_counter() - clock_from, started_at=started_at)

    async def _within_time(self, text: str) -> object:
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                return await self._call(text)
        except (Exception, SystemExit, asyncio.CancelledError) as err:
            if limit.expired():
                raise TargetFailed(f"gave no answer within {self._timeout_s:g} s") from err
            task = asyncio.current_task()
            if isinstance(err, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            if isinstance(err, TargetFailed):
                raise
            raise TargetFailed(f"raised {describe(err)} at {place(err)}") from err

    async def _call(self, text: str) -> object:
        if inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(type(self._function).__call__):
            result = self._function(text)
        else:
            result, error = await self._threads.call(self._function, text)
            if isinstance(error, Exception):
                raise error
            if error is not None:  # KeyboardInterrupt and its like must not reach the event loop
                raise TargetFailed(f"raised {describe(error)} at {place(error)}") from error
        return await cast(Awaitable[object], result) if inspect.isawaitable(result) else result
