"""A trial's spans in the attributes that MLflow's page of a trace shows. Knows MLflow's words, not MLflow."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from evalplat.records import Span, Trial

from .names import clipped, displayable

_TYPES = {
    "chat": "CHAT_MODEL",
    "text_completion": "LLM",
    "generate_content": "LLM",
    "embeddings": "EMBEDDING",
    "execute_tool": "TOOL",
    "invoke_agent": "AGENT",
    "create_agent": "AGENT",
    "invoke_workflow": "WORKFLOW",
    "retrieval": "RETRIEVER",
    "retrieve": "RETRIEVER",
    "guardrail": "GUARDRAIL",
}
_INPUTS = ("gen_ai.input.messages", "gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text")
_OUTPUTS = ("gen_ai.output.messages", "gen_ai.tool.call.result", "gen_ai.retrieval.documents")
_USAGE = {"input_tokens": "gen_ai.usage.input_tokens", "output_tokens": "gen_ai.usage.output_tokens"}
_BRACKETS = re.compile(r"[\[\]{}]")
_MAX_DEPTH = 100
_MAX_NS = 2**63 - 1
_MAX_NAME = 250


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """A span as it is sent. Ids are whole numbers; `attributes` is JSON-like data; `error` is its message or None."""

    span_id: int
    parent_id: int | None
    name: str
    start_ns: int
    end_ns: int
    error: str | None
    ok: bool
    attributes: dict[str, Any]
    events: tuple[tuple[str, int, dict[str, Any]], ...] = field(default=())

    @property
    def size(self) -> int:
        """About how many characters it sends."""
        return len(str(self.attributes)) + sum(len(str(event)) for event in self.events)


def mlflow_trace_id(run_id: str, trial: Trial) -> int:
    """Id of a trial's trace in MLflow: the same each time, and of no other run, whatever ids its spans came with."""
    text = f"{run_id}\x1f{trial.key.case_id}\x1f{trial.key.trial}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16], "big") or 1


def shown_spans(run_id: str, trial: Trial, question: str | None) -> list[ShownSpan]:
    """The trial's spans under one root that carries its question, answer or failure, and the tags of the trace."""
    own = list(_own_spans(trial))
    roots = [span for span in own if span.parent_id is None]
    if len(roots) != 1:
        root = _made_root(run_id, trial, own)
        own = [root] + [span if span.parent_id is not None else replace(span, parent_id=root.span_id) for span in own]
        roots = [root]
    finished = _finished_root(run_id, trial, roots[0], question)
    return [finished if span is roots[0] else span for span in own]


def _own_spans(trial: Trial) -> Iterator[ShownSpan]:
    seen: set[int] = set()
    for span in trial.trace.spans if trial.trace else ():
        # A parent stands before its children, or it is none: what a remote target sends may run in circles.
        parent = int(span.parent_span_id or "0", 16)
        number = int(span.span_id, 16)
        own = _shown(span, number, parent if parent in seen else None)
        while number in seen or number == 0:  # two spans under one id would overwrite each other
            number = int.from_bytes(hashlib.sha256(f"{number}".encode()).digest()[:8], "big")
        seen.add(number)
        yield replace(own, span_id=number)


def _shown(span: Span, number: int, parent: int | None) -> ShownSpan:
    start = _ns(span.start_unix_nano)
    return ShownSpan(
        span_id=number,
        parent_id=parent,
        name=clipped(span.name, _MAX_NAME),
        start_ns=start,
        end_ns=max(start, _ns(span.end_unix_nano)),
        error=displayable(span.status_message) if span.status == "error" else None,
        ok=span.status == "ok",
        attributes=_attributes(span),
        events=tuple((clipped(e.name, _MAX_NAME), _ns(e.time_unix_nano), _plain(e.attributes)) for e in span.events),
    )


