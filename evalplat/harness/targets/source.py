"""Python functions by name, and the hash of the source that they come from."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from evalplat.errors import EvalplatError, ReferenceUnknown, TargetFailed
from evalplat.harness.failures import describe, place
from evalplat.records import ToolRef, content_hash

from .local_files import files_of, root_of

_loaded: dict[str, str] = {}
"""Hash of the source of each module when it was imported here."""


def load_function(ref: str) -> tuple[Callable[..., Any], str]:
    """The function that `module:function` names, and a hash of its module's file and of what it imports beside it.

    Modules are looked for in the working directory first, as `python -m` does. A module whose file has changed since
    this function loaded it is loaded again, with what it imports, so that the hash is that of the code which runs.
    Raises ReferenceUnknown where there is no such thing, TargetFailed where its import raises.
    """
    module_name, _, attribute = ref.partition(":")
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    source = _source_sha256(ref, module_name)
    module = _import(ref, module_name, source)
    try:
        function = attrgetter(attribute)(module)
    except AttributeError as err:
        raise ReferenceUnknown(f"{ref}: module {module_name!r} has no {attribute!r}") from err
    if not callable(function):
        raise ReferenceUnknown(f"{ref}: is a {type(function).__name__}, not a function")
    return function, source


def tool_sources(tools: Sequence[ToolRef], base_dir: Path) -> dict[str, str]:
    """Tool's name to the SHA-256 of the source of its module, found as the runtime finds it: beside the agent first.

    A module that is not there is left out: preparing the agent says what is wrong with it.
    """
    sources = {}
    for tool in tools:
        module_name = tool.function.partition(":")[0]
        beside = base_dir.joinpath(*module_name.split(".")).with_suffix(".py")
        if beside.is_file():
            sources[tool.name] = content_hash(files_of(module_name, beside))
        else:
            with contextlib.suppress(EvalplatError):
                sources[tool.name] = _source_sha256(tool.function, module_name)
    return sources


def _source_sha256(ref: str, module_name: str) -> str:
    spec = _find(ref, module_name)
    if spec.origin is None or not Path(spec.origin).is_file():
        # Built into the interpreter, so the interpreter is its source.
        return hashlib.sha256(f"{module_name} {sys.version}".encode()).hexdigest()
    return content_hash(files_of(module_name, Path(spec.origin)))


def _find(ref: str, module_name: str) -> ModuleSpec:
    try:
        spec = importlib.util.find_spec(module_name)
    except ModuleNotFoundError as err:
        raise ReferenceUnknown(f"{ref}: there is no module {err.name!r}, looked for from {Path.cwd()}") from err
    except (Exception, SystemExit) as err:  # a parent package may raise anything
        raise TargetFailed(f"{ref}: importing its package raised {describe(err)} at {place(err)}") from err
    if spec is None:
        raise ReferenceUnknown(f"{ref}: there is no module {module_name!r}, looked for from {Path.cwd()}")
    return spec


def _import(ref: str, module_name: str, source: str) -> ModuleType:
    try:
        module = importlib.import_module(module_name)
        if _loaded.get(module_name, source) != source:
            _forget_imports_of(module)
            module = importlib.reload(module)
    except (Exception, SystemExit) as err:
        raise TargetFailed(f"{ref}: importing {module_name!r} raised {describe(err)} at {place(err)}") from err
    _loaded[module_name] = source
    return module


def _forget_imports_of(module: ModuleType) -> None:
    """So that a reload loads them too."""
    if module.__file__ is not None:
        origin = Path(module.__file__).resolve()
        root = root_of(module.__name__, origin)
        own = {(root / file).resolve() for file in files_of(module.__name__, origin)}
        for name, other in list(sys.modules.items()):
            file = getattr(other, "__file__", None)
            if other is not module and file and Path(file).resolve() in own:
                del sys.modules[name]
