"""Traces: every one that is emitted is stored, linked and shown with its times, kinds, inputs and outputs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary

from evalplat.errors import ReferenceUnknown, StoreError
from evalplat.records import Answer, Run, Span, Trace
from evalplat.store import Store


def kept(store: Store, run_id: str = "r-1", *, cases: int = 4, trials: int = 2) -> tuple[Run, str]:
    suite = make_suite(cases=cases, trials=trials)
    run = make_run(run_id, suite)
    return run, store.save_run(run, suite, make_scores(run, suite), make_summary(run))


def shown(store: Store, mlflow_run_id: str) -> dict[str, Any]:
    """Traces that MLflow links to the run, by their name."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(store.uri, store.uri)
    experiment = client.get_run(mlflow_run_id).info.experiment_id
    found, token = [], None
    while True:
        page = client.search_traces(locations=[experiment], run_id=mlflow_run_id, max_results=500, page_token=token)
        found += page
        token = page.token
        if not token:
            break
    return {trace.info.tags["mlflow.traceName"]: trace for trace in found}


def test_failed_trial_is_shown_whole(store: Store) -> None:
    run, mlflow_run_id = kept(store)
    (failed,) = run.failures
    assert store.log_traces("r-1", [failed, run.trials[0]]) == 2
    traces = shown(store, mlflow_run_id)
    assert set(traces) == {"q0 #0", "q1 #1"}
    trace = traces["q1 #1"]
    assert trace.info.state == "ERROR"
    assert trace.info.tags["evalplat.failure"] == "ModelOverloaded"
    assert trace.info.tags["evalplat.trace_id"] == failed.trace.trace_id
    assert trace.info.request_preview == '"What is question 1?"'
    spans = trace.data.spans
    assert [span.span_type for span in spans] == ["AGENT", "RETRIEVER", "CHAT_MODEL", "TOOL"]
    originals = failed.trace.spans
    assert [(span.start_time_ns, span.end_time_ns) for span in spans] == [
        (span.start_unix_nano, span.end_unix_nano) for span in originals
    ]
    assert [span.parent_id for span in spans] == [span.parent_span_id for span in originals]
    assert spans[0].status.description == "ModelOverloaded: 429 after 4 retries"
    assert spans[0].outputs == {"failure": "ModelOverloaded", "message": "429 after 4 retries"}
    assert [event.name for event in spans[0].events] == ["exception"]
    assert spans[2].attributes["gen_ai.request.model"] == "embedded"
    assert spans[2].inputs == [{"role": "user", "parts": [{"type": "text", "content": "What is q1?"}]}]
    assert spans[3].inputs == {"order": 7}
    assert spans[3].outputs == {"status": "sent"}
    assert [event.name for event in spans[2].events] == ["retry"]
    good = traces["q0 #0"]
    assert good.info.state == "OK"
    assert good.data.spans[0].outputs == "answer to q0, attempt 0"


def test_again_adds_nothing(store: Store) -> None:
    run, mlflow_run_id = kept(store)
    assert store.log_traces("r-1", run.trials[:3]) == 3
    assert store.log_traces("r-1", run.trials[1:5]) == 4
    assert len(shown(store, mlflow_run_id)) == 5


def test_two_runs_with_the_same_ids_keep_apart(store: Store) -> None:
    """Trace ids of a replayed or seeded target may repeat from run to run."""
    for run_id in ("r-1", "r-2"):
        run, mlflow_run_id = kept(store, run_id)
        store.log_traces(run_id, run.trials)
        traces = shown(store, mlflow_run_id)
        assert len(traces) == 8
        assert {trace.info.tags["evalplat.run_id"] for trace in traces.values()} == {run_id}


def test_three_hundred_emitted_three_hundred_stored(store: Store) -> None:
    run, mlflow_run_id = kept(store, cases=100, trials=3)
    assert store.log_traces("r-1", run.trials) == 300
    traces = shown(store, mlflow_run_id)
    assert len(traces) == 300
    assert {len(trace.data.spans) for trace in traces.values()} == {4}


@pytest.mark.slow
def test_three_thousand_emitted_three_thousand_stored(store: Store) -> None:
    run, mlflow_run_id = kept(store, cases=1000, trials=3)
    assert store.log_traces("r-1", run.trials) == 3000
    traces = shown(store, mlflow_run_id)
    assert len(traces) == 3000
    assert sum(len(trace.data.spans) for trace in traces.values()) == 12_000


def test_a_loss_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow drops a part in silence: the count says so, and doing it again heals it."""
    from mlflow.tracing.client import TracingClient

    run, mlflow_run_id = kept(store)
    real = TracingClient.log_spans

    def drops(self: TracingClient, location: str, spans: list[Any]) -> object:
        return real(self, location, [span for span in spans if span.trace_id != spans[0].trace_id])

    with monkeypatch.context() as patch:
        patch.setattr(TracingClient, "log_spans", drops)
        with pytest.raises(StoreError, match="8 traces of run r-1 emitted, 7 stored"):
            store.log_traces("r-1", run.trials)
    assert store.log_traces("r-1", run.trials) == 8
    assert len(shown(store, mlflow_run_id)) == 8


def test_trial_without_a_trace_gets_one_span(store: Store) -> None:
    run, mlflow_run_id = kept(store)
    (failed,) = run.failures
    bare = failed.model_copy(update={"trace": None})
    store.log_traces("r-1", [bare])
    (trace,) = shown(store, mlflow_run_id).values()
    (span,) = trace.data.spans
    assert span.inputs == "What is question 1?"
    assert span.status.description == "ModelOverloaded: 429 after 4 retries"
    assert span.end_time_ns - span.start_time_ns == pytest.approx(failed.latency_s * 1e9, abs=1000)


def hostile_trace() -> Trace:
    """Circles, doubled ids, absurd times and text that no database takes."""

    def span(number: int, parent: int | None, text: str, start: int) -> Span:
        return Span(
            trace_id="0" * 31 + "1",
            span_id=f"{number:016x}",
            parent_span_id=None if parent is None else f"{parent:016x}",
            name=text,
            start_unix_nano=start,
            end_unix_nano=-5,
            attributes={
                "gen_ai.input.messages": text,
                "huge": 2**80,
                "deep": "[" * 5000,
                "long": "7" * 5000,
                "many": (1, 2),
            },
        )

    return Trace(
        trace_id="0" * 31 + "1",
        spans=(
            span(2, 3, "<script>alert(1)</script>\0\ud800", -1),
            span(3, 2, "b" * 1_000_000, 2**70),
            span(3, 3, "twice", 5),
            span(0, 9, "{{ }}", 6),
        ),
    )


def test_hostile_trace_is_stored(store: Store) -> None:
    run, mlflow_run_id = kept(store)
    trial = run.trials[0].model_copy(update={"trace": hostile_trace(), "answer": Answer(text="1" * 6000)})
    store.log_traces("r-1", [trial])
    (trace,) = shown(store, mlflow_run_id).values()
    assert len(trace.data.spans) == 5
    roots = [span for span in trace.data.spans if span.parent_id is None]
    assert [root.name for root in roots] == ["trial"]
    assert trace.data.spans[1].name == "<script>alert(1)</script>\u2400\ufffd"
    assert json.loads(json.dumps(trace.data.spans[1].attributes))["huge"] == str(2**80)
    assert roots[0].outputs.endswith("1" * 6000)


def test_run_must_be_kept(store: Store) -> None:
    with pytest.raises(ReferenceUnknown, match="run r-9 is not in sqlite"):
        store.log_traces("r-9", make_run().trials)
