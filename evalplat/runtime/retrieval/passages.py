"""Passage, and the JSON Lines file that holds them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evalplat.errors import SpecError
from evalplat.records import Record, build
from evalplat.records.base import Name

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PASSAGE_CHARS = 100_000


class Passage(Record):
    """A piece of text that can be retrieved. `title` is searched with the text, but not handed to the model."""

    id: Name
    title: str = ""
    text: str


def load_passages(path: str | Path) -> tuple[Passage, ...]:
    """The passages of a JSON Lines file, in its order.

    Raises SpecError naming file and line: no such file, not JSON, a field missing or unknown, an id that occurs twice,
    a passage without text or above 100,000 characters, a file above 64 MiB, or one that holds no passage.
    """
    return parse_passages(read_passages(path), where=str(path))


def passages_sha256(path: str | Path) -> str:
    """SHA-256 hex digest of the file's bytes. Raises SpecError as `load_passages` does."""
    return hashlib.sha256(read_passages(path)).hexdigest()


def read_passages(path: str | Path) -> bytes:
    """The bytes of a passages file, of at most 64 MiB."""
    return read_file(path, limit=MAX_FILE_BYTES, what="a JSON Lines file of passages")


def read_file(path: str | Path, *, limit: int, what: str) -> bytes:
    """The bytes of a regular file. Raises SpecError where there is none, or it has more than `limit` bytes."""
    where = str(path)
    try:
        if Path(path).exists() and not Path(path).is_file():  # a pipe would hang, a device would never end
            raise SpecError(f"expected {what}, found something that is not a file", where=where)
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise SpecError(f"cannot be read: {reason}; expected {what}", where=where) from err
    if len(content) > limit:
        raise SpecError(f"has more than {limit} bytes; expected {what}", where=where)
    return content


def parse_passages(content: bytes, *, where: str) -> tuple[Passage, ...]:
    """The passages in the bytes of a JSON Lines file; blank lines are skipped."""
    passages: dict[str, Passage] = {}
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        passage = _passage(line, f"{where}:{number}")
        if passage.id in passages:
            raise SpecError(f"id: {passage.id!r} occurs twice", where=f"{where}:{number}")
        passages[passage.id] = passage
    if not passages:
        raise SpecError("holds no passage; expected lines of {id, text, title?}", where=where)
    return tuple(passages.values())


def _passage(line: bytes, where: str) -> Passage:
    try:
        data = json.loads(line.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except UnicodeDecodeError as err:
        raise SpecError(f"is not UTF-8 at byte {err.start} of the line", where=where) from err
    except (ValueError, RecursionError) as err:
        raise SpecError(f"is not JSON: {err}", where=where) from err
    passage = build(Passage, data, where=where)
    if not passage.text.strip():
        raise SpecError("text: is empty", where=where)
    if len(passage.text) + len(passage.title) > MAX_PASSAGE_CHARS:
        raise SpecError(f"text: has more than {MAX_PASSAGE_CHARS} characters; split the passage", where=where)
    try:
        (passage.text + passage.title).encode()
    except UnicodeEncodeError as err:
        raise SpecError("text: holds half of a surrogate pair, which is not text", where=where) from err
    return passage


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key occurs twice")
    return data
