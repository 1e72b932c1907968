"""The step that waits for a free slot of the endpoint."""

from __future__ import annotations

import asyncio
import time

from .call import Call, Reply, Step


class Queued:
    """Lets as many attempts through as the endpoint works on at once, over all sessions of the gateway.

    Without it they would queue inside the endpoint, on the clock of their own time limit. `waited_s` adds up.
    """

    def __init__(self, step: Step, slots: asyncio.Semaphore | None) -> None:
        self._step, self._slots = step, slots
        self.waited_s = 0.0

    async def __call__(self, call: Call) -> Reply:
        if self._slots is None:
            return await self._step(call)
        came = time.monotonic()
        async with self._slots:
            self.waited_s += time.monotonic() - came
            return await self._step(call)
