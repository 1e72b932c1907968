"""Tool: a function that an agent may call, with its limits."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from evalplat.errors import ToolFailed


@dataclass(frozen=True)
class Tool:
    """A loaded tool. `function` has annotated parameters; its docstring is what the model is told of it."""

    name: str
    function: Callable[..., Any]
    timeout_s: float

    async def call(self, /, **arguments: Any) -> Any:
        """What the function returns.

        A function that is not `async` runs in a thread of its own, so it blocks nothing. At `timeout_s` it is given up:
        an `async` function is cancelled, a thread cannot be, and goes on unheard. Raises ToolFailed, with a line that a
        model can act on, where the function raises, takes too long, or returns what is not JSON.
        """
        task = asyncio.ensure_future(self._run(arguments))
        # So that what a given-up function raises later is not complained of.
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            # Not asyncio.timeout: a TimeoutError that the function raises itself is its own, not ours.
            await asyncio.wait({task}, timeout=self.timeout_s)
        finally:
            given_up = task.cancel()
        if given_up:
            raise ToolFailed(f"tool {self.name}: no result within {self.timeout_s:g} s")
        try:
            result = task.result()
        except asyncio.CancelledError as err:
            raise ToolFailed(f"tool {self.name}: cancelled itself") from err
        except Exception as err:  # a tool may raise anything; none of it ends the trial
            raise ToolFailed(f"tool {self.name}: {_one_line(err)}") from err
        try:
            to_json(result)
        except (PydanticSerializationError, ValueError, RecursionError) as err:
            message = f"tool {self.name}: returned {type(result).__name__}, which cannot be written as JSON"
            raise ToolFailed(message) from err
        return result

    async def _run(self, arguments: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self.function):
            return await _contained(self.function(**arguments))
        result = await _in_thread(functools.partial(self.function, **arguments), self.name)
        return await _contained(result) if inspect.isawaitable(result) else result


class _ToolExit(Exception):
    """A tool called sys.exit: an exception that a task may end with."""


async def _contained(awaitable: Any) -> Any:
    # asyncio lets SystemExit out of the event loop, and with it the whole run would end.
    try:
        return await awaitable
    except (SystemExit, GeneratorExit) as err:
        raise _ToolExit(_ended_by(err)) from err


async def _in_thread(call: Callable[[], Any], name: str) -> Any:
    """The result of `call` in a daemon thread: one that never returns holds up neither a pool nor the program's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = context.run(call)
        except StopIteration as err:  # a future refuses to carry one
            error = RuntimeError(f"StopIteration: {err}")
        except Exception as err:  # noqa: BLE001  # carried to the caller
            error = err
        except BaseException as err:  # noqa: BLE001  # SystemExit and its like, which must not end the event loop
            error = _ToolExit(_ended_by(err))
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop has been closed: nobody waits for this any more
            return

    threading.Thread(target=work, name=f"tool {name}", daemon=True).start()
    return await future


def _ended_by(error: BaseException) -> str:
    return f"ended by {type(error).__name__}: {error}"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    kind = "" if isinstance(error, _ToolExit) else type(error).__name__
    line = f"{kind}: {text}" if text and kind else text or kind
    return line if len(line) <= 300 else line[:297] + "..."
