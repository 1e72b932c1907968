"""Telemetry: redaction, the shape of a trace, and that traces never mix or leak into an application's own."""

from __future__ import annotations

import asyncio
import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evalplat.records import Trace
from evalplat.runtime.telemetry import Redactor, clean, record, redact, tracer_provider

SECRET = 'p"4ss\\wörd/9'
SHAPES = [
    "sk-proj-abcdefghij0123456789",
    "ghp_" + "a1" * 20,
    "AKIA" + "A1" * 8,
    "AIza" + "a1-_x" * 7,
    "hf_" + "x9" * 16,
    "xoxb-1234567890-abc",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\n+abc/def==\n",
]


@pytest.mark.parametrize("secret", SHAPES)
@pytest.mark.parametrize("around", ["{}", "key is {}, ok", '{{"a": "{}"}}', "({})", "x={}&y=1"])
def test_what_looks_like_a_key_is_masked(secret: str, around: str) -> None:
    masked = redact(around.format(secret))
    assert secret.strip() not in masked
    assert "[redacted]" in masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdefgh12", "Authorization: Bearer [redacted]"),
        ("https://user:pa55@host/v1", "https://[redacted]@host/v1"),
        ('{"api_key": "abcdef12"}', '{"api_key": "[redacted]"}'),
        (r'"{\"api-key\": \"abcdef12\"}"', r'"{\"api-key\": \"[redacted]\"}"'),
        ("x-api-key: abcdef12", "x-api-key: [redacted]"),
    ],
)
def test_named_keys(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password: what now?",
        "The risk-averse task-force asked for sk-8 screws.",
        "A bearer of bad news writes to https://example.org/a:b@c",
        "Order AKIAB-1 of 12.50 EUR, token of my appreciation.",
    ],
)
def test_prose_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_values_of_the_environment_are_masked_in_every_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", SECRET)
    monkeypatch.setenv("DB_PASSWORD", "hunter22")
    monkeypatch.setenv("DB_PASSWORD_LONGER", "hunter22-and-more")
    monkeypatch.setenv("SHORT_TOKEN", "abc")
    monkeypatch.setenv("EDITOR", "plain-editor")
    for text in (SECRET, json.dumps(SECRET), json.dumps(SECRET, ensure_ascii=False), json.dumps([{"a": SECRET}])):
        assert SECRET not in redact(text)
        assert "9" not in redact(text)
    assert redact("hunter22-and-more, hunter22") == "[redacted], [redacted]"
    assert redact("abc plain-editor") == "abc plain-editor"
    assert Redactor().known(f"{SECRET} sk-proj-abcdefghij0123456789") == "[redacted] sk-proj-abcdefghij0123456789"


@pytest.mark.parametrize(
    "unit",
    ["eyJ-", "eyJaaaaaaaaa.", "sk-", "Bearer ", "bearer a", "://a:", "api_key=", 'api_key"  ', "-----BEGIN KEY", "gh"],
)  # fmt: skip
def test_hostile_text_takes_linear_time(unit: str) -> None:
    small, large = unit * 2_000, unit * 40_000
    redactor = Redactor({})
    redactor.text(small)
    start = time.perf_counter()
    redactor.text(large)
    assert time.perf_counter() - start < 2.0, "quadratic time would be minutes"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=2000))
@settings(deadline=None)
def test_a_line_is_one_short_line_of_unicode(text: str) -> None:
    line = Redactor({}).line(text)
    assert len(line) <= 500
    assert len(line.splitlines()) <= 1
    line.encode()


def test_clean_joins_pairs_and_replaces_halves() -> None:
    assert clean("a\ud83d\ude00b\ud800c") == "a\U0001f600b\ufffdc"


def test_a_trace_is_a_tree_with_parents_first() -> None:
    with record("root", attributes={"n": 1}) as recording:
        with recording.span("a"), recording.span("a.a"):
            pass
        with recording.span("b"):
            pass
    trace = recording.trace
    assert [span.name for span in trace.spans] == ["root", "a", "a.a", "b"]
    seen: set[str | None] = {None}
    for span in trace.spans:
        assert span.parent_span_id in seen
        seen.add(span.span_id)
        assert span.trace_id == trace.trace_id
        assert span.start_unix_nano <= span.end_unix_nano
    assert Trace.model_validate_json(trace.model_dump_json()) == trace


