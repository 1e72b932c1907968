"""@traced functions as targets: each trial gets its own spans and its true usage, whatever runs beside it."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from instruments.desk import by_question, clerk, examples, executed, items, logged, traced
from instruments.endpoint import MisbehavingEndpoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evalplat.harness import CallableTarget
from evalplat.harness.targets.capture import usage_of
from evalplat.records import Case, Outcome, Span, Trace, Trial, TrialKey, Usage
from evalplat.runtime.gateway import OwnPrice, PriceTable

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

MODULE = """
import json, os, time
import httpx2
from openai import AsyncOpenAI, OpenAI
from opentelemetry import trace
from evalplat.harness import traced, traced_tool

calls = []

def _ask(text, retries=2):
    with OpenAI(max_retries=retries) as client:
        return client.chat.completions.create(model="test-model", messages=[{"role": "user", "content": text}])

@traced
def once(text):
    calls.append(text)
    return _ask(text).choices[0].message.content

@traced
def never_again(text):
    return _ask(text, retries=0).choices[0].message.content

@traced
def says_its_usage(text):
    _ask(text)
    return {"text": "x", "usage": {"input_tokens": 7, "output_tokens": 3}}

@traced
def silent(text):
    return text

@traced
def breaks(text):
    _ask(text)
    raise ValueError("the key sk-proj-abcdefghij0123456789 is refused")

@traced_tool
def lookup(key, *, deep=False):
    if key == "gone":
        raise LookupError("no such key")
    return {"value": os.environ.get("SHOP_TOKEN"), "deep": deep}

@traced_tool
async def lookup_later(key):
    return [key]

@traced
async def uses_tools(text):
    lookup("a", deep=True)
    await lookup_later("b")
    try:
        lookup("gone")
    except LookupError:
        pass
    return "my token is " + os.environ["SHOP_TOKEN"]

@traced
def own_span(text):
    with trace.get_tracer("shop").start_as_current_span("shop search"):
        return _ask(text).choices[0].message.content

RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1, "model": "test-model", "status": "completed",
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    "output": [{"type": "message", "id": "m1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "hello", "annotations": []}]}],
    "usage": {"input_tokens": 11, "output_tokens": 4, "total_tokens": 15,
              "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
              "output_tokens_details": {"reasoning_tokens": 0}},
}
TRANSPORT = httpx2.MockTransport(lambda request: httpx2.Response(200, json=RESPONSE))

@traced
def responses(text):
    with OpenAI(api_key="k", http_client=httpx2.Client(transport=TRANSPORT)) as client:
        return client.responses.create(model="test-model", input=text).output_text

@traced
async def agents_responses(text):
    from agents import Agent, OpenAIResponsesModel, Runner, set_trace_processors
    set_trace_processors([])
    async with AsyncOpenAI(api_key="k", http_client=httpx2.AsyncClient(transport=TRANSPORT)) as client:
        agent = Agent("desk", model=OpenAIResponsesModel("test-model", client))
        return (await Runner.run(agent, text)).final_output

@traced
async def instrumented_by_itself(text):
    from pydantic_ai import Agent
    agent = Agent("openai-chat:test-model", defer_model_check=True)
    agent.instrument = True
    return (await agent.run(text)).output
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "traced_shop.py").write_text(MODULE)
    for name, text in examples().items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SHOP_TOKEN", "green-lamp-17-x")
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("desk_", "traced_shop"))]:
        del sys.modules[name]
    with warnings.catch_warnings():  # clients that the frameworks never close
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[MisbehavingEndpoint]:
    with MisbehavingEndpoint() as opened:
        for name, value in opened.env.items():
            monkeypatch.setenv(name, value)
        yield opened


async def ask(function: str, text: str = "hi", **options: float) -> Outcome:
    target = CallableTarget(f"traced_shop:{function}", **options)
    await target.prepare()
    try:
        return await target.answer(Case(id="c", input=text), TrialKey(case_id="c"), 1)
    finally:
        await target.aclose()


def named(outcome: Outcome, start: str) -> list[Span]:
    assert outcome.trace is not None
    return [span for span in outcome.trace.spans if span.name.startswith(start)]


