"""Foreign files into plain JSON data: hostile until proven otherwise, every complaint with a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalplat.errors import LogError
from evalplat.suites.files import decode, read_bytes
from evalplat.suites.json_lines import MAX_LINE_CHARS, check_portable, json_document, json_object

MAX_FILE_BYTES = 2**30
MAX_DOCUMENT_BYTES = 256 * 2**20


def lines_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of each line of JSON that is not blank; a line is held at a time. Raises LogError."""
    size = 0
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(4 * MAX_LINE_CHARS):
                number, size = number + 1, size + len(raw)
                where = f"{path}:{number}"
                if len(raw) >= 4 * MAX_LINE_CHARS:
                    raise LogError(f"the line is longer than {MAX_LINE_CHARS} characters", where=where)
                if size > MAX_FILE_BYTES:
                    raise LogError(f"is larger than {MAX_FILE_BYTES // 2**20} MiB", where=str(path))
                text = _line(raw, path, number)
                if text := text.strip(" \t\r\n"):
                    yield number, object_of(text, where=where)
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise LogError(f"cannot be read: {reason}", where=str(path)) from err


def object_of(text: str, *, where: str) -> dict[str, Any]:
    """The JSON object in one line. Raises LogError."""
    try:
        data = json_object(text)
        check_portable(data)
    except ValueError as err:
        raise LogError(str(err), where=where) from err
    return data


def as_object(value: Any, where: str) -> dict[str, Any]:
    """The value where it is an object. Raises LogError."""
    if not isinstance(value, dict):
        raise LogError(f"expected an object, found {shown(value)}", where=where)
    return value


def document(data: bytes, *, where: str, no_numbers: bool = False) -> Any:
    """A whole JSON document. Raises LogError naming the line where it is not JSON; `no_numbers` as in json_document."""
    try:
        value = json_document(decode(data, where=where, error=LogError), no_numbers=no_numbers)
        check_portable(value)
    except LogError:
        raise
    except ValueError as err:
        raise LogError(str(err), where=where) from err
    return value


def document_file(path: Path) -> Any:
    """A whole JSON file, at most 256 MiB. Raises LogError."""
    return document(read_bytes(path, limit=MAX_DOCUMENT_BYTES, error=LogError), where=str(path))


def begins_with(path: Path, count: int = 4096) -> bytes:
    """The first bytes of a file, by which its format is known. Raises LogError."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise LogError(f"cannot be read: {reason}", where=str(path)) from err


def field(data: Mapping[str, Any], name: str, kind: type | tuple[type, ...], *, where: str, default: Any = ...) -> Any:
    """A field of this kind; `default` where it is absent or null. Raises LogError naming it.

    A whole number passes for a float, a boolean for neither.
    """
    value = data.get(name)
    if value is None:
        if default is ...:
            raise LogError(f"{name}: is missing", where=where)
        return default
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if float in kinds:
        kinds = (*kinds, int)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        named = [one for one in dict.fromkeys(kinds) if one is not int or float not in kinds]
        wanted = " or ".join(_NAMES.get(one, one.__name__) for one in named)
        raise LogError(f"{name}: expected {wanted}, found {shown(value)}", where=where)
    return value


def label(name: str) -> str:
    """A name that a file gave to something, in a complaint: one line, and not a long one."""
    return name[:60] if name[:60].isprintable() else ascii(name[:60])


def shown(value: object) -> str:
    """A value in a complaint."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _line(raw: bytes, path: Path, number: int) -> str:
    if number == 1:
        return decode(raw, where=str(path), error=LogError)
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as err:
        raise LogError(f"byte 0x{raw[err.start]:02x} is not UTF-8", where=f"{path}:{number}") from err


_NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
