"""YAML and JSON text into records; every complaint names the file, the line and the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from evalplat.errors import InputError, SpecError

from .base import Record

R = TypeVar("R", bound=Record)

_MAX_DEPTH = 40
_SEVERAL = "expected a single document in the stream"
"""What PyYAML says of a file in which `---` begins another document."""
_UNKNOWN = "extra_forbidden"
"""What pydantic calls a field that the record does not have."""
_SET = "tag:yaml.org,2002:set"
# libyaml's, where PyYAML was built with it: fifteen times as fast, with the same lines.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str, *, where: str) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """Plain data of one YAML document and the line of each path in it. Duplicate keys, aliases and sets are refused.

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
        if err.context == _SEVERAL:
            raise SpecError("holds several YAML documents, expected one", where=f"{where}{line}") from err
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
    unwritten: str | None = None,
) -> R:
    """A record from plain data. Raises `error` with the first complaint: place, field, what was expected.

    A field that nobody knows comes first: what else is lacking is lacking because of its name, as a rule. `unwritten`
    is a field of the record that the file does not have as such: its own fields stand in the file at the top.
    """
    if not isinstance(data, dict):
        raise error(f"expected a mapping of fields, found {type(data).__name__}", where=where)
    try:
        return model.model_validate(data)
    except ValidationError as err:
        found = err.errors(include_url=False, include_context=False)
        first = next((each for each in found if each["type"] == _UNKNOWN), found[0])
        path = tuple(first["loc"])
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = _unknown(model, path, found, unwritten) if first["type"] == _UNKNOWN else _complaint(first, unwritten)
        raise error(f"{message}{more}", where=_place(where, path, lines)) from err


def _complaint(first: Mapping[str, Any], unwritten: str | None) -> str:
    """`field: what was expected, found what`."""
    path = tuple(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    found = "" if first["type"] == "missing" or not path else f", found {_brief(first['input'])}"
    return f"{_field(path, unwritten) or 'the whole'}: {message}{found}"


def _unknown(
    model: type[Record], path: tuple[int | str, ...], found: Sequence[Mapping[str, Any]], unwritten: str | None
) -> str:
    """`unknown field 'inptu'; did you mean 'input'?`, after the place that holds it."""
    *above, name = path
    lacking = [str(each["loc"][-1]) for each in found if each["type"] == "missing"]
    at_top = not above or above == [unwritten]
    close = get_close_matches(str(name), [*lacking, *(model.model_fields if at_top else ())], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    holder = _field(tuple(above), unwritten)
    return f"{f'{holder}: ' if holder else ''}unknown field {_brief(str(name))}{hint}"


def _field(path: tuple[int | str, ...], unwritten: str | None) -> str:
    """A place in words. A field that nobody knows has whatever name a file gave it, line feeds too."""
    written = path[1:] if path[:1] == (unwritten,) else path
    return " ".join(".".join(str(part) for part in written).split())


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
    if node.tag == _SET:  # it has no order, so nothing could be said of it twice in the same words
        raise SpecError("a set is not read: write a list", where=f"{where}:{line}")
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
