"""Which frameworks are imported, and one listener for each, put in once a process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from evalplat.errors import TargetFailed


class _Framework(NamedTuple):
    package: str
    module: str
    """Its presence in sys.modules says that the framework is in use; nothing is imported to find out."""
    listener: str
    again: bool = False
    """Whether an application may have put it out since."""


# `agents` alone is a likely name for somebody's own package.
_FRAMEWORKS = (
    _Framework("openai", "openai._base_client", ".openai_client"),
    _Framework("openai-agents", "agents.tracing.processor_interface", ".openai_agents", again=True),
    _Framework("langchain-core", "langchain_core.callbacks.manager", ".langchain"),
    _Framework("pydantic-ai-slim", "pydantic_ai.agent", ".pydantic_ai"),
)
_lock = threading.Lock()
_heard: set[str] = set()


def imported() -> set[str]:
    """The packages of those that this process has imported."""
    return {framework.package for framework in _FRAMEWORKS if framework.module in sys.modules}


def listen() -> frozenset[str]:
    """Put a listener into every framework that is imported; gives back the packages of all that are listened to.

    Raises TargetFailed where the installed version has no place for it.
    """
    from .application import listen_to_application

    listen_to_application()
    there = imported()
    with _lock:
        for framework in _FRAMEWORKS:
            if framework.package in there and (framework.again or framework.package not in _heard):
                _put_in(framework)
                _heard.add(framework.package)
    return frozenset(_heard)


def _put_in(framework: _Framework) -> None:
    module: Any = import_module(framework.listener, __package__)
    put_in: Callable[[], None] = module.put_in
    try:
        put_in()
    except (ImportError, AttributeError, TypeError) as err:
        try:
            found = version(framework.package)
        except PackageNotFoundError:
            found = "of unknown version"
        raise TargetFailed(
            f"@traced cannot listen to {framework.package} {found} ({type(err).__name__}: {err}); "
            "the README of harness/targets names versions that it knows"
        ) from err
