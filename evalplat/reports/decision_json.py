"""decision.json, schema `evalplat.decision/1`: what CI jobs and dashboards read. Numbers are unrounded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from evalplat.errors import SpecError
from evalplat.records import (
    AnchorCheck,
    Calls,
    Continued,
    Decision,
    Finding,
    Flip,
    Look,
    MetricComparison,
    MetricDecision,
    Ranking,
    Record,
    Side,
    build,
)

from .ranking_json import ranking_document
from .text import escape_surrogates

SCHEMA = "evalplat.decision/1"
SEVERAL = "evalplat.decisions/1"

R = TypeVar("R", bound=Record)

_PLAIN = (
    "verdict", "decision", "reason", "estimand", "stopped", "attempt", "policy_sha256", "questions_sha256", "version"
)  # fmt: skip
_REQUIRED = ("verdict", "decision", "estimand", "baseline", "candidate", "metrics", "policy_sha256", "version")


def decision_json(decision: Decision) -> str:
    """The decision as JSON text ending in a line feed. Strict JSON: no NaN, no infinity, valid in UTF-8."""
    return _text(_document(decision))


def decisions_json(decisions: Sequence[Decision], ranking: Ranking | None = None) -> str:
    """Several decisions and how the systems rank, as JSON text, schema `evalplat.decisions/1`."""
    ranked = {} if ranking is None else {"ranking": ranking_document(ranking)}
    return _text({"schema": SEVERAL, "decisions": [_document(one) for one in decisions], **ranked})


def _text(document: dict[str, Any]) -> str:
    return escape_surrogates(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"


def _document(decision: Decision) -> dict[str, Any]:
    plain = decision.model_dump(mode="json")
    return {
        "schema": SCHEMA,
        "verdict": plain["verdict"],
        "decision": plain["decision"],
        "reason": plain["reason"],
        "estimand": plain["estimand"],
        "baseline": plain["baseline"],
        "candidate": plain["candidate"],
        "metrics": [_flat(metric) for metric in plain["metrics"]],
        "looks": plain["looks"],
        "stopped": plain["stopped"],
        "calls": plain["calls"],
        "attempt": plain["attempt"],
        "continued": plain["continued"],
        "anchor": None if plain["anchor"] is None else _anchor(plain["anchor"]),
        "slices": [_flat(metric) for metric in plain["slices"]],
        "warnings": plain["findings"],
        "flips": plain["flips"],
        "policy_sha256": plain["policy_sha256"],
        "questions_sha256": plain["questions_sha256"],
        "version": plain["version"],
    }


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
    fields = {name: document[name] for name in _PLAIN if name in document}
    for group in ("metrics", "slices"):
        fields[group] = [_metric(item, place) for item, place in _items(document, group, where)]
    for group, name, record in (
        ("warnings", "findings", Finding),
        ("flips", "flips", Flip),
        ("looks", "looks", Look),
    ):
        fields[name] = [_record(record, item, place) for item, place in _items(document, group, where)]
    for side in ("baseline", "candidate"):
        fields[side] = _record(Side, document[side], f"{where}: {side}")
    if document.get("calls") is not None:
        fields["calls"] = _record(Calls, document["calls"], f"{where}: calls")
    if document.get("continued") is not None:
        fields["continued"] = _record(Continued, document["continued"], f"{where}: continued")
    if document.get("anchor") is not None:
        fields["anchor"] = _parsed_anchor(document["anchor"], f"{where}: anchor")
    return build(Decision, {"reason": "", **fields}, where=where)


def _anchor(check: dict[str, Any]) -> dict[str, Any]:
    return {**check, "metrics": [_flat(metric) for metric in check["metrics"]]}


def _parsed_anchor(item: Any, where: str) -> AnchorCheck:
    if not isinstance(item, dict):
        raise SpecError(f"expected an object, found {_kind(item)}", where=where)
    metrics = [_metric(metric, place) for metric, place in _items(item, "metrics", where)]
    return _record(AnchorCheck, {**item, "metrics": metrics}, where)


def _flat(metric: dict[str, Any]) -> dict[str, Any]:
    return {**metric["comparison"], "verdict": metric["verdict"], "reason": metric["reason"]}


def _metric(item: Any, place: str) -> MetricDecision:
    comparison = _record(MetricComparison, item, place)
    fields = {name: item[name] for name in ("verdict", "reason") if name in item}
    return build(MetricDecision, {"reason": "", **fields, "comparison": comparison}, where=place)


def _record(record: type[R], item: Any, place: str) -> R:
    known = {name: item[name] for name in record.model_fields if name in item} if isinstance(item, dict) else item
    return build(record, known, where=place)


def _items(document: dict[str, Any], field: str, where: str) -> Iterator[tuple[Any, str]]:
    value = document.get(field, [])
    if not isinstance(value, list):
        raise SpecError(f"{field}: expected a list, found {_kind(value)}", where=where)
    for number, item in enumerate(value):
        yield item, f"{where}: {field}.{number}"


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
