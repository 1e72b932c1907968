"""A template as files, and the files into a folder: all of them, over none that is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from evalplat.errors import InputError

from .catalogue import Template

HERE = Path(__file__).parent
IGNORED = ".gitignore"

# Files of every project, and what they are called there: hidden ones have other names here, where nothing should hide.
_COMMON = {
    "project/gitignore": IGNORED,
    "ci/github.yml": ".github/workflows/evalplat.yml",
    "ci/gitlab.yml": ".gitlab/evalplat.yml",
    "ci/gitlab_job.yml": ".gitlab-ci.yml",
}


def files_of(template: Template) -> dict[str, str]:
    """Path inside the project -> text, sorted by path."""
    found = {name: _of(template, _text(HERE / source)) for source, name in _COMMON.items()}
    for layer in template.layers:
        found |= {str(path.relative_to(HERE / layer)): _text(path) for path in _files(HERE / layer)}
    return dict(sorted(found.items()))


def lay_down(template: Template, folder: Path) -> tuple[str, ...]:
    """Write the template's files into `folder`, which is made where it is absent; the paths that were written.

    A .gitignore that is there stays as it is. Raises InputError where any other of them is there already (then nothing
    is written) or the folder cannot be written to.
    """
    files = files_of(template)
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file; say a folder", where=str(folder))
    there = [name for name in files if os.path.lexists(folder / name)]
    if set(there) - {IGNORED}:
        why = f"has {_listed(there)} already, and nothing is written over; say another folder"
        raise InputError(why, where=str(folder))
    fresh = {name: text for name, text in files.items() if name not in there}
    for name, text in fresh.items():
        _write(folder / name, text)
    return tuple(fresh)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as err:
        raise InputError(f"cannot be written: {err.strerror or err}", where=str(path)) from err


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


def _of(template: Template, text: str) -> str:
    """A CI job as it ships is that of an agent.yaml of a local model."""
    return text.replace("evalplat[local]", template.requirement).replace("agent.yaml", template.agent)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _listed(names: list[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
