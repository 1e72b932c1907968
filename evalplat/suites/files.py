"""Files into bytes and text, with limits, and whole files out; a complaint names the file and, in text, the line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, cast

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


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` at the end, and leaves it alone where something goes wrong.

    Raises InputError naming the file where it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            try:
                yield cast(IO[bytes], file)
                settle(cast(IO[bytes], file), path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as err:
        raise InputError(f"cannot be written: {err.strerror or err}", where=str(path)) from err


def settle(file: IO[bytes], path: Path) -> None:
    """Put a finished temporary file of the same folder in the place of `path`, on disk before it is seen there."""
    file.flush()
    os.fsync(file.fileno())
    Path(file.name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    Path(file.name).replace(path)
