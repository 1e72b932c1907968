"""Names that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import FunctionType
from typing import Any


def lazily(module: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of `module`: each name is `MODULE:NAME`, or a module of its own.

    What was loaded stays in the module, so that each name is looked up once. A function of the sdk, whose errors speak
    of the commands' options, speaks of arguments here.
    """

    def get(name: str) -> Any:
        place = places.get(name)
        if place is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, attribute = place.partition(":")
        found: Any = import_module(home)
        if attribute:
            found = getattr(found, attribute)
            if isinstance(found, FunctionType) and home.startswith("evalplat.sdk."):
                from .verb import verb

                found = verb(found)
        if "IPython" in sys.modules:
            from .cells import register

            register()
        setattr(sys.modules[module], name, found)
        return found

    return get