def test_the_caller_may_choose_the_trace_id() -> None:
    wanted = "00000000000000000000000000abcdef"
    with record("root", trace_id=wanted) as recording, recording.span("child"):
        assert recording.traceparent.startswith(f"00-{wanted}-")
        with pytest.raises(ValueError, match="recorded already"), record("again", trace_id=wanted):
            pass
    assert {span.trace_id for span in recording.trace.spans} == {wanted}
    assert recording.traceparent.split("-")[2] == recording.trace.spans[0].span_id
    with record("later", trace_id=wanted) as recording:
        pass
    assert len(recording.trace.spans) == 1
    for bad in ("0" * 32, "abc", "A" * 32, "g" * 32):
        with pytest.raises(ValueError, match="32 lower-case"), record("x", trace_id=bad):
            pass


def test_ids_differ_where_a_tool_seeds_random() -> None:
    ids = []
    for _ in range(2):
        random.seed(0)
        with record("root") as recording:
            ids.append((recording.trace_id, recording.traceparent))
    assert ids[0][0] != ids[1][0]
    assert ids[0][1].split("-")[2] != ids[1][1].split("-")[2]


async def test_concurrent_recordings_do_not_mix() -> None:
    async def one(number: int) -> Trace:
        with record(f"root {number}") as recording:

            async def child(step: int) -> None:
                with recording.span(f"{number}.{step}"):
                    await asyncio.sleep(random.random() / 100)
                    with recording.span(f"{number}.{step}.inner"):
                        await asyncio.to_thread(lambda: otel.get_current_span().set_attribute("by", number))

            await asyncio.gather(*(child(step) for step in range(3)))
        return recording.trace

    for number, trace in enumerate(await asyncio.gather(*(one(number) for number in range(64)))):
        assert len(trace.spans) == 7
        assert all(span.name.split(".")[0].removeprefix("root ") == str(number) for span in trace.spans)
        assert [span.attributes["by"] for span in trace.spans if span.name.endswith("inner")] == [number] * 3
        by_id = {span.span_id: span for span in trace.spans}
        for span in trace.spans:
            if span.name.endswith(".inner"):
                assert by_id[span.parent_span_id or ""].name == span.name.removesuffix(".inner")


def test_an_application_around_us_keeps_its_own_spans() -> None:
    exporter, application = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    application.add_span_processor(SimpleSpanProcessor(exporter))
    with application.get_tracer("app").start_as_current_span("request") as request:
        with record("root") as recording, recording.span("child"):
            pass
        assert otel.get_current_span() is request
    assert recording.trace.spans[0].parent_span_id is None
    assert recording.trace_id != f"{request.get_span_context().trace_id:032x}"
    assert [span.name for span in exporter.get_finished_spans()] == ["request"]
    assert otel.get_tracer_provider() is not tracer_provider()


def test_otel_variables_are_for_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    from evalplat.runtime.telemetry import collector

    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    collector.provider.cache_clear()
    try:
        with record("root", attributes={"a": "long value", "b": 2}) as recording:
            pass
    finally:
        collector.provider.cache_clear()
    assert recording.trace.spans[0].attributes == {"a": "long value", "b": 2}


def test_attributes_events_and_errors_are_redacted_and_kept() -> None:
    key = "sk-proj-abcdefghij0123456789"
    attributes = {"text": f"a {key}", "list": [key, "b"], "float": float("nan"), "half": "x\ud800", "flag": True}
    with record("root", attributes=attributes) as recording:
        recording.root.add_event("retry", {"message": key})
        with pytest.raises(RuntimeError, match="not ended"):
            _ = recording.trace
        try:
            with recording.span("child"):
                raise KeyError(key)
        except KeyError as err:
            recording.failed(err)
    dumped = recording.trace.model_dump_json()
    assert key not in dumped
    root, child = recording.trace.spans
    assert root.attributes == {
        "text": "a [redacted]", "list": ("[redacted]", "b"), "float": "nan", "half": "x\ufffd", "flag": True,
        "error.type": "KeyError",
    }  # fmt: skip
    assert [event.name for event in root.events] == ["retry", "exception"]
    assert (root.status, child.status) == ("error", "error")
    assert root.status_message == "KeyError: '[redacted]'"
    assert child.events[0].attributes["exception.type"] == "KeyError"


def test_a_span_that_never_ends_is_kept() -> None:
    with record("root") as recording:
        tracer_provider().get_tracer("x").start_span("left open")
    left = recording.trace.spans[1]
    assert (left.name, left.attributes) == ("left open", {"evalplat.unfinished": True})
    with pytest.raises(ZeroDivisionError), record("root") as recording:
        raise ZeroDivisionError
    assert len(recording.trace.spans) == 1
