"""CallableTarget: a Python function as a system under test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, cast

from evalplat.errors import TargetFailed
from evalplat.harness.failures import NOT_KNOWN, describe, failed, place
from evalplat.harness.reply import read_reply
from evalplat.harness.threads import DaemonThreads
from evalplat.records import Case, Outcome, TargetInfo, Trace, TrialKey, Usage, content_hash
from evalplat.runtime.telemetry import redact

from .capture import Capture, capturing, is_traced, listen
from .source import load_function

if TYPE_CHECKING:
    from evalplat.runtime.gateway import PriceTable


class CallableTarget:
    """`module:function`, called with the input of a case.

    The function gives back a text, or `{"text", "citations"?, "usage"?}`. An asynchronous one runs on the event loop; a
    plain one in a thread of its own, several at a time, so it must be safe to call from several threads (or run with
    a concurrency of 1). `timeout_s` is the wall-clock limit of one call; a thread cannot be stopped, so one that
    is over its time is left behind. Trials of a function that is `@traced` have a trace, and the usage that was seen
    where the function says none (`prices`: see PriceTable). The fingerprint covers the source file of the
    module, what it imports from the project, and the files that they name in `__fingerprint__`.
    """

    def __init__(self, ref: str, *, timeout_s: float = 300.0, prices: PriceTable | None = None) -> None:
        """Imports the module. Raises ReferenceUnknown, or TargetFailed where the import raises."""
        self._function, source = load_function(ref)
        self._ref = ref
        self._timeout_s, self._prices = timeout_s, prices
        self._traced = is_traced(self._function)
        self._threads = DaemonThreads()
        self._info = TargetInfo(kind="callable", ref=ref, name=ref, fingerprint=content_hash([ref, source]))

    @property
    def info(self) -> TargetInfo:
        """Which function."""
        return self._info

    async def prepare(self) -> None:
        """Listen to the frameworks of a traced function. Raises TargetFailed where one cannot be listened to."""
        if self._traced:
            listen()

    async def aclose(self) -> None:
        """Let the threads end."""
        self._threads.close()

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """Call the function. `key` and `seed` are not handed to it."""
        del key, seed
        started_at, clock_from = datetime.now(UTC), perf_counter()
        capture: Capture | None = None
        try:
            if self._traced:
                with capturing(self._ref) as capture:
                    value = await self._within_time(case.input)
            else:
                value = await self._within_time(case.input)
            answer, usage = read_reply(value, text_field="text")
        except TargetFailed as err:
            used, trace = self._seen(capture)
            message = redact(f"{self._ref} {err}")
            return failed(
                "TargetFailed", message, started_at=started_at, clock_from=clock_from, usage=used, trace=trace
            )
        latency_s = perf_counter() - clock_from
        used, trace = self._seen(capture)
        if capture is not None:
            answer = answer.model_copy(update={"text": capture.recording.redactor.known(answer.text)})
        return Outcome(answer=answer, usage=usage or used, latency_s=latency_s, started_at=started_at, trace=trace)

    def _seen(self, capture: Capture | None) -> tuple[Usage, Trace | None]:
        """Usage and trace of a traced call; of any other nothing is known."""
        if capture is None:
            return NOT_KNOWN, None
        return capture.usage(self._prices) or NOT_KNOWN, capture.recording.trace

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
