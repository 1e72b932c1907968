"""`@traced` says that a function's trials are to be traced; `@traced_tool` shows a plain function's tool calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from .capturing import capture_here
from .conventions import as_text, tool_attributes

P = ParamSpec("P")
R = TypeVar("R")

_MARK = "__evalplat_traced__"


def traced(function: Callable[P, R]) -> Callable[P, R]:
    """Trace every trial of this function when it is the target of a run: messages, tool calls and true usage.

    Outside a run it is called as if it were not decorated. What is captured of each framework, and what is lost, is in
    the README of `harness/targets`. Decorators above this one must keep its mark, as `functools.wraps` does.
    Raises TypeError for what is no function.
    """
    if not callable(function):
        raise TypeError(f"@traced wants a function, found {type(function).__name__}")
    setattr(function, _MARK, True)
    return function


def is_traced(function: object) -> bool:
    """Whether trials of this function are to be traced; a method is if its function is."""
    return getattr(function, _MARK, False) is True


def traced_tool(function: Callable[P, R]) -> Callable[P, R]:
    """Show each call of a plain function's tool as a span: its name, arguments, and what it gave back or raised.

    Frameworks show their tools themselves. Outside a traced trial nothing is recorded. The function may be `async`.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_later(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _Call(function, args, kwargs) as call:
                return call.gave(await function(*args, **kwargs))

        return call_later  # type: ignore[return-value]  # R is the coroutine that calling it makes

    @functools.wraps(function)
    def call_now(*args: P.args, **kwargs: P.kwargs) -> R:
        with _Call(function, args, kwargs) as call:
            return call.gave(function(*args, **kwargs))

    return call_now


class _Call:
    """One call of a tool, as a span where a trial is being traced."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._capture = capture_here()
        self._name = getattr(function, "__name__", type(function).__name__)
        self._asked = (function, args, kwargs)
        self._result: Any = None

    def gave(self, result: R) -> R:
        self._result = result
        return result

    def __enter__(self) -> _Call:
        if self._capture is not None:
            function, args, kwargs = self._asked
            attributes = {**tool_attributes(self._name), **_arguments(function, args, kwargs)}
            self._capture.begin(self, f"execute_tool {self._name}", attributes)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._capture is not None:
            done = {} if error is not None else {"gen_ai.tool.call.result": as_text(self._result)}
            self._capture.end(self, done, error=error)


def _arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, str]:
    try:
        given: Any = inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError:  # the call itself will say so
        given = {"args": args, **kwargs}
    return {"gen_ai.tool.call.arguments": as_text(dict(given))}