async def test_four_frameworks_at_once_in_threads_and_tasks_each_trial_has_its_own_spans(
    folder: Path, endpoint: MisbehavingEndpoint
) -> None:
    endpoint.respond, endpoint.latency_s = clerk, 0.02
    refs = [name.removesuffix(".py") for name in examples() if name.endswith(".py") and "@traced" in examples()[name]]
    assert len(refs) == 4
    targets = {ref: CallableTarget(f"{ref}:answer") for ref in refs}
    asked = [(ref, f"{ref} needs {item}") for item in items(8) for ref in refs]
    for target in targets.values():
        await target.prepare()

    async def one(ref: str, text: str) -> Trial:
        key = TrialKey(case_id=text)
        outcome = await targets[ref].answer(Case(id=text, input=text), key, 1)
        return Trial(**dict(outcome), key=key, seed=1)

    trials = await asyncio.gather(*(one(ref, text) for ref, text in asked))
    for target in targets.values():
        await target.aclose()
    assert endpoint.max_in_flight >= 8
    log = by_question(endpoint)
    for trial in trials:
        told = logged(log.pop(trial.key.case_id))
        assert traced(trial) == told
        assert executed(trial) == [(name, args, told.results[0][1]) for _, name, args in told.tools]
        assert trial.trace is not None
        assert {span.trace_id for span in trial.trace.spans} == {trial.trace.trace_id}
        assert [span.parent_span_id is None for span in trial.trace.spans] == [True] + [False] * (
            len(trial.trace.spans) - 1
        )
    assert not log
    assert len({trial.trace.trace_id for trial in trials if trial.trace}) == len(trials)


@pytest.mark.parametrize(
    ("function", "faults", "expected"),
    [
        ("once", ["rate_limited", "server_error"], {"calls": 3, "retries": 2, "unknown_usage_calls": 0}),
        ("once", ["closed"], {"calls": 2, "retries": 1, "unknown_usage_calls": 1}),
        ("once", ["missing_usage"], {"calls": 1, "retries": 0, "unknown_usage_calls": 1}),
        ("never_again", ["server_error"], {"calls": 1, "retries": 0, "unknown_usage_calls": 0}),
    ],
)
async def test_attempts_that_the_client_hides_are_counted(
    folder: Path, endpoint: MisbehavingEndpoint, function: str, faults: list, expected: dict
) -> None:
    endpoint.faults = lambda number, request: None
    left = iter(faults)
    from instruments.faults import Fault

    def fault(number: int, request: object) -> Fault | None:
        kind = next(left, None)
        return None if kind is None else Fault(kind, retry_after="0" if kind == "rate_limited" else None)

    endpoint.faults = fault
    usage = (await ask(function)).usage
    assert {name: getattr(usage, name) for name in expected} == expected
    assert usage.calls == len(endpoint.completions)
    assert (usage.input_tokens, usage.output_tokens) == endpoint.answered_tokens


async def test_a_trial_that_fails_keeps_what_was_seen_of_it(folder: Path, endpoint: MisbehavingEndpoint) -> None:
    outcome = await ask("breaks")
    assert outcome.failure is not None
    assert "ValueError: the key [redacted] is refused" in outcome.failure.message
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == endpoint.answered_tokens != (0, 0)
    assert outcome.trace is not None
    assert outcome.trace.spans[0].status == "error"
    assert len(named(outcome, "chat")) == 1


async def test_a_call_that_hangs_past_the_limit_is_unfinished_and_of_unknown_usage(
    folder: Path, endpoint: MisbehavingEndpoint
) -> None:
    endpoint.faults = lambda number, request: __import__("instruments.faults").faults.Fault("silent")
    outcome = await ask("never_again", timeout_s=0.4)
    assert outcome.failure is not None
    assert "gave no answer within 0.4 s" in outcome.failure.message
    assert outcome.usage == Usage(calls=1, unknown_usage_calls=1, cost_usd=None)
    assert named(outcome, "chat")[0].attributes["evalplat.unfinished"] is True


async def test_tools_of_plain_functions_are_shown_and_secrets_are_not(folder: Path) -> None:
    outcome = await ask("uses_tools")
    spans = named(outcome, "execute_tool")
    assert [(s.attributes["gen_ai.tool.name"], s.attributes["gen_ai.tool.call.arguments"]) for s in spans] == [
        ("lookup", '{"key": "a", "deep": true}'),
        ("lookup_later", '{"key": "b"}'),
        ("lookup", '{"key": "gone"}'),
    ]
    assert [s.attributes.get("gen_ai.tool.call.result") for s in spans] == [
        '{"value": "[redacted]", "deep": true}',
        '["b"]',
        None,
    ]
    assert [s.status for s in spans] == ["unset", "unset", "error"]
    assert outcome.answer is not None
    assert outcome.answer.text == "my token is [redacted]"
    assert outcome.trace is not None
    assert "green-lamp" not in outcome.trace.model_dump_json()


