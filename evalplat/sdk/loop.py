"""Running a coroutine to its end from plain code, also where an event loop already runs (a notebook)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


_EVERY_S = 0.1
"""How often it is asked whether the caller was interrupted."""


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result. Inside a running loop it runs on a loop of its own, in a thread of its own.

    An interrupt cancels it, waits until what it has begun is put away, and raises KeyboardInterrupt.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    outcome: list[T] = []
    failure: list[BaseException] = []
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)

    def body() -> None:
        try:
            outcome.append(loop.run_until_complete(task))
        except BaseException as err:  # noqa: BLE001 - handed to the caller's thread
            failure.append(err)
        finally:
            loop.close()

    thread = threading.Thread(target=body, name="evalplat")
    thread.start()
    try:
        _join(thread, asyncio.current_task())
    except KeyboardInterrupt:
        with suppress(RuntimeError):  # it ended by itself meanwhile, and its loop is closed
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    if failure:
        raise failure[0]
    return outcome[0]


def _join(thread: threading.Thread, caller: asyncio.Task[Any] | None) -> None:
    """Wait for the thread. `asyncio.run` makes of Ctrl-C a request to cancel its task, which cannot end before this."""
    before = 0 if caller is None else caller.cancelling()
    while thread.is_alive():
        thread.join(_EVERY_S)
        if caller is not None and caller.cancelling() > before:
            raise KeyboardInterrupt
