"""Which types may be at a path of a typed state, and whether a test could ever hold of one of them."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from evalplat.records import ValueTest, canonical_json
from evalplat.records.state_path import Every, Index, Key, StatePath, StateStep, Where

_NUMBERS = ("at_least", "at_most", "rises_by")
_SIZES = ("count", "count_at_least", "count_at_most")


def types_at(state: type[BaseModel], path: StatePath) -> list[Any]:
    """The annotations that values at a path may have; empty where the state has no such place; Any: anything."""
    found: list[Any] = [state]
    for step in path.steps:
        found = [inner for each in found for arm in _arms(each) for inner in _inside(arm, step)]
    return found


def missing_step(state: type[BaseModel], path: StatePath) -> str:
    """Which step of a path leads nowhere, and what there is instead."""
    for length in range(1, len(path.steps) + 1):
        if not types_at(state, StatePath(path.text, path.steps[:length])):
            held = types_at(state, StatePath(path.text, path.steps[: length - 1]))
            fields = [name for each in held for arm in _arms(each) for name in _fields(arm)]
            step = path.steps[length - 1]
            there = f"; there are: {', '.join(fields)}" if fields else ""
            return f"{_written(step)!r} leads nowhere{there}"
    return "leads nowhere"


def _written(step: StateStep) -> str:
    if isinstance(step, Key):
        return step.name
    return step.field if isinstance(step, Where) else f"[{step.at}]" if isinstance(step, Index) else "[*]"


def misfit(test: ValueTest, annotations: Sequence[Any], *, is_many: bool = False) -> str | None:
    """Why a test can hold of no value of these types; None where it can."""
    arms = [arm for each in annotations for arm in _arms(each)]
    operator = test.operator
    if not arms or any(_is_open(arm) for arm in arms):
        return None
    if operator in ("equals", "one_of"):
        wanted = (test.equals,) if operator == "equals" else test.one_of
        wrong = [value for value in wanted if not any(_accepts(arm, value) for arm in arms)]
        return f"{canonical_json(wrong[0])} is no {_named(arms)}" if wrong else None
    if operator in _NUMBERS and not any(_is_kind(arm, int, float) for arm in arms):
        return f"`{operator}` needs a number, there is {_named(arms)}"
    if operator == "matches" and not any(_is_kind(arm, str) for arm in arms):
        return f"`matches` needs a text, there is {_named(arms)}"
    if operator in _SIZES and not is_many and not any(_is_kind(arm, list, dict, tuple, set) for arm in arms):
        return f"`{operator}` needs a list or object, there is {_named(arms)}"
    if operator == "contains" and not any(_is_kind(arm, str, list, dict, tuple, set) for arm in arms):
        return f"`contains` needs a text, list or object, there is {_named(arms)}"
    return None


def _arms(annotation: Any) -> list[Any]:
    """The members of a union, without what Annotated adds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _arms(get_args(annotation)[0])
    if isinstance(annotation, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        return _arms(annotation.__value__)
    if origin in (Union, types.UnionType):
        return [arm for each in get_args(annotation) for arm in _arms(each)]
    return [annotation]


def _inside(arm: Any, step: StateStep) -> list[Any]:
    if _is_open(arm):
        return [Any]
    origin, args = get_origin(arm) or arm, get_args(arm)
    if isinstance(arm, type) and issubclass(arm, BaseModel):
        return [_field(arm, step.name)] if isinstance(step, Key) and step.name in arm.model_fields else []
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = args[1] if len(args) == 2 else Any
        if isinstance(step, Where):
            return [inner] if _has_field(inner, step.field) else []
        return [] if isinstance(step, Index) else [inner]
    if isinstance(origin, type) and issubclass(origin, list | tuple | set | frozenset):
        inner = args[0] if args else Any
        if isinstance(step, Where):
            return [inner] if _has_field(inner, step.field) else []
        return [inner] if isinstance(step, Index | Every) else []
    return []


def _has_field(annotation: Any, name: str) -> bool:
    return any(_inside(arm, Key(name)) for arm in _arms(annotation))


def _field(model: type[BaseModel], name: str) -> Any:
    return model.model_fields[name].annotation


def _fields(arm: Any) -> list[str]:
    return list(arm.model_fields) if isinstance(arm, type) and issubclass(arm, BaseModel) else []


def _is_open(arm: Any) -> bool:
    """Anything may be there."""
    return arm in (Any, object) or isinstance(arm, typing.TypeVar) or getattr(arm, "__name__", "") == "JsonValue"


def _is_kind(arm: Any, *kinds: type) -> bool:
    origin = get_origin(arm) or arm
    if origin is Literal:
        return any(isinstance(value, kinds) for value in get_args(arm))
    if isinstance(origin, type) and issubclass(origin, BaseModel):
        return dict in kinds
    if origin is bool:
        return bool in kinds
    return isinstance(origin, type) and issubclass(origin, kinds)


def _accepts(arm: Any, value: Any) -> bool:
    try:
        TypeAdapter(arm).validate_json(canonical_json(value), strict=not isinstance(value, dict | list))
    except ValidationError:
        return False
    except PydanticUserError:  # a type that pydantic cannot check by itself: not for us to refuse
        return True
    return True


def _named(arms: Sequence[Any]) -> str:
    return " or ".join(sorted({_name(arm) for arm in arms}))


def _name(arm: Any) -> str:
    if get_origin(arm) is Literal:
        return "one of " + ", ".join(map(repr, get_args(arm)))
    plain = {str: "text", bool: "yes or no", int: "whole number", float: "number", type(None): "null"}
    if isinstance(arm, type) and arm in plain:
        return plain[arm]
    return getattr(arm, "__name__", str(arm))