async def test_what_is_not_seen_is_not_known(folder: Path) -> None:
    assert (await ask("silent")).usage == Usage(calls=1, unknown_usage_calls=1, cost_usd=None)


async def test_a_function_that_says_its_usage_is_believed(folder: Path, endpoint: MisbehavingEndpoint) -> None:
    usage = (await ask("says_its_usage")).usage
    assert (usage.input_tokens, usage.output_tokens, usage.calls) == (7, 3, 1)


async def test_outside_a_trial_nothing_is_recorded(folder: Path, endpoint: MisbehavingEndpoint) -> None:
    await ask("once")
    import traced_shop

    assert await asyncio.to_thread(traced_shop.once, "direct") == "You said: direct"
    assert traced_shop.lookup("a") == {"value": "green-lamp-17-x", "deep": False}
    first, second = await ask("once", "a"), await ask("once", "b")
    for outcome in (first, second):
        assert outcome.trace is not None
        assert len(outcome.trace.spans) == 2


@pytest.mark.parametrize("function", ["responses", "agents_responses"])
async def test_the_responses_protocol_is_read_too(folder: Path, function: str) -> None:
    await ask(function)  # agents are imported by the first call
    outcome = await ask(function)
    assert outcome.answer is not None
    assert outcome.answer.text == "hello"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.calls) == (11, 4, 1)
    (span,) = named(outcome, "chat")
    assert json.loads(str(span.attributes["gen_ai.output.messages"])) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}
    ]
    asked = json.loads(str(span.attributes["gen_ai.input.messages"]))
    assert asked[-1] == {"role": "user", "parts": [{"type": "text", "content": "hi"}]}


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """An application that has set its own global tracer provider, with an exporter."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    return exporter


async def test_an_applications_own_spans_join_the_trial_and_ours_do_not_go_to_it(
    folder: Path, endpoint: MisbehavingEndpoint, application: InMemorySpanExporter
) -> None:
    outcome = await ask("own_span")
    (own,) = named(outcome, "shop search")
    (call,) = named(outcome, "chat")
    assert call.parent_span_id == own.span_id
    assert [span.name for span in application.get_finished_spans()] == ["shop search"]
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == endpoint.answered_tokens


async def test_a_call_that_the_application_instruments_itself_counts_once(
    folder: Path, endpoint: MisbehavingEndpoint, application: InMemorySpanExporter
) -> None:
    await ask("instrumented_by_itself")  # pydantic-ai is imported by the first call
    endpoint.clear()
    outcome = await ask("instrumented_by_itself")
    assert len(endpoint.completions) == outcome.usage.calls == 1
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == endpoint.answered_tokens
    assert len(named(outcome, "chat")) == 2  # as the application shows it, and below it as the client does
    assert any(span.name.startswith("chat") for span in application.get_finished_spans())


def call_span(number: int, parent: int | None = None, **attributes: object) -> Span:
    return Span(
        trace_id="a" * 32,
        span_id=f"{number:016x}",
        parent_span_id=None if parent is None else f"{parent:016x}",
        name="chat",
        start_unix_nano=1,
        end_unix_nano=2,
        attributes={"gen_ai.operation.name": "chat", **attributes},
    )


def test_usage_is_that_of_outermost_calls_at_listed_or_own_prices() -> None:
    used = {"gen_ai.usage.input_tokens": 1_000_000, "gen_ai.usage.output_tokens": 100_000}
    at = {"gen_ai.request.model": "gpt-4o", "server.address": "api.openai.com"}
    trace = Trace(trace_id="a" * 32, spans=(call_span(1, **used, **at), call_span(2, 1, **used, **at)))
    assert usage_of(trace) == Usage(input_tokens=1_000_000, output_tokens=100_000, calls=1, cost_usd=2.5 + 1.0)
    own = PriceTable({"openai:gpt-4o": OwnPrice(input=1, output=2)})
    assert usage_of(trace, prices=own) == Usage(input_tokens=10**6, output_tokens=10**5, calls=1, cost_usd=1.2)
    elsewhere = Trace(trace_id="a" * 32, spans=(call_span(1, **used, **{**at, "server.address": "127.0.0.1"}),))
    usage = usage_of(elsewhere)
    assert usage is not None
    assert usage.cost_usd is None
    assert usage_of(Trace(trace_id="a" * 32)) is None
    foreign = usage_of(trace, foreign={f"{1:016x}"})
    assert foreign is not None
    assert foreign.calls == 1
