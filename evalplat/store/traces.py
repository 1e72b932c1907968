"""Traces of trials in MLflow: sent in batches, synchronously, and counted afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalplat.errors import StoreError
from evalplat.records import Trial

from .door import Door
from .spans import ShownSpan, mlflow_trace_id, shown_spans

# `log_spans` writes many traces in one transaction: 7 ms a trace, where MLflow's exporter takes 50.
_BATCH = 50
_BATCH_CHARS = 4_000_000
_LINKS = 100  # MLflow's limit for one call
_PAGE = 500  # the server's limit


def log_traces(door: Door, mlflow_run: Any, run_id: str, trials: Sequence[Trial], questions: Mapping[str, str]) -> int:
    """Keep the trials' traces under the run's experiment, linked to the run; those that are there stay as they are.

    Returns how many of `trials` have theirs stored: all. Raises StoreError where fewer are found afterwards.
    """
    experiment_id, mlflow_run_id = mlflow_run.info.experiment_id, mlflow_run.info.run_id
    wanted = {f"tr-{mlflow_trace_id(run_id, trial):032x}": trial for trial in trials}
    there = stored_traces(door, experiment_id, mlflow_run_id)
    missing = {trace_id: trial for trace_id, trial in wanted.items() if trace_id not in there}
    for batch in _batches(run_id, missing, questions):
        spans = [span for trace_id, shown in batch.items() for span in _entities(trace_id, shown)]
        door.tracing.log_spans(experiment_id, spans)
        # After the spans: a trace that is linked is one that is whole.
        for ids in _chunks(list(batch), _LINKS):
            door.client.link_traces_to_run(ids, mlflow_run_id)
    lost = wanted.keys() - stored_traces(door, experiment_id, mlflow_run_id) if missing else set()
    if lost:
        raise StoreError(
            f"{len(wanted)} traces of run {run_id} emitted, {len(wanted) - len(lost)} stored in "
            f"{door.location.shown}: save them again; all are in the run's traces.jsonl"
        )
    return len(wanted)


def stored_traces(door: Door, experiment_id: str, mlflow_run_id: str) -> set[str]:
    """Ids of the traces that are linked to the run."""
    found: set[str] = set()
    token = None
    while True:
        page = door.client.search_traces(
            locations=[experiment_id],
            run_id=mlflow_run_id,
            include_spans=False,
            max_results=_PAGE,
            page_token=token,
        )
        found |= {trace.info.trace_id for trace in page}
        token = page.token
        if not token:
            return found


def _batches(
    run_id: str, trials: Mapping[str, Trial], questions: Mapping[str, str]
) -> Iterator[dict[str, list[ShownSpan]]]:
    batch: dict[str, list[ShownSpan]] = {}
    chars = 0
    for trace_id, trial in trials.items():
        batch[trace_id] = shown_spans(run_id, trial, questions.get(trial.key.case_id))
        chars += sum(span.size for span in batch[trace_id])
        if len(batch) == _BATCH or chars > _BATCH_CHARS:
            yield batch
            batch, chars = {}, 0
    if batch:
        yield batch


def _entities(trace_id: str, spans: list[ShownSpan]) -> Iterator[Any]:
    """MLflow's spans, which wrap OpenTelemetry's with every attribute as JSON."""
    from mlflow.entities import Span as MlflowSpan
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    number = int(trace_id.removeprefix("tr-"), 16)
    nothing = Resource.get_empty()  # the default describes this process, and takes 2 ms

    def context(span_id: int) -> Any:
        return SpanContext(number, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    for span in spans:
        status = Status(StatusCode.OK) if span.ok else Status(StatusCode.UNSET)
        if span.error is not None:
            status = Status(StatusCode.ERROR, span.error)
        attributes = {"mlflow.traceRequestId": trace_id, **span.attributes}
        yield MlflowSpan(
            ReadableSpan(
                name=span.name,
                context=context(span.span_id),
                parent=None if span.parent_id is None else context(span.parent_id),
                resource=nothing,
                attributes={key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
                events=[Event(name, data, moment) for name, moment, data in span.events],
                start_time=span.start_ns,
                end_time=span.end_ns,
                status=status,
            )
        )


def _chunks(ids: list[str], size: int) -> Iterator[list[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))
