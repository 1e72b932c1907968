"""Cases out of JSON Lines, a line at a time: a dataset of any size is checked in the memory of its ids."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

import regex  # type: ignore[import-untyped]

from evalplat.errors import CaseError
from evalplat.records import Case, build
from evalplat.suites.files import decode
from evalplat.suites.json_lines import MAX_LINE_CHARS, check_portable, json_object

# What may hold half a surrogate pair, NaN or an infinity where no field's own type refuses it.
_DOUBTFUL = ("\\u", "NaN", "Infinity", '"json_schema"')


class Cases(Protocol):
    """Cases that can be gone through again and again. A position is the line, from 1, or whatever stands for it."""

    @property
    def where(self) -> str:
        """What complaints and reports call them."""

    def read(self) -> Iterator[tuple[int, Case]]:
        """Position and case, checked, each id once. Raises CaseError naming place and field."""

    def pick(self, positions: Collection[int]) -> Iterator[tuple[int, Case]]:
        """The cases at these positions, as `read` gave them; the others are not looked at."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Cases in a file of JSON Lines; `.gz` is unpacked on the way. Blank lines are allowed."""

    path: Path
    name: str | None = None

    @property
    def where(self) -> str:
        """The name it was given, else the path."""
        return self.name or str(self.path)

    def read(self) -> Iterator[tuple[int, Case]]:
        """See Cases. Raises CaseError where there is none, too."""
        lines: dict[str, int] = {}
        for number, line in _lines(self.path):
            place = f"{self.path}:{number}"
            case = parse_case(line, where=place)
            first = lines.setdefault(case.id, number)
            if first != number:
                raise CaseError(f"id: {case.id!r} is already on line {first}", where=place)
            yield number, case
        if not lines:
            raise CaseError("has no cases", where=str(self.path))

    def pick(self, positions: Collection[int]) -> Iterator[tuple[int, Case]]:
        """See Cases."""
        left = set(positions)
        for number, line in _lines(self.path):
            if number in left:
                yield number, parse_case(line, where=f"{self.path}:{number}")
                left.discard(number)
                if not left:
                    return


@dataclass(frozen=True, slots=True)
class CaseList:
    """Cases that are in memory, with unique ids."""

    cases: tuple[Case, ...]
    where: str

    def read(self) -> Iterator[tuple[int, Case]]:
        """See Cases."""
        return enumerate(self.cases, start=1)

    def pick(self, positions: Collection[int]) -> Iterator[tuple[int, Case]]:
        """See Cases."""
        return ((position, self.cases[position - 1]) for position in sorted(positions))


def parse_case(line: str, *, where: str) -> Case:
    """The case in one line of JSON. Raises CaseError naming `where` and the field."""
    try:
        data = json_object(line)
    except ValueError as err:
        raise CaseError(str(err), where=where) from err
    if any(mark in line for mark in _DOUBTFUL):
        _portable(data, where)
    try:
        case = build(Case, data, where=where, error=CaseError)
    except CaseError:
        _portable(data, where)  # says more of a number that is too large
        raise
    check_usable(case, where)
    return case


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank, stripped."""
    where = str(path)
    try:
        with _opened(path) as file:
            number, limit = 0, 4 * MAX_LINE_CHARS
            while raw := file.readline(limit):
                number += 1
                line = _text(raw, where, number)
                if len(raw) >= limit:
                    raise CaseError(f"the line is longer than {MAX_LINE_CHARS} characters", where=f"{where}:{number}")
                if line := line.strip(" \t\r\n"):
                    yield number, line
    except (OSError, EOFError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise CaseError(f"cannot be read: {reason}", where=where) from err


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _text(raw: bytes, where: str, number: int) -> str:
    if number == 1:
        return decode(raw, where=where, error=CaseError)  # it knows other encodings and packed files by their beginning
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as err:
        raise CaseError(f"byte 0x{raw[err.start]:02x} is not UTF-8", where=f"{where}:{number}") from err


def _portable(data: dict[str, Any], where: str) -> None:
    for field, value in data.items():
        try:
            check_portable([field, value])
        except ValueError as err:
            raise CaseError(f"{field!a}: {err}", where=where) from err


def check_usable(case: Case, where: str) -> None:
    """Raises CaseError for what a scorer could only find out after the money is spent."""
    expect = case.expect
    for position, answer in enumerate(expect.answers):
        if not answer.strip():
            raise CaseError(f"expect.answers.{position}: is empty", where=where)
    if expect.pattern is not None:
        try:
            regex.compile(expect.pattern)
        except (regex.error, RecursionError, OverflowError) as err:
            raise CaseError(f"expect.pattern: is not a regular expression: {err}", where=where) from err
    if expect.json_schema is not None:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for

        try:
            validator_for(expect.json_schema).check_schema(expect.json_schema)
        except (SchemaError, RecursionError) as err:
            message = err.message if isinstance(err, SchemaError) else "is nested too deeply"
            raise CaseError(f"expect.json_schema: is not a JSON Schema: {message}", where=where) from err
