"""JSON Lines, strictly: one object a line, no key twice, nothing that text cannot hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from evalplat.errors import InputError

MAX_LINE_CHARS = 16 * 2**20
MAX_DEPTH = 200
_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep"


def json_lines(text: str, *, where: str, error: type[InputError]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number (from 1) and object of each line that is not blank. Raises `error` naming file and line."""
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip(" \t\r")
        if not stripped:
            continue
        try:
            value = json_object(stripped)
        except ValueError as err:
            raise error(str(err), where=f"{where}:{number}") from err
        yield number, value


def check_portable(value: Any) -> None:
    """Raises ValueError where plain JSON data holds what no JSON file or database can: NaN, half a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError as err:
        raise ValueError("holds half a surrogate pair, which is not text") from err
    except ValueError as err:
        raise ValueError("holds NaN or an infinity, which are not JSON") from err


def json_object(line: str) -> dict[str, Any]:
    """The object in one line, without surrounding space. Raises ValueError that says what is wrong with it."""
    if len(line) > MAX_LINE_CHARS:
        raise ValueError(f"the line is longer than {MAX_LINE_CHARS} characters")
    try:
        value = from_json(line)
        # With as many colons as keys, no key can have occurred twice; otherwise the slow parser looks.
        if not isinstance(value, dict) or line.count(":") != _keys(value):
            value = _strict(line)
    except ValueError:
        value = _strict(line)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {_kind(value)}")
    return value


def json_document(text: str, *, no_numbers: bool = False) -> Any:
    """The value of a whole document, no key twice. With `no_numbers`, NaN and infinities are null, as some tools mean.

    Raises ValueError that says what is wrong and on which line.
    """
    try:
        return _strict(text, _LENIENT if no_numbers else _DECODER)
    except ValueError as err:
        cause = err.__cause__
        if isinstance(cause, json.JSONDecodeError):
            raise ValueError(f"is not JSON: {cause.msg} (line {cause.lineno}, column {cause.colno})") from cause
        raise


def _keys(value: dict[str, Any]) -> int:
    """How many keys there are in `value` and in the objects that are its values, at any depth."""
    return len(value) + sum([_keys(inner) for inner in value.values() if type(inner) is dict])


def _strict(line: str, decoder: json.JSONDecoder | None = None) -> Any:
    try:
        value = (decoder or _DECODER).decode(line)
    except json.JSONDecodeError as err:
        raise ValueError(f"is not JSON: {err.msg} (column {err.colno})") from err
    except RecursionError as err:
        raise ValueError(_TOO_DEEP) from err
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        nested = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for values in nested for v in values if isinstance(v, dict | list)]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} occurs twice")
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError(f"a number of {len(digits)} digits is too large")
    return int(digits)


def _kind(value: object) -> str:
    names = {list: "an array", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_key_twice, parse_int=_whole_number)
_LENIENT = json.JSONDecoder(object_pairs_hook=_no_key_twice, parse_int=_whole_number, parse_constant=lambda _: None)
