"""Archive: the members of a zip file that may be hostile. Nothing goes to disk; sizes are counted."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from evalplat.errors import LogError

MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 256 * 2**20
MAX_ALL_BYTES = 8 * 2**30
_STORED, _DEFLATED, _ZSTD = 0, 8, 93
_LOCAL_HEADER = 30
_CHUNK = 2**18


class Archive:
    """A zip file with stored, deflated or Zstandard members. Raises LogError naming file and member."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        try:
            self._file = path.open("rb")
        except OSError as err:
            raise LogError(f"cannot be read: {err.strerror}", where=str(path)) from err
        try:
            # Of two members of one name the later counts, as in every reader of such logs.
            members = zipfile.ZipFile(self._file).infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as err:
            self._file.close()
            raise LogError(f"is not a readable zip archive: {err}", where=str(path)) from err
        self._members = {member.filename: member for member in members}
        if len(members) > MAX_MEMBERS:
            self._file.close()
            raise LogError(f"has {len(members)} members, more than {MAX_MEMBERS}", where=str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members, in their order."""
        return tuple(self._members)

    def where(self, name: str) -> str:
        """How complaints call a member."""
        return f"{self._path}/{name}" if name.isprintable() else f"{self._path}/{name!a}"

    def read(self, name: str) -> bytes:
        """The content of a member, whole and with the right checksum."""
        member, where = self._members[name], self.where(name)
        if member.flag_bits & 1:
            raise LogError("is encrypted", where=where)
        try:
            content = self._unpacked(member, where)
        except (OSError, EOFError, ValueError, zlib.error) as err:
            if isinstance(err, LogError):
                raise
            raise LogError(f"cannot be unpacked: {str(err).splitlines()[0] if str(err) else 'cut short'}",
                           where=where) from err  # fmt: skip
        if zlib.crc32(content) != member.CRC:
            raise LogError("is damaged: its checksum is wrong", where=where)
        return content

    def _unpacked(self, member: zipfile.ZipInfo, where: str) -> bytes:
        content = bytearray()
        for chunk in self._chunks(member, where):
            content += chunk
            self._read += len(chunk)
            if len(content) > min(MAX_MEMBER_BYTES, member.file_size) or self._read > MAX_ALL_BYTES:
                raise LogError(f"unpacks to more than {min(MAX_MEMBER_BYTES, member.file_size):,} bytes", where=where)
        return bytes(content)

    def _chunks(self, member: zipfile.ZipInfo, where: str) -> Iterator[bytes]:
        self._file.seek(member.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise LogError("is damaged: there is no such member where the directory says", where=where)
        name, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        self._file.seek(name + extra, 1)
        if member.compress_type == _STORED:
            yield from self._raw(member.compress_size)
        elif member.compress_type == _DEFLATED:
            yield from _inflated(self._raw(member.compress_size))
        elif member.compress_type == _ZSTD:
            yield from _zstandard(b"".join(self._raw(min(member.compress_size, MAX_MEMBER_BYTES))))
        else:
            raise LogError(f"is compressed by method {member.compress_type}, which is not read", where=where)

    def _raw(self, size: int) -> Iterator[bytes]:
        while size > 0:
            chunk = self._file.read(min(size, _CHUNK))
            if not chunk:
                raise EOFError
            size -= len(chunk)
            yield chunk


def _inflated(raw: Iterator[bytes]) -> Iterator[bytes]:
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in raw:
        left = chunk
        while left:
            yield unpack.decompress(left, _CHUNK)
            left = unpack.unconsumed_tail
    yield unpack.flush()


def _zstandard(raw: bytes) -> Iterator[bytes]:
    # The codec of pyarrow, which is there anyway; it unpacks as it is read.
    import pyarrow as pa

    stream: Any = pa.CompressedInputStream(pa.BufferReader(raw), "zstd")
    while chunk := stream.read(_CHUNK):
        yield chunk
