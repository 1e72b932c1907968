"""YAML and JSON text into records; every complaint names the file, the line and the field."""

from __future__ import annotations

from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from evalplat.errors import InputError, SpecError

from .base import Record

R = TypeVar("R", bound=Record)

_MAX_DEPTH = 40
# libyaml's, where PyYAML was built with it: fifteen times as fast, with the same lines.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str, *, where: str) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """Plain data of one YAML document and the line of each path in it. Duplicate keys and aliases are refused.

    Raises SpecError naming `where` and the line.
    """
    try:
        _no_abyss(text, where)
        root = yaml.compose(text, Loader=_Loader)
        if root is None:
            raise SpecError("is empty", where=where)
        lines: dict[tuple[str | int, ...], int] = {}
        _index(root, (), lines, where, set())
        return _Loader("").construct_document(root), lines
    except yaml.MarkedYAMLError as err:
        line = f":{err.problem_mark.line + 1}" if err.problem_mark else ""
        raise SpecError(f"is not YAML: {err.problem or err.context}", where=f"{where}{line}") from err
    except (yaml.YAMLError, ValueError, RecursionError) as err:
        raise SpecError(f"is not YAML: {_first_line(str(err))}", where=where) from err


def build(
    model: type[R],
    data: Any,
    *,
    where: str,
    lines: dict[tuple[str | int, ...], int] | None = None,
    error: type[InputError] = SpecError,
) -> R:
    """A record from plain data. Raises `error` with the first complaint: place, field, what was expected."""
    if not isinstance(data, dict):
        raise error(f"expected a mapping of fields, found {type(data).__name__}", where=where)
    try:
        return model.model_validate(data)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        path = tuple(first["loc"])
        more = f" (and {err.error_count() - 1} more)" if err.error_count() > 1 else ""
        # A field that nobody knows has whatever name a file gave it, line feeds too.
        field = " ".join(".".join(str(part) for part in path).split()) or "the whole"
        message = first["msg"].removeprefix("Value error, ")
        found = "" if first["type"] == "missing" or not path else f", found {_brief(first['input'])}"
        raise error(f"{field}: {message}{found}{more}", where=_place(where, path, lines)) from err


def _no_abyss(text: str, where: str) -> None:
    """Refuses what is nested so deeply that composing it, which recurses in C, would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > 10 * _MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise SpecError("is nested too deeply", where=f"{where}:{line}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _index(
    node: yaml.Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], where: str, seen: set[int]
) -> None:
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise SpecError("aliases are not read", where=f"{where}:{line}")
    if len(path) > _MAX_DEPTH:
        raise SpecError("is nested too deeply", where=f"{where}:{line}")
    seen.add(id(node))
    lines[path] = line
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in keys:
                raise SpecError(f"key {name!r} occurs twice", where=f"{where}:{key.start_mark.line + 1}")
            keys.add(name)
            _index(value, (*path, name), lines, where, seen)
            lines[(*path, name)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _index(value, (*path, position), lines, where, seen)


def _place(where: str, path: tuple[Any, ...], lines: dict[tuple[str | int, ...], int] | None) -> str:
    if not lines:
        return where
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return f"{where}:{lines[path[:length]]}"
    return where


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "unreadable"
