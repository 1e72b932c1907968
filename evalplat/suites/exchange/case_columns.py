"""Cases out of rows: which column is which field, and what of the rows no field takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, build
from evalplat.suites.dataset.read import check_usable

from .case_rows import Kind, Row, rows_of
from .sources import label

_ALIASES = {"case_id": "id", "task_id": "id"}
_LISTS = ("tags", "expect.answers", "expect.sources")
_NUMBERS = ("weight", "expect.number", "expect.tolerance")
_FIELDS = ("id", "input", "cluster", *_LISTS, *_NUMBERS, "expect.pattern", "expect.abstain", "expect.json_schema")
_NESTED = frozenset(Case.model_fields)
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class CaseTable:
    """Cases in a table. Columns that are called as fields of a case are taken, with dots (`expect.answers`,
    `slice.topic`); `renamed` says by field which other column is meant. `left_out` is known after reading."""

    def __init__(self, path: Path, kind: Kind, renamed: Mapping[str, str] | None = None) -> None:
        """Raises InputError where `renamed` has a field that no case has."""
        for name in renamed or {}:
            if name not in _FIELDS and not name.startswith(("slices.", "slice.")):
                raise InputError(f"--map: a case has no field {name!r}; it has {', '.join(_FIELDS)} and slices.NAME")
        self._path, self._kind = path, kind
        self._by_column = {column: name for name, column in (renamed or {}).items()}
        self._renamed = frozenset(renamed or ())
        self._left: dict[str, None] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that no field takes, as far as has been read."""
        return tuple(self._left)

    def read(self) -> Iterator[Case]:
        """The cases, each checked, each id once. Raises CaseError or LogError naming place and column."""
        places: dict[str, str] = {}
        found: set[str] = set()
        for where, row in rows_of(self._path, self._kind):
            found |= row.keys()
            case = build(Case, self._fields(row, where), where=where, error=CaseError)
            check_usable(case, where)
            first = places.setdefault(case.id, where)
            if first != where:
                raise CaseError(f"id: {case.id!r} is already at {first}", where=where)
            yield case
        if not places:
            raise CaseError("has no cases", where=str(self._path))
        lacking = [column for column in self._by_column if column not in found]
        if lacking:
            raise CaseError(f"has no column {lacking[0]!r}, which --map names", where=str(self._path))

    def _fields(self, row: Row, where: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for column, cell in row.items():
            name = self._field(column)
            if name is None:
                self._left[column] = None
            else:
                self._put(fields, name, cell, f"{where}: column {label(column)}")
        for name in ("id", "input"):
            if name not in fields:
                raise CaseError(f"{name}: is empty, or there is no such column; --map {name}=COLUMN names another one",
                                where=where)  # fmt: skip
        return fields

    def _field(self, column: str) -> str | None:
        if column in self._by_column:
            return self._by_column[column]
        name = _ALIASES.get(column, column)
        if name in self._renamed:
            return None
        known = name in _FIELDS or name in _NESTED or name.startswith(("slices.", "slice."))
        return name if known else None

    def _put(self, fields: dict[str, Any], name: str, cell: Any, where: str) -> None:
        head, dot, rest = name.partition(".")
        value = self._value(name, cell, where)
        head = "slices" if head == "slice" else head
        if dot:
            inside = fields.setdefault(head, {})
            if not isinstance(inside, dict) or rest in inside:
                raise CaseError(f"{name}: is given twice", where=where)
            inside[rest] = value
        elif name in fields:
            raise CaseError(f"{name}: is given twice", where=where)
        else:
            fields[name] = value

    def _value(self, name: str, cell: Any, where: str) -> Any:
        if name in _LISTS:
            return _list(cell, where)
        if self._kind != "csv":
            whole = isinstance(cell, int) and not isinstance(cell, bool)
            text = name in ("id", "cluster") or name.startswith(("slice.", "slices."))
            return str(cell) if text and whole else cell
        text = cell.strip() if name != "input" else cell
        if name in _NUMBERS:
            return _number(text, where)
        if name == "expect.abstain":
            return _word(text, where)
        return _json(text, where) if name in _NESTED - {"id", "input", "cluster"} or name.endswith("schema") else text


def _list(cell: Any, where: str) -> list[str]:
    """A list of texts: one as it is, several as a JSON list."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        cell = _json(cell, where)
    items = cell if isinstance(cell, list) else [cell]
    return [json.dumps(item) if isinstance(item, bool | int | float) else item for item in items]


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as err:
        raise CaseError(f"expected a number, found {text[:60]!r}", where=where) from err


def _word(text: str, where: str) -> bool:
    if text.lower() not in _WORDS:
        raise CaseError(f"expected true or false, found {text[:60]!r}", where=where)
    return _WORDS[text.lower()]


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise CaseError(f"expected JSON, found {text[:60]!r}", where=where) from err
