"""ToolRefs into Tools: everything that can be wrong with one is said here."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from evalplat.errors import SpecError
from evalplat.records import ToolRef

from .tool import Tool

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MODULE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def load_tools(refs: Sequence[ToolRef], *, base_dir: Path) -> tuple[Tool, ...]:
    """The tools of an agent whose file is in `base_dir`.

    `module:function` names a module beside the agent's file first (`tools:lookup` is `lookup` in `tools.py` there),
    else one that can be imported. Raises SpecError naming the tool.
    """
    return tuple(_load(ref, base_dir) for ref in refs)


def _load(ref: ToolRef, base_dir: Path) -> Tool:
    where = f"tools: {ref.name}"
    if not _NAME.fullmatch(ref.name):
        raise SpecError("a tool's name has up to 64 letters, digits, _ and -", where=where)
    module_name, colon, attribute = ref.function.partition(":")
    if not (colon and _MODULE.fullmatch(module_name) and _MODULE.fullmatch(attribute)):
        raise SpecError(f"function: expected module:function, found {ref.function!r}", where=where)
    found: Any = _module(module_name, base_dir, where)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as err:
            raise SpecError(f"function: module {module_name} has no {attribute}", where=where) from err
    return Tool(ref.name, _checked(found, ref.function, where), ref.timeout_s)


def _module(name: str, base_dir: Path, where: str) -> ModuleType:
    beside = base_dir.resolve().joinpath(*name.split(".")).with_suffix(".py")
    try:
        with _importable(base_dir.resolve()):
            return _from_file(beside) if beside.is_file() else importlib.import_module(name)
    except (Exception, SystemExit) as err:  # importing runs the module, which may raise anything
        message = " ".join(f"{type(err).__name__}: {err}".split())
        raise SpecError(f"function: cannot import {name}: {message[:300]}", where=where) from err


def _from_file(path: Path) -> ModuleType:
    """The module in a file, under a name of its own: two agents may each have a `tools.py`, and it may be edited."""
    digest = hashlib.sha256(str(path).encode() + b"\0" + path.read_bytes()).hexdigest()[:16]
    name = f"evalplat_tools_{digest}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """`folder` first on the path, so that a tool's module can import its neighbours."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _checked(found: Any, ref: str, where: str) -> Callable[..., Any]:
    if not inspect.isfunction(found) and not inspect.ismethod(found):
        raise SpecError(f"function: expected a function, {ref} is {type(found).__name__}", where=where)
    if inspect.isasyncgenfunction(found) or inspect.isgeneratorfunction(found):
        raise SpecError(f"function: {ref} yields; a tool returns its result", where=where)
    try:
        hints = typing.get_type_hints(found, include_extras=True)
    except Exception as err:  # an annotation is any expression
        raise SpecError(f"function: the annotations of {ref} cannot be read: {err}", where=where) from err
    for parameter in inspect.signature(found).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SpecError(f"function: {ref} takes {parameter}; a model passes arguments by name", where=where)
        if parameter.name not in hints:
            raise SpecError(f"function: parameter {parameter.name} of {ref} has no annotation", where=where)
    return typing.cast("Callable[..., Any]", found)
