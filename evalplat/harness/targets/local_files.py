"""The files that a module of a project is made of: its own, what it imports from the project, what it says it reads."""

from __future__ import annotations

import ast
import hashlib
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evalplat.errors import TargetFailed

from .said import said

NAMED: Final = "__fingerprint__"
"""A module's list of the files and folders that it reads, beside itself."""

_INSTALLED: Final = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib"))


def files_of(module_name: str, origin: Path) -> dict[str, str]:
    """Path to SHA-256 of the module's file and, of a project's module, of all that it imports from the project,
    wherever in its text, and of the files that `__fingerprint__` names in any of them. Comments and empty lines of a
    project's module are left out.

    What is installed is a matter of the environment, and left out. Raises TargetFailed for a named file that is not
    there.
    """
    origin = origin.resolve()
    root = root_of(module_name, origin)
    if origin.suffix != ".py" or module_name.partition(".")[0] == "evalplat" or _is_installed(origin):
        return {origin.name: _sha256(origin)}
    found: dict[str, str] = {}
    waiting = [(module_name, origin)]
    seen = {origin}
    while waiting:
        name, file = waiting.pop()
        content = file.read_bytes()
        found[file.relative_to(root).as_posix()] = hashlib.sha256(said(content)).hexdigest()
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):  # its import says so
            continue
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        found |= _named(tree, file, root)
        for other in _imported(tree, package):
            beside = _file(other, root)
            if beside is not None and beside not in seen:
                seen.add(beside)
                waiting.append((other, beside))
    return dict(sorted(found.items()))


def root_of(module_name: str, origin: Path) -> Path:
    """The folder from which a module is imported by its name."""
    return origin.parents[module_name.count(".") + (origin.name == "__init__.py")]


def _is_installed(file: Path) -> bool:
    return "site-packages" in file.parts or any(file.is_relative_to(folder) for folder in _INSTALLED)


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names of what may be a module, and of the packages that it lies in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] != "evalplat":
                yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1) if all(parts[:n]))


def _file(name: str, root: Path) -> Path | None:
    place = root.joinpath(*name.split("."))
    for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if file.is_file():
            resolved = file.resolve()
            return resolved if resolved.is_relative_to(root) and not _is_installed(resolved) else None
    return None


def _named(tree: ast.Module, file: Path, root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _names(tree, file):
        place = file.parent / name
        files = [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.is_file())
        if not files:
            raise TargetFailed(f"{file}: {NAMED} names {name!r}, which is no file and no folder with files beside it")
        at = file.parent.relative_to(root)
        found |= {
            f"{NAMED} {at.joinpath(name, one.relative_to(place)).as_posix()}": _sha256(one)
            for one in files
            if "__pycache__" not in one.parts
        }
    return found


def _names(tree: ast.Module, file: Path) -> Iterator[str]:
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not any(isinstance(one, ast.Name) and one.id == NAMED for one in targets):
            continue
        try:
            names = ast.literal_eval(node.value)
        except ValueError:
            names = None
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
            raise TargetFailed(f"{file}: {NAMED} must be a list of names of files, written out")
        yield from names


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
