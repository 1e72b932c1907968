"""What a command or an endpoint tells of a trial: answer, usage and, if it will, its own trace in OTLP JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalplat.errors import LogError, TargetFailed
from evalplat.harness.failures import NOT_KNOWN, one_line
from evalplat.harness.reply import read_reply
from evalplat.records import Answer, Trace, Usage
from evalplat.runtime.telemetry import Redactor, parents_first

from .capture import usage_of


def read_told(fields: Mapping[str, Any] | str, redactor: Redactor) -> tuple[Answer, Usage, Trace | None]:
    """Answer, usage and trace from a text, or from `output`, `citations`, `usage` and `trace`.

    Without `usage` it is that of the trace's model calls; without either it is not known. The spans keep their ids;
    secrets are struck out of them. Raises TargetFailed, saying what was expected.
    """
    trace = None
    if not isinstance(fields, str) and fields.get("trace") is not None:
        trace = _trace(fields["trace"], redactor)
    rest = fields if isinstance(fields, str) else {name: value for name, value in fields.items() if name != "trace"}
    answer, usage = read_reply(rest, text_field="output")
    answer = answer.model_copy(update={"text": redactor.known(answer.text)})
    return answer, usage or (usage_of(trace) if trace is not None else None) or NOT_KNOWN, trace


def _trace(told: object, redactor: Redactor) -> Trace:
    from evalplat.suites.exchange.otlp_spans import spans_in  # few targets send a trace

    if not isinstance(told, dict):
        raise TargetFailed(f"gave back a trace that is a {type(told).__name__}; expected OTLP JSON with resourceSpans")
    try:
        spans = parents_first(spans_in(told, "trace"))
    except LogError as err:
        raise TargetFailed(f"gave back a trace that is no OTLP JSON: {one_line(str(err))}") from err
    ids = {span.trace_id for span in spans}
    if len(ids) != 1:
        raise TargetFailed(f"gave back spans of {len(ids)} traces; expected those of one")
    whole = Trace(trace_id=ids.pop(), spans=spans)
    return Trace.model_validate_json(redactor.known(whole.model_dump_json()))
