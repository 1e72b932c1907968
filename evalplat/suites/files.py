"""Files into bytes and text, with limits; every complaint names the file and, in text, the line."""

from __future__ import annotations

from pathlib import Path

from evalplat.errors import InputError

_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"\x1f\x8b": "is gzip: unpack it first",
    b"PK\x03\x04": "is a zip archive or a spreadsheet: expected plain text",
}


def read_bytes(path: Path, *, limit: int, error: type[InputError]) -> bytes:
    """The whole file, at most `limit` bytes. Raises `error` naming the file."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise error(f"cannot be read: {reason}", where=str(path)) from err
    if len(data) > limit:
        raise error(f"is larger than {limit // 2**20} MiB", where=str(path))
    return data


def decode(data: bytes, *, where: str, error: type[InputError]) -> str:
    """UTF-8 text, without the mark that some editors put first. Raises `error` naming file and line."""
    for magic, complaint in _FOREIGN.items():
        if data.startswith(magic):
            raise error(complaint, where=where)
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise error(f"byte 0x{data[err.start]:02x} is not UTF-8", where=f"{where}:{line}") from err


def read_text(path: Path, *, limit: int, error: type[InputError]) -> str:
    """A UTF-8 file of at most `limit` bytes. Raises `error` naming file and line."""
    return decode(read_bytes(path, limit=limit, error=error), where=str(path), error=error)
