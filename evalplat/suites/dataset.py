"""A dataset file: JSON Lines of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]

from evalplat.errors import CaseError
from evalplat.records import Case, Dataset, build

from .files import read_text
from .json_lines import check_portable, json_lines

MAX_BYTES = 512 * 2**20


def load_dataset(path: Path | str) -> Dataset:
    """The cases of a JSON Lines file, one a line, named after the file's stem. Blank lines are allowed.

    Raises CaseError naming file, line and field: not UTF-8, not JSON, an unknown or malformed field, an id that
    occurs twice (with both lines), a pattern or schema that cannot be used, more than 512 MiB.
    """
    path = Path(path)
    where = str(path)
    cases: list[Case] = []
    lines: dict[str, int] = {}
    for number, data in json_lines(read_text(path, limit=MAX_BYTES, error=CaseError), where=where, error=CaseError):
        case = _case(data, where=f"{where}:{number}")
        if case.id in lines:
            raise CaseError(f"id: {case.id!r} is already on line {lines[case.id]}", where=f"{where}:{number}")
        lines[case.id] = number
        cases.append(case)
    if not cases:
        raise CaseError("has no cases", where=where)
    return Dataset(name=path.stem.strip() or "dataset", cases=tuple(cases))


def _case(data: dict[str, Any], *, where: str) -> Case:
    for field, value in data.items():
        try:
            check_portable([field, value])
        except ValueError as err:
            raise CaseError(f"{field!a}: {err}", where=where) from err
    case = build(Case, data, where=where, error=CaseError)
    _usable(case, where)
    return case


def _usable(case: Case, where: str) -> None:
    """What a scorer could only find out after the money is spent."""
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
