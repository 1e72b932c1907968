"""A record with one text in every field that can hold any text, found by what pydantic knows of the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from evalplat.records import Record

FIXED = {"statistic", "pass_hat"}
"""Texts of a grammar of ours: `pass^3`, and the k of a pass^k."""


def poisoned(record: Record, text: str) -> Any:
    """The record, and all records inside it, with `text` in place of every text and of every key of its mappings;
    texts of a closed list stay. Nothing is validated: worse cannot come from a store."""
    changed = {}
    for name, field in type(record).model_fields.items():
        value = getattr(record, name)
        changed[name] = value if name in FIXED or _is_closed(field.annotation) else _within(value, text)
    return record.model_copy(update=changed)


def fields_of(record: Record) -> set[str]:
    """`Record.field` of every field that `poisoned` changes, in the record and inside."""
    found: set[str] = set()
    _gather(record, found)
    return found


def _within(value: Any, text: str) -> Any:
    if isinstance(value, Record):
        return poisoned(value, text)
    if isinstance(value, str):
        return text
    if isinstance(value, tuple | list):
        return type(value)(_within(part, text) for part in value)
    if isinstance(value, Mapping):
        return {
            (text if place == 0 else f"{text}{place}") if isinstance(key, str) else key: _within(part, text)
            for place, (key, part) in enumerate(value.items())
        }
    return value


def _gather(value: Any, found: set[str]) -> None:
    if isinstance(value, Record):
        for name, field in type(value).model_fields.items():
            inside = getattr(value, name)
            if name not in FIXED and not _is_closed(field.annotation):
                if isinstance(inside, str) or (isinstance(inside, tuple) and any(isinstance(x, str) for x in inside)):
                    found.add(f"{type(value).__name__}.{name}")
                if isinstance(inside, Mapping) and inside:
                    found.add(f"{type(value).__name__}.{name}")
                _gather(inside, found)
    elif isinstance(value, tuple | list):
        for part in value:
            _gather(part, found)
    elif isinstance(value, Mapping):
        for part in value.values():
            _gather(part, found)


def _is_closed(annotation: Any) -> bool:
    """Whether the texts of a field are of a closed list."""
    return get_origin(annotation) is Literal or any(_is_closed(one) for one in get_args(annotation))
