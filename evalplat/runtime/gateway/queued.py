"""The step that waits for a free replica of the endpoint."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from .call import Call, Reply, Step

Replicas = asyncio.Queue[str]
"""Base URLs that are free, shared by all sessions of a gateway."""


class Queued:
    """Gives each attempt a replica of its own; without replicas it lets everything through.

    Without it attempts would queue inside the servers, on the clock of their own time limit. `waited_s` adds up.
    """

    def __init__(self, step: Step, replicas: Replicas | None) -> None:
        self._step, self._replicas = step, replicas
        self.waited_s = 0.0

    async def __call__(self, call: Call) -> Reply:
        if self._replicas is None:
            return await self._step(call)
        came = time.monotonic()
        base_url = await self._replicas.get()
        self.waited_s += time.monotonic() - came
        try:
            return await self._step(replace(call, base_url=base_url))
        finally:
            self._replicas.put_nowait(base_url)
