"""Threads for functions that may hang: none of them keeps the process from ending, as those of a pool would."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any


@dataclass(slots=True)
class _Job:
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[tuple[object, BaseException | None]]
    context: contextvars.Context
    function: Callable[[str], Any]
    text: str


_Jobs = SimpleQueue[_Job | None]


class DaemonThreads:
    """As many daemon threads as calls at a time; one that is left behind takes no more work until it is back."""

    def __init__(self) -> None:
        self._idle: list[_Jobs] = []
        self._closed = False

    async def call(self, function: Callable[[str], Any], text: str) -> tuple[object, BaseException | None]:
        """What the function gave back or raised, whatever that is. Being cancelled leaves the thread behind."""
        loop = asyncio.get_running_loop()
        job = _Job(loop, loop.create_future(), contextvars.copy_context(), function, text)
        jobs = self._idle.pop() if self._idle else self._start()
        jobs.put(job)
        return await job.done

    def close(self) -> None:
        """End the threads that are idle, and the others when they are back."""
        self._closed = True
        while self._idle:
            self._idle.pop().put(None)

    def _start(self) -> _Jobs:
        jobs = _Jobs()
        threading.Thread(target=self._work, args=(jobs,), name="evalplat-callable", daemon=True).start()
        return jobs

    def _work(self, jobs: _Jobs) -> None:
        while (job := jobs.get()) is not None:
            result: object = None
            error: BaseException | None = None
            try:
                result = job.context.run(job.function, job.text)
            except BaseException as err:  # noqa: BLE001 - whatever it is, it becomes the trial's failure
                error = err
            try:
                job.loop.call_soon_threadsafe(self._settle, jobs, job.done, (result, error))
            except RuntimeError:  # the loop is closed: nobody waits any more
                return
            del job, result, error  # an idle thread holds no answer

    def _settle(
        self,
        jobs: _Jobs,
        done: asyncio.Future[tuple[object, BaseException | None]],
        outcome: tuple[object, BaseException | None],
    ) -> None:
        if self._closed:
            jobs.put(None)
        else:
            self._idle.append(jobs)
        if not done.done():
            done.set_result(outcome)
