"""Domains by name: `module:NAME` beside the scenario's file, or importable."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from evalplat.errors import SpecError
from evalplat.harness.failures import describe, place
from evalplat.records import Environment

from .domain import Domain


def load_domain(environment: Environment) -> Domain:
    """The domain of an environment. Raises SpecError where there is none, or importing it raises."""
    module_name, _, name = environment.domain.partition(":")
    where = f"domain {environment.domain}"
    try:
        module = _module(module_name, environment)
    except SpecError:
        raise
    except (Exception, SystemExit) as err:  # importing runs the module, which may raise anything
        message = f"importing {module_name} raised {describe(err)} at {place(err)}"
        if environment.home is None and isinstance(err, ModuleNotFoundError):
            message = f"there is no module {module_name} beside the scenarios or above, and none can be imported"
        raise SpecError(message, where=where) from err
    found: Any = getattr(module, name, None)
    if not isinstance(found, Domain):
        what = "has no such name" if found is None else f"{name} is a {type(found).__name__}, not a Domain"
        raise SpecError(f"module {module_name}: {what}", where=where)
    return found


def _module(name: str, environment: Environment) -> ModuleType:
    if environment.home is None:
        return importlib.import_module(name)
    base = environment.home.joinpath(*name.split("."))
    file = base.with_suffix(".py")
    return _from_file(file if file.is_file() else base / "__init__.py", environment.domain_sha256 or "")


def _from_file(path: Path, source: str) -> ModuleType:
    """The module under a name of its own: two domains may each be called `domain`, and one may be edited."""
    digest = hashlib.sha256(f"{path}\0{source}".encode()).hexdigest()[:16]
    name = f"evalplat_domain_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    folders = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for loaded in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
            del sys.modules[loaded]
        raise
    return module
