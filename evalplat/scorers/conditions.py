"""Tests of values and conditions on a state, decided: whether they hold, and what was found, in words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from evalplat.records import Condition, ValueTest, canonical_json
from evalplat.records.state_path import StatePath

from .base import Judged, quoted
from .patterns import timed_match

_TOLERANCE = 1e-9


def value_holds(test: ValueTest, value: Any) -> bool:
    """Whether a test holds of one value (JSON data). Raises CannotScore where a pattern takes too long."""
    return _one(test, test.operator, value)


def condition_holds(condition: Condition, final: Any, initial: Any) -> Judged:
    """1 where a condition holds of the final state (JSON data), and what was found. Raises CannotScore as above."""
    path = _parsed(condition.path)
    operator = condition.operator
    if operator in ("unchanged", "changed"):
        return _compared(condition, final, initial)
    found = path.find(final)
    if operator == "rises_by":
        return _risen(condition, found, path.find(initial))
    if operator == "exists":
        return Judged.of(bool(found) == condition.exists, f"{condition.path} is {'there' if found else 'not there'}")
    if path.is_many and operator in ("empty", "count", "count_at_least", "count_at_most"):
        return Judged.of(_one(condition, operator, found), f"{condition.path} finds {len(found)}")
    if not found:
        nothing = (operator == "empty" and condition.empty is True) or condition.count == 0
        return Judged.of(nothing, f"{condition.path} is not there")
    held = [_one(condition, operator, value) for value in found]
    right = any(held) if condition.match == "some" else all(held)
    shown = ", ".join(_brief(value) for value in found[:3]) + (", ..." if len(found) > 3 else "")
    return Judged.of(right, f"{condition.path} is {shown}")


def _one(test: ValueTest, operator: str, value: Any) -> bool:
    wanted = getattr(test, operator)
    if operator == "equals":
        return same(value, wanted)
    if operator == "not_equals":
        return not same(value, wanted)
    if operator == "one_of":
        return any(same(value, each) for each in wanted)
    if operator in ("at_least", "at_most"):
        number = _number(value)
        return number is not None and bool(number >= wanted if operator == "at_least" else number <= wanted)
    if operator == "contains":
        return _contains(value, wanted)
    if operator == "matches":
        return isinstance(value, str) and timed_match(wanted, value) is not None
    if operator == "exists":
        return bool(wanted)
    if operator == "empty":
        nothing = value is None or value in ("", [], {})
        return nothing is bool(wanted)
    if not isinstance(value, list | dict):
        return False
    size = len(value)
    if operator == "count":
        return size == int(wanted)
    return size >= int(wanted) if operator == "count_at_least" else size <= int(wanted)


def same(left: Any, right: Any) -> bool:
    """Equal JSON: numbers by value, never equal to a boolean; at any depth."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)


def _compared(condition: Condition, final: Any, initial: Any) -> Judged:
    for text in condition.ignoring:
        ignored = _parsed(text)
        final, initial = ignored.without(final), ignored.without(initial)
    path = _parsed(condition.path)
    after, before = path.find(final), path.find(initial)
    if same(after, before):
        return Judged.of(condition.operator == "unchanged", f"{condition.path} is as it was")
    where = _difference(before, after, condition.path)
    return Judged.of(condition.operator == "changed", f"{where} has changed")


def _difference(before: Sequence[Any], after: Sequence[Any], path: str) -> str:
    """The first place in which two lists of found values differ."""
    if len(before) != len(after):
        return path
    for old, new in zip(before, after, strict=True):
        if not same(old, new):
            return _deeper(old, new, path)
    return path


def _deeper(old: Any, new: Any, path: str) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys(), key=str):
            if key not in old or key not in new:
                return f"{path}.{key}"
            if not same(old[key], new[key]):
                return _deeper(old[key], new[key], f"{path}.{key}")
    return f"{path} ({_brief(old)} to {_brief(new)})"


def _risen(condition: Condition, after: list[Any], before: list[Any]) -> Judged:
    new, old = (_number(values[0]) if values else None for values in (after, before))
    if new is None or old is None or condition.rises_by is None:
        return Judged(0.0, f"{condition.path} is not a number at start and end")
    risen = new - old
    allowed = _TOLERANCE * max(1.0, abs(new), abs(old))
    return Judged.of(abs(risen - condition.rises_by) <= allowed, f"{condition.path} rises by {risen:g}")


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    if isinstance(value, list):
        return any(same(each, wanted) for each in value)
    return isinstance(value, dict) and isinstance(wanted, str) and wanted in value


@lru_cache(maxsize=4096)
def _parsed(text: str) -> StatePath:
    return StatePath.parse(text)


def _brief(value: Any) -> str:
    return quoted(value, 40) if isinstance(value, str) else quoted(canonical_json(value), 40)[1:-1]