def _attributes(span: Span) -> dict[str, Any]:
    attributes: dict[str, Any] = _plain(span.attributes)
    operation = str(attributes.get("gen_ai.operation.name", span.name.partition(" ")[0]))
    attributes["mlflow.spanType"] = _TYPES.get(operation, "UNKNOWN")
    for key, sources in (("mlflow.spanInputs", _INPUTS), ("mlflow.spanOutputs", _OUTPUTS)):
        source = next((name for name in sources if name in attributes), None)
        if source is not None:
            attributes[key] = _parsed(attributes[source])
    usage = {name: attributes[key] for name, key in _USAGE.items() if isinstance(attributes.get(key), int)}
    if usage:
        attributes["mlflow.chat.tokenUsage"] = usage | {"total_tokens": sum(usage.values())}
    return attributes


def _made_root(run_id: str, trial: Trial, own: list[ShownSpan]) -> ShownSpan:
    """A root for a trial that left no trace, or one of several pieces."""
    number = mlflow_trace_id(run_id, trial) & (2**63 - 1) | 1
    start = _ns(int(trial.started_at.timestamp() * 1e9))
    end = _ns(start + int(trial.latency_s * 1e9))
    return ShownSpan(
        span_id=number,
        parent_id=None,
        name="trial",
        start_ns=min([start, *(span.start_ns for span in own)]),
        end_ns=max([end, *(span.end_ns for span in own)]),
        error=None,
        ok=trial.failure is None,
        attributes={"mlflow.spanType": "AGENT"},
    )


def _finished_root(run_id: str, trial: Trial, root: ShownSpan, question: str | None) -> ShownSpan:
    key, failure, answer = trial.key, trial.failure, trial.answer
    attributes = dict(root.attributes)
    if attributes.get("mlflow.spanType") == "UNKNOWN":
        attributes["mlflow.spanType"] = "AGENT"
    if question is not None:
        attributes["mlflow.spanInputs"] = _text(question)
    if answer is not None:
        attributes["mlflow.spanOutputs"] = _text(answer.text)
    tags = {
        "mlflow.traceName": f"{key.case_id} #{key.trial}",
        "evalplat.run_id": run_id,
        "evalplat.case_id": key.case_id,
        "evalplat.trial": str(key.trial),
        "evalplat.trace_id": trial.trace.trace_id if trial.trace else "none: the target left no trace",
    }
    events = root.events
    if failure is not None:
        tags["evalplat.failure"] = failure.kind
        what = {"failure": _text(failure.kind), "message": _text(failure.message)}
        attributes["mlflow.spanOutputs"] = what
        # OpenTelemetry's form of an error, which MLflow's page shows as one.
        raised = {"exception.type": what["failure"], "exception.message": what["message"]}
        events = (*events, ("exception", root.end_ns, raised))
    attributes |= {f"mlflow.traceTag.{tag}": clipped(value, _MAX_NAME) for tag, value in tags.items()}
    error = displayable(f"{failure.kind}: {failure.message}") if failure is not None else root.error
    return replace(root, attributes=attributes, events=events, error=error, ok=failure is None and root.ok)


def _plain(value: Any) -> Any:
    """Data that JSON, OTLP and every database can hold."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MAX_NS else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {displayable(str(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _parsed(value: Any) -> Any:
    """Messages and arguments travel as JSON text; as data they are shown as a conversation."""
    if not isinstance(value, str):
        return value
    try:
        return _plain(json.loads(value))
    except ValueError:
        return value


def _text(text: str) -> str:
    """Displayable text. MLflow reads whatever looks like JSON and dies of deep nesting and of endless numbers:
    with a mark before it, such a text no longer looks so."""
    return f"\u200b{displayable(text)}" if _kills_a_parser(text) else displayable(text)


def _kills_a_parser(text: str) -> bool:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        return True
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    except ValueError:
        return True
    return False


def _ns(moment: int) -> int:
    return min(max(moment, 0), _MAX_NS)
