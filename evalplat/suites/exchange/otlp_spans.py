"""Spans out of OTLP: JSON, JSON Lines and protobuf into our records, masked, by trace."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from evalplat.errors import LogError
from evalplat.records import Span, SpanEvent
from evalplat.records.trace import AttributeValue
from evalplat.suites.files import read_bytes

from .messages import masked
from .sources import MAX_DOCUMENT_BYTES, begins_with, document_file, field, label, lines_of, shown

SERVICE = "service.name"
_KINDS: dict[Any, Literal["internal", "client", "server"]] = {
    2: "server", 3: "client", 4: "client", 5: "server",
    "SPAN_KIND_SERVER": "server", "SPAN_KIND_CLIENT": "client",
    "SPAN_KIND_PRODUCER": "client", "SPAN_KIND_CONSUMER": "server",
}  # fmt: skip
_STATUS: dict[Any, Literal["unset", "ok", "error"]] = {
    1: "ok", 2: "error", "STATUS_CODE_OK": "ok", "STATUS_CODE_ERROR": "error",
}  # fmt: skip
_HEX = re.compile(r"[0-9a-fA-F]*")
_DEPTH = 40


def spans_of(path: Path) -> Iterator[tuple[str, str | None, Span]]:
    """Place, service and span, in the order of the file. Raises LogError naming place and field."""
    head = begins_with(path)
    if head[:1] == b"\n" and not _is_text(head):
        requests: Iterator[tuple[str, dict[str, Any]]] = iter([(str(path), _of_protobuf(path))])
    elif _is_document(head):
        requests = iter([(str(path), _object(document_file(path), path))])
    else:
        requests = ((f"{path}:{number}", row) for number, row in lines_of(path))
    for where, request in requests:
        yield from _of_request(request, where)


def spans_in(request: dict[str, Any], where: str) -> Iterator[Span]:
    """The spans of one request that somebody has read from JSON already. Raises LogError naming place and field."""
    for _, _, span in _of_request(request, where):
        yield span


def _of_request(request: dict[str, Any], where: str) -> Iterator[tuple[str, str | None, Span]]:
    for at, resource in enumerate(field(request, "resourceSpans", list, where=where)):
        place = f"{where}: resourceSpans.{at}"
        described = field(_member(resource, place), "resource", dict, where=place, default={})
        service = _attributes(described, place).get(SERVICE)
        for scope_at, scope in enumerate(field(resource, "scopeSpans", list, where=place, default=[])):
            inner = f"{place}.scopeSpans.{scope_at}"
            for span_at, raw in enumerate(field(_member(scope, inner), "spans", list, where=inner, default=[])):
                here = f"{inner}.spans.{span_at}"
                yield here, str(service) if service else None, _span(_member(raw, here), here)


def _span(raw: dict[str, Any], where: str) -> Span:
    status = field(raw, "status", dict, where=where, default={})
    start, end = (_nanoseconds(raw, name, where) for name in ("startTimeUnixNano", "endTimeUnixNano"))
    try:
        return Span(
            trace_id=_id(raw, "traceId", 32, where),
            span_id=_id(raw, "spanId", 16, where),
            parent_span_id=_id(raw, "parentSpanId", 16, where) if raw.get("parentSpanId") else None,
            name=masked(field(raw, "name", str, where=where, default="")),
            kind=_KINDS.get(_hashable(raw.get("kind")), "internal"),
            start_unix_nano=start,
            end_unix_nano=max(start, end),
            status=_STATUS.get(_hashable(status.get("code")), "unset"),
            status_message=masked(field(status, "message", str, where=where, default="")),
            attributes=_attributes(raw, where),
            events=tuple(_events(raw, where)),
        )
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        raise LogError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", where=where) from err


def _events(raw: dict[str, Any], where: str) -> Iterator[SpanEvent]:
    for at, event in enumerate(field(raw, "events", list, where=where, default=[])):
        place = f"{where}.events.{at}"
        inner = _member(event, place)
        yield SpanEvent(
            name=masked(field(inner, "name", str, where=place, default="")),
            time_unix_nano=_nanoseconds(inner, "timeUnixNano", place),
            attributes=_attributes(inner, place),
        )


def _attributes(raw: dict[str, Any], where: str) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {}
    for at, pair in enumerate(field(raw, "attributes", list, where=where, default=[])):
        place = f"{where}.attributes.{at}"
        inner = _member(pair, place)
        name = field(inner, "key", str, where=place)
        found[name] = _flat(_value(inner.get("value"), f"{place} ({label(name)})", 0))
    return found


def _flat(value: Any) -> AttributeValue:
    """What a span may hold: a scalar, or scalars of one type; all else as JSON. Secrets are masked there too."""
    value = masked(_parsed(value) if isinstance(value, str) else value)
    if isinstance(value, str | bool | int | float):
        return value
    kinds = {type(item) for item in value} if isinstance(value, list) else set()
    if len(kinds) == 1 and kinds <= {str, bool, int, float}:
        return tuple(value)
    return json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Any:
    """Messages travel as JSON text: masked leaf by leaf, it stays JSON."""
    if text[:1] not in ("[", "{"):
        return text
    try:
        found = json.loads(text)
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return text
    # A list of scalars would turn into a list: only what stays text when it is written again may be read.
    return found if isinstance(found, dict) or any(isinstance(one, dict | list) for one in found) else text


def _value(value: Any, where: str, depth: int) -> Any:
    if depth > _DEPTH:
        raise LogError("is nested too deeply", where=where)
    inner = _member(value if value is not None else {}, where)
    for kind, one in inner.items():
        if kind in ("stringValue", "bytesValue"):
            return field(inner, kind, str, where=where, default="")
        if kind == "boolValue":
            return field(inner, kind, bool, where=where, default=False)
        if kind == "intValue":
            return _whole(one, where)
        if kind == "doubleValue":
            number = float(one) if isinstance(one, int | float | str) and _is_number(one) else math.nan
            return number if math.isfinite(number) else str(one)
        if kind in ("arrayValue", "kvlistValue"):
            listed = field(_member(one, where), "values", list, where=where, default=[])
            if kind == "arrayValue":
                return [_value(item, where, depth + 1) for item in listed]
            pairs = [_member(item, where) for item in listed]
            return {str(pair.get("key")): _value(pair.get("value"), where, depth + 1) for pair in pairs}
    return ""


def _whole(value: Any, where: str) -> int:
    try:
        number = int(value) if isinstance(value, int | str) and len(str(value)) < 25 else None
    except ValueError:
        number = None
    if number is None or not -(2**63) <= number < 2**63:
        raise LogError(f"expected a whole number, found {shown(value)}", where=where)
    return number


def _is_number(value: int | float | str) -> bool:
    try:
        float(value)
    except (ValueError, OverflowError):
        return False
    return True


def _nanoseconds(raw: dict[str, Any], name: str, where: str) -> int:
    number = _whole(raw.get(name) or 0, f"{where}: {name}")
    if number < 0:
        raise LogError(f"{name}: is before 1970", where=where)
    return number


def _id(raw: dict[str, Any], name: str, length: int, where: str) -> str:
    text = field(raw, name, str, where=where)
    if len(text) != length or not _HEX.fullmatch(text) or not text.strip("0"):
        raise LogError(f"{name}: expected {length} hexadecimal digits, found {shown(text)}", where=where)
    return str(text.lower())


def _of_protobuf(path: Path) -> dict[str, Any]:
    """The same message in its other form; identifiers as the JSON form of OTLP writes them."""
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    message = TracesData()
    try:
        message.ParseFromString(read_bytes(path, limit=MAX_DOCUMENT_BYTES, error=LogError))
        found: dict[str, Any] = MessageToDict(message)
    except (DecodeError, ValueError, RecursionError) as err:
        if isinstance(err, LogError):
            raise
        raise LogError(f"is not OTLP in protobuf: {str(err).splitlines()[0][:200] if str(err) else 'malformed'}",
                       where=str(path)) from err  # fmt: skip
    for resource, told in zip(message.resource_spans, found.get("resourceSpans", []), strict=True):
        for scope, scope_told in zip(resource.scope_spans, told.get("scopeSpans", []), strict=True):
            for span, one in zip(scope.spans, scope_told.get("spans", []), strict=True):
                one["traceId"], one["spanId"] = span.trace_id.hex(), span.span_id.hex()
                one["parentSpanId"] = span.parent_span_id.hex()
    return found


def _is_text(head: bytes) -> bool:
    try:
        head[: len(head) - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _is_document(head: bytes) -> bool:
    """A document over several lines, or one that ends with its first line; else a document a line."""
    first = head.strip().split(b"\n", 1)[0].strip()
    return first in (b"{", b"[") or (first.startswith(b"{") and not first.endswith(b"}") and b"\n" in head.strip())


def _object(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LogError(f"expected an object with resourceSpans, found {shown(value)}", where=str(path))
    return value


def _member(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LogError(f"expected an object, found {shown(value)}", where=where)
    return value


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int | str) else None
