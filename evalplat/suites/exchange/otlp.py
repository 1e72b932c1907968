"""OTLP traces as evaluations: a trace is a trial, its first question the case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from evalplat.errors import CaseError, LogError
from evalplat.records import (
    Answer,
    Case,
    Evaluation,
    Failure,
    Grade,
    Graded,
    ScorerSpec,
    Span,
    SpanEvent,
    Trace,
    Trial,
    TrialKey,
    Usage,
    build,
)

from .asked import AskedFields
from .assemble import UNKNOWN_TIME, Cases, check_trials, text_name
from .conversation import conversation_of
from .messages import first_question, last_answer
from .otlp_spans import spans_of

CASE, TRIAL, CONVERSATION = "evalplat.case_id", "evalplat.trial", "gen_ai.conversation.id"
_EVALUATION = "gen_ai.evaluation.result"
_LABELS = {"pass": 1.0, "passed": 1.0, "true": 1.0, "yes": 1.0, "fail": 0.0, "failed": 0.0, "false": 0.0, "no": 0.0}
_INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")


def read_otlp(
    path: Path,
    *,
    suite: str | None = None,
    system: str | None = None,
    case: str | None = None,
    cluster: str | None = None,
    slices: Sequence[str] = (),
) -> Evaluation:
    """Traces in OTLP (JSON, a request a line, or protobuf) in the GenAI conventions.

    `case`, `cluster` and `slices` name attributes of spans (see AskedFields). Without the first it is
    `evalplat.case_id`, and a trace that has none is a case of its own; without the second, traces of one
    `gen_ai.conversation.id` are a cluster. Events `gen_ai.evaluation.result` are the scores; `latency_s` and `tokens`
    are measured. Traces without messages are left out. Raises LogError naming place and field.
    """
    asked_for = AskedFields("traces", "attribute", whole={"case": case, "cluster": cluster}, slices=slices)
    traces, services = _grouped(path)
    name = text_name(suite or path.stem, "suite", str(path))
    service = Counter(services.values()).most_common(1)
    who = text_name(system or (service[0][0] if service else name), "system", str(path))
    cases, found, silent, used = Cases(), [], 0, Counter[str]()
    for trace in traces:
        talk = conversation_of(trace)
        asked = first_question(talk.messages) if talk is not None else ""
        if talk is None or not asked:
            silent += 1
            continue
        where = f"{path}: trace {trace.trace_id}"
        asked_for.see(_attributes(trace), where)
        number = text_name(_told(trace, case or CASE) or trace.trace_id, case or CASE, where)
        cases.add(_case(number, asked, trace, cluster or CONVERSATION, slices, where), where, instruction=True)
        told = _first(trace, TRIAL)
        trial = told if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else used[number]
        used[number] += 1
        found.append(_graded(TrialKey(case_id=number, trial=trial), trace, last_answer(talk.messages), where))
    if not found:
        raise LogError(f"has no trace with messages in the GenAI conventions, of {silent:,} traces", where=str(path))
    notes = asked_for.notes(str(path))
    check_trials(found, path)
    metrics = tuple(dict.fromkeys(grade.metric for one in found for grade in one.grades))
    metrics = tuple(sorted(metrics, key=lambda metric: metric in ("latency_s", "tokens")))
    return Evaluation(
        system=who,
        suite=name,
        dataset=name,
        cases=cases.all(),
        trials=tuple(Graded(trial=one.trial, grades=tuple(_filled(one, metrics))) for one in found),
        scorers=tuple(ScorerSpec(metric=metric, kind="imported") for metric in metrics),
        notes=(*((f"{silent:,} traces without messages",) if silent else ()), *notes),
    )


def _grouped(path: Path) -> tuple[list[Trace], dict[str, str]]:
    """Traces in the order they began, each with its parents first; the service of each trace's first span."""
    spans: dict[str, dict[str, Span]] = {}
    services: dict[str, str] = {}
    for where, service, span in spans_of(path):
        own = spans.setdefault(span.trace_id, {})
        if span.span_id in own:
            raise LogError(f"spanId: {span.span_id} occurs twice in trace {span.trace_id}", where=where)
        own[span.span_id] = span
        if service is not None and span.parent_span_id is None:
            services.setdefault(span.trace_id, service)
    traces = [Trace(trace_id=number, spans=_parents_first(own.values())) for number, own in spans.items()]
    return sorted(traces, key=lambda trace: (trace.spans[0].start_unix_nano, trace.trace_id)), services


