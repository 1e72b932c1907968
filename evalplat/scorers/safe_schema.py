"""JSON Schema on hostile values: nothing is fetched, regular expressions have a time limit, nothing is quadratic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .base import CannotScore, shorten
from .patterns import timed_match


def schema_problem(schema: dict[str, Any]) -> str | None:
    """What is wrong with a schema, or None."""
    from jsonschema import SchemaError

    try:
        _validator_class(_dialect(schema)).check_schema(schema)
    except SchemaError as err:
        return shorten(err.message, 200)
    except RecursionError:
        return "it is nested too deeply"
    return None


def first_violation(schema: dict[str, Any], value: Any) -> str | None:
    """Where a value breaks the schema, in words, or None. Raises CannotScore where the schema cannot be used."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    problem = schema_problem(schema)
    if problem:
        raise CannotScore("SpecError", f"expect.json_schema is not a JSON Schema: {problem}")
    # An empty registry: a `$ref` to the network is refused instead of fetched.
    validator = _validator_class(_dialect(schema))(schema, registry=Registry())
    try:
        error = next(validator.iter_errors(value), None)
    except Unresolvable as err:
        raise CannotScore("SpecError", f"expect.json_schema: $ref {err.ref} leads nowhere") from err
    if error is None:
        return None
    return f"{shorten(error.json_path, 80)}: {shorten(error.message, 200)}"


def _dialect(schema: dict[str, Any]) -> str:
    uri = schema.get("$schema")
    return uri if isinstance(uri, str) else ""


@lru_cache(maxsize=16)
def _validator_class(dialect: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend, validator_for

    base: Any = validator_for({"$schema": dialect}, default=Draft202012Validator)
    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
        "additionalProperties": _additional_properties(base.VALIDATORS["additionalProperties"]),
    }
    if "unevaluatedProperties" in base.VALIDATORS:
        own["unevaluatedProperties"] = _unevaluated_properties(base.VALIDATORS["unevaluatedProperties"])
    make: Any = extend
    return make(base, own)


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:  # noqa: ARG001
    from jsonschema import ValidationError

    if validator.is_type(value, "string") and timed_match(pattern, value) is None:
        yield ValidationError(f"{shorten(repr(value))} does not match {shorten(repr(pattern))}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[Any]:  # noqa: ARG001
    if not validator.is_type(value, "object"):
        return
    for pattern, subschema in patterns.items():
        for name, item in value.items():
            if timed_match(pattern, name) is not None:
                yield from validator.descend(item, subschema, path=name, schema_path=pattern)


def _additional_properties(original: Any) -> Any:
    def check(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[Any]:
        patterns = schema.get("patternProperties", {})
        if not patterns or not validator.is_type(value, "object"):
            yield from original(validator, allowed, value, schema)
            return
        known = schema.get("properties", {})
        rest = {
            name: item
            for name, item in value.items()
            if name not in known and all(timed_match(pattern, name) is None for pattern in patterns)
        }
        yield from original(validator, allowed, rest, {"additionalProperties": allowed})

    return check


def _unevaluated_properties(original: Any) -> Any:
    def check(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[Any]:
        if "patternProperties" in json.dumps(schema):
            raise CannotScore("SpecError", "unevaluatedProperties beside patternProperties is not supported")
        yield from original(validator, allowed, value, schema)

    return check


def _unique_items(validator: Any, unique: Any, value: Any, schema: Any) -> Iterator[Any]:  # noqa: ARG001
    from jsonschema import ValidationError

    if unique and validator.is_type(value, "array"):
        distinct = {json.dumps(_plain(item), sort_keys=True) for item in value}
        if len(distinct) < len(value):
            yield ValidationError("the items are not unique")


def _plain(value: Any) -> Any:
    """1.0 and 1 are one number in JSON."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value
