"""decision.json, schema `evalplat.decision/1`: what CI jobs and dashboards read. Numbers are unrounded."""

from __future__ import annotations

import json
from typing import Any

from evalplat.errors import SpecError
from evalplat.records import Decision, MetricComparison, build

from .text import escape_surrogates

SCHEMA = "evalplat.decision/1"

_REQUIRED = ("verdict", "decision", "estimand", "baseline", "candidate", "metrics", "policy_sha256", "version")


def decision_json(decision: Decision) -> str:
    """The decision as JSON text ending in a line feed. Strict JSON: no NaN, no infinity, valid in UTF-8."""
    plain = decision.model_dump(mode="json")
    document = {
        "schema": SCHEMA,
        "verdict": plain["verdict"],
        "decision": plain["decision"],
        "reason": plain["reason"],
        "estimand": plain["estimand"],
        "baseline": plain["baseline"],
        "candidate": plain["candidate"],
        "metrics": [_flat(metric) for metric in plain["metrics"]],
        "looks": [],
        "stopped": None,
        "attempt": 1,
        "slices": [_flat(metric) for metric in plain["slices"]],
        "warnings": plain["findings"],
        "flips": plain["flips"],
        "policy_sha256": plain["policy_sha256"],
        "version": plain["version"],
    }
    return escape_surrogates(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"


def parse_decision_json(text: str, where: str) -> Decision:
    """The Decision of a decision.json. Fields that this version does not know are passed over: adding is free.

    Raises SpecError naming `where` and the place, for text that is not JSON, another schema, or a malformed field.
    """
    document = _load(text, where)
    if not isinstance(document, dict):
        raise SpecError(f"expected an object, found {_kind(document)}", where=where)
    if document.get("schema") != SCHEMA:
        raise SpecError(f"schema: expected {SCHEMA!r}, found {str(document.get('schema'))[:60]!r}", where=where)
    for field in _REQUIRED:
        if field not in document:
            raise SpecError(f"{field}: Field required", where=where)
    fields = {name: document[name] for name in Decision.model_fields if name in document}
    fields.setdefault("reason", "")
    fields["findings"] = [_known(item, _FINDING) for item in _list(document, "warnings", where)]
    for group in ("metrics", "slices"):
        fields[group] = [
            _nested(item, f"{group}.{place}", where) for place, item in enumerate(_list(document, group, where))
        ]
    fields["flips"] = [_known(item, _FLIP) for item in _list(document, "flips", where)]
    for side in ("baseline", "candidate"):
        fields[side] = _known(fields[side], _SIDE)
    return build(Decision, fields, where=where)


_FINDING = frozenset({"code", "message", "metric", "cases"})
_FLIP = frozenset({"case_id", "metric", "baseline", "candidate", "change"})
_SIDE = frozenset({"ref", "n_cases", "n_trials", "run_id", "fingerprint"})
_COMPARISON = frozenset(MetricComparison.model_fields)


def _flat(metric: dict[str, Any]) -> dict[str, Any]:
    return {**metric["comparison"], "verdict": metric["verdict"], "reason": metric["reason"]}


def _nested(item: Any, place: str, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise SpecError(f"{place}: expected an object, found {_kind(item)}", where=where)
    nested = {"comparison": _known(item, _COMPARISON), "reason": item.get("reason", "")}
    if "verdict" in item:
        nested["verdict"] = item["verdict"]
    return nested


def _known(item: Any, fields: frozenset[str]) -> Any:
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if name in fields}


def _list(document: dict[str, Any], field: str, where: str) -> list[Any]:
    value = document.get(field, [])
    if not isinstance(value, list):
        raise SpecError(f"{field}: expected a list, found {_kind(value)}", where=where)
    return value


def _load(text: str, where: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise SpecError(f"key {key[:60]!r} occurs twice in one object", where=where)
            found[key] = value
        return found

    def constant(name: str) -> Any:
        raise SpecError(f"{name} is not a JSON number", where=where)

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as err:
        raise SpecError(f"is not JSON: {err.msg}", where=f"{where}:{err.lineno}:{err.colno}") from err
    except (ValueError, RecursionError) as err:
        raise SpecError(f"is not JSON that can be read: {type(err).__name__}", where=where) from err


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