def _parents_first(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Each span after its parent, else as they began; spans that hang in a circle come last."""
    ordered = sorted(spans, key=lambda span: (span.start_unix_nano, span.end_unix_nano * -1, span.span_id))
    known = {span.span_id for span in ordered}
    children: dict[str | None, list[Span]] = {}
    for span in ordered:
        children.setdefault(span.parent_span_id if span.parent_span_id in known else None, []).append(span)
    found: dict[str, Span] = {}
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        span = waiting.pop()
        found[span.span_id] = span
        waiting.extend(reversed(children.get(span.span_id, [])))
    circling = [span for span in ordered if span.span_id not in found]
    return (*found.values(), *circling)


def _first(trace: Trace, attribute: str) -> Any:
    return next((span.attributes[attribute] for span in trace.spans if attribute in span.attributes), None)


def _told(trace: Trace, attribute: str) -> str | None:
    """What the first span says that has the attribute; a blank says nothing."""
    said = (str(span.attributes[attribute]) for span in trace.spans if attribute in span.attributes)
    return next((text for text in said if text.strip()), None)


def _attributes(trace: Trace) -> set[str]:
    return {name for span in trace.spans for name, value in span.attributes.items() if str(value).strip()}


def _case(number: str, asked: str, trace: Trace, cluster: str, slices: Sequence[str], where: str) -> Case:
    group = _told(trace, cluster)
    values = {name: _told(trace, name) for name in slices}
    fields = {
        "id": number,
        "input": asked,
        "cluster": None if group is None else group.strip(),
        "slices": {name: value for name, value in values.items() if value is not None},
    }
    return build(Case, fields, where=where, error=CaseError)


def _graded(key: TrialKey, trace: Trace, answer: str, where: str) -> Graded:
    root = trace.spans[0]
    start, end = min(s.start_unix_nano for s in trace.spans), max(s.end_unix_nano for s in trace.spans)
    failure = None
    if root.status == "error":
        kind = root.attributes.get("error.type")
        message = " ".join(root.status_message.split())[:500] or "the root span has the status error"
        failure = Failure(kind=_kind(kind), message=message)
    usage = _usage(trace)
    try:
        began = UNKNOWN_TIME + timedelta(microseconds=start // 1000)
    except OverflowError as err:
        raise LogError("startTimeUnixNano: is beyond the year 9999", where=where) from err
    trial = Trial(
        key=key,
        seed=0,
        answer=Answer(text=answer) if failure is None else None,
        failure=failure,
        usage=usage,
        latency_s=(end - start) / 1e9,
        started_at=began,
        trace=trace,
    )
    error = f"{failure.kind}: {failure.message}" if failure else None
    grades = list(_scores(trace, error, where))
    grades.append(Grade(metric="latency_s", score=trial.latency_s, error=error))
    known = not usage.unknown_usage_calls
    lacks = None if known else "UsageUnknown: the trace says no tokens of some call"
    grades.append(Grade(metric="tokens", score=float(usage.total_tokens) if known else None, error=error or lacks))
    return Graded(trial=trial, grades=tuple(grades))


def _kind(told: Any) -> str:
    kind = " ".join(str(told).split())[:100] if isinstance(told, str) else ""
    return kind or "TraceError"


def _scores(trace: Trace, error: str | None, where: str) -> Iterable[Grade]:
    seen: set[str] = set()
    for event in (event for span in trace.spans for event in span.events if event.name == _EVALUATION):
        metric = text_name(str(event.attributes.get("gen_ai.evaluation.name", "")), "gen_ai.evaluation.name", where)
        if metric in seen or metric in ("latency_s", "tokens"):
            raise LogError(f"{_EVALUATION}: {metric!r} is given twice", where=where)
        seen.add(metric)
        yield _score(metric, event, error)


def _score(metric: str, event: SpanEvent, error: str | None) -> Grade:
    value = event.attributes.get("gen_ai.evaluation.score.value")
    label = event.attributes.get("gen_ai.evaluation.score.label")
    if isinstance(value, bool | int | float):
        return Grade(metric=metric, score=float(value), error=error)
    known = _LABELS.get(str(label).lower())
    if known is not None:
        return Grade(metric=metric, score=known, error=error)
    return Grade(metric=metric, error=error or f"NotANumber: {str(label)[:60]!r}")


def _filled(one: Graded, metrics: Sequence[str]) -> Iterable[Grade]:
    failure = one.trial.failure
    lack = f"{failure.kind}: {failure.message}" if failure else "NotScored: the trace has no such evaluation"
    given = {grade.metric: grade for grade in one.grades}
    return (given.get(metric) or Grade(metric=metric, error=lack) for metric in metrics)


def _usage(trace: Trace) -> Usage:
    """Of calls to models, which are the innermost spans that say tokens; an agent's span says its calls' sum again."""
    calls = [span for span in trace.spans if span.attributes.get("gen_ai.operation.name") in _CALLS]
    if not calls:
        parents = {span.parent_span_id for span in trace.spans if _tokens(span) is not None}
        calls = [span for span in trace.spans if _tokens(span) is not None and span.span_id not in parents]
    told = [pair for pair in map(_tokens, calls) if pair is not None]
    return Usage(
        input_tokens=sum(pair[0] for pair in told),
        output_tokens=sum(pair[1] for pair in told),
        calls=len(calls),
        unknown_usage_calls=len(calls) - len(told),
        cost_usd=None if calls else 0.0,
    )


_CALLS = ("chat", "text_completion", "generate_content")


def _tokens(span: Span) -> tuple[int, int] | None:
    into, out = (_count(span, names) for names in (_INPUT, _OUTPUT))
    return None if into is None and out is None else (into or 0, out or 0)


def _count(span: Span, names: Sequence[str]) -> int | None:
    for name in names:
        value = span.attributes.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53:
            return int(value)
    return None
