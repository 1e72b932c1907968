"""A call through a session: what is retried, what is refused, what the caller is told."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import openai
import pytest
from instruments.ask import ask
from instruments.endpoint import Fault, MisbehavingEndpoint, tool_call
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evalplat.errors import (
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelReplyBroken,
    ModelUnknown,
    ModelUnreachable,
)
from evalplat.records import ModelSettings
from evalplat.runtime.gateway import Gateway, RetryPolicy, as_model_error, find_model_error
from evalplat.runtime.gateway import exchange as exchange_module


async def test_answers_and_counts(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        session = gateway.session(settings, seed=7, headers={"x-trial": "käse/0"})
        assert await ask(session, "hello") == "You said: hello"
        (exchange,) = endpoint.log
        assert exchange.body["max_tokens"] == 64
        assert exchange.body["seed"] == 7
        assert exchange.headers["x-trial"] == "k%C3%A4se/0"
        usage = session.usage
        assert (usage.calls, usage.retries, usage.cached_calls, usage.unknown_usage_calls) == (1, 0, 0, 0)
        assert (usage.input_tokens, usage.output_tokens) == endpoint.answered_tokens
        assert gateway.usage == usage
        assert session.last_error is None


async def test_what_the_request_says_wins(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        session = gateway.session(settings, seed=7)
        await ask(session, max_completion_tokens=3, seed=9)
        assert endpoint.log[0].body["max_completion_tokens"] == 3
        assert "max_tokens" not in endpoint.log[0].body
        assert endpoint.log[0].body["seed"] == 9


@pytest.mark.parametrize(
    "kind",
    ["rate_limited", "server_error", "broken_body", "html_body", "wrong_schema", "closed", "closed_midway"],
)
async def test_retried_until_it_works(kind, endpoint, open_gateway, settings) -> None:
    endpoint.faults = iter_faults(kind, kind, None)
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        assert await ask(session, "hello") == "You said: hello"
        assert (session.usage.calls, session.usage.retries) == (3, 2)
        assert len(endpoint.completions) == 3


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limited", ModelOverloaded),
        ("server_error", ModelOverloaded),
        ("broken_body", ModelReplyBroken),
        ("html_body", ModelReplyBroken),
        ("wrong_schema", ModelReplyBroken),
        ("closed", ModelUnreachable),
        ("closed_midway", ModelUnreachable),
    ],
)
async def test_given_up_after_all_retries(kind, error, endpoint, open_gateway, settings) -> None:
    endpoint.faults = always(kind)
    async with open_gateway() as gateway:
        session = gateway.session(settings.model_copy(update={"max_retries": 2}))
        caught = await failure(session)
        assert type(caught) is error
        assert "after 3 attempts" in str(caught)
        assert "\n" not in str(caught)
        assert session.last_error is caught
        assert (session.usage.calls, session.usage.retries) == (3, 2)
        assert len(endpoint.completions) == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [("unauthorized", ModelRefused), ("bad_request", ModelRefused), ("unknown_model", ModelUnknown)],
)
async def test_never_retried(fault, error, endpoint, open_gateway, settings) -> None:
    endpoint.faults = always(fault)
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        assert type(await failure(session)) is error
        assert len(endpoint.completions) == 1
        assert session.usage.unknown_usage_calls == 0


@pytest.mark.parametrize("status", [403, 404, 422, 413])
async def test_other_refusals_are_not_retried(status, endpoint, open_gateway, settings) -> None:
    endpoint.faults = always(Fault("server_error", status=status))
    async with open_gateway() as gateway:
        assert isinstance(await failure(gateway.session(settings)), (ModelRefused, ModelUnknown))
        assert len(endpoint.completions) == 1


@pytest.mark.parametrize("kind", ["stalled", "silent", "trickle"])
async def test_an_attempt_ends_by_the_clock(kind, endpoint, open_gateway, settings) -> None:
    endpoint.faults = always(Fault(kind, delay_s=0.05))
    async with open_gateway() as gateway:
        session = gateway.session(settings.model_copy(update={"timeout_s": 0.4, "max_retries": 1}))
        began = time.monotonic()
        caught = await failure(session)
        assert isinstance(caught, ModelUnreachable)
        assert "0.4 s" in str(caught)
        assert 0.8 <= time.monotonic() - began < 8
        assert session.usage.unknown_usage_calls == session.usage.calls == 2


async def test_waiting_between_attempts_is_not_on_the_clock_of_an_attempt(endpoint, open_gateway, settings) -> None:
    endpoint.faults = iter_faults(Fault("rate_limited", retry_after="1"), None)
    async with open_gateway(retry=RetryPolicy(max_retry_after_s=0.6)) as gateway:
        session = gateway.session(settings.model_copy(update={"timeout_s": 0.5}))
        assert await ask(session)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honoured_up_to_a_cap(form, endpoint, open_gateway, settings) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    endpoint.faults = iter_faults(Fault("rate_limited", retry_after="3600" if form == "seconds" else later), None)
    async with open_gateway() as gateway:
        began = time.monotonic()
        await ask(gateway.session(settings))
        first, second = endpoint.completions
        assert second.received_at - first.received_at >= 0.2
        assert time.monotonic() - began < 8


async def test_nonsense_in_retry_after_is_ignored(endpoint, open_gateway, settings) -> None:
    endpoint.faults = iter_faults(*(Fault("rate_limited", retry_after=text) for text in ("-5", "soon", "1e999", "nan")))
    async with open_gateway() as gateway:
        assert await ask(gateway.session(settings))
        assert len(endpoint.completions) == 5


async def test_backoff_grows_and_is_random() -> None:
    """The delays noted on the span are uniform on a range that doubles, up to the largest."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    policy = RetryPolicy(base_s=0.004, max_s=0.016)
    with MisbehavingEndpoint(faults="server_error") as endpoint:
        async with Gateway(env=endpoint.env, retry=policy) as gateway:
            model = ModelSettings(name="openai:test-model", max_retries=5)

            async def one() -> None:
                with tracer.start_as_current_span("chat"):
                    await failure(gateway.session(model))

            await asyncio.gather(*(one() for _ in range(20)))
    events = [[event for event in span.events if event.name == "retry"] for span in exporter.get_finished_spans()]
    assert [len(of_span) for of_span in events] == [5] * 20
    for step in range(5):
        delays = [float(of_span[step].attributes["delay_s"]) for of_span in events]
        largest = min(policy.max_s, policy.base_s * 2**step)
        assert 0 <= min(delays) < 0.4 * largest
        assert 0.6 * largest < max(delays) <= largest
        assert len(set(delays)) == 20
    first = events[0][0].attributes
    assert first["cause"] == "ModelOverloaded"
    assert first["attempt"] == 1
    assert "500" in str(first["message"])


async def test_exhausted_credit_is_not_asked_again(endpoint, open_gateway, settings) -> None:
    endpoint.faults = always(Fault("rate_limited", code="insufficient_quota"))
    async with open_gateway() as gateway:
        assert isinstance(await failure(gateway.session(settings)), ModelRefused)
        assert len(endpoint.completions) == 1


async def test_an_error_inside_a_200_is_said(endpoint, open_gateway, settings) -> None:
    endpoint.faults = always(Fault("error_in_200", message="The upstream provider is asleep"))
    async with open_gateway() as gateway:
        caught = await failure(gateway.session(settings.model_copy(update={"max_retries": 0})))
        assert isinstance(caught, ModelReplyBroken)
        assert "The upstream provider is asleep" in str(caught)


async def test_endpoint_down(open_gateway, endpoint, settings) -> None:
    endpoint.close()
    async with open_gateway() as gateway:
        session = gateway.session(settings.model_copy(update={"max_retries": 1}))
        caught = await failure(session)
        assert isinstance(caught, ModelUnreachable)
        assert "cannot be reached" in str(caught)
        # Nothing was sent, so nothing can have been billed.
        assert (session.usage.calls, session.usage.retries, session.usage.unknown_usage_calls) == (0, 1, 0)


async def test_an_endless_body_is_cut(endpoint, open_gateway, settings, monkeypatch) -> None:
    monkeypatch.setattr(exchange_module, "MAX_BODY_BYTES", 10_000)
    endpoint.respond = lambda request: "x" * 20_000
    async with open_gateway() as gateway:
        caught = await failure(gateway.session(settings.model_copy(update={"max_retries": 0})))
        assert isinstance(caught, ModelReplyBroken)
        assert "longer than" in str(caught)


async def test_streams_and_other_routes_are_refused_before_they_are_sent(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        with pytest.raises(openai.APIConnectionError) as caught:
            await session.client.chat.completions.create(
                model=session.model, messages=[{"role": "user", "content": "hello"}], stream=True
            )
        assert isinstance(as_model_error(caught.value, session), ModelRefused)
        with pytest.raises(openai.APIConnectionError) as caught:
            await session.client.embeddings.create(model=session.model, input="hello")
        assert isinstance(session.last_error, ModelRefused)
        assert endpoint.log == []


async def test_errors_are_found_through_pydantic_ai(endpoint, open_gateway, settings) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    def look_up(item: str) -> str:
        """Price of an item."""
        return f"{item}: 12 euros"

    endpoint.respond = lambda request: (
        "It costs 12 euros." if request["messages"][-1]["role"] == "tool" else tool_call("look_up", {"item": "kettle"})
    )
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        model = OpenAIChatModel(session.model, provider=OpenAIProvider(openai_client=session.client))
        agent = Agent(model, tools=[look_up])
        result = await agent.run("What does the kettle cost?")
        assert result.output == "It costs 12 euros."
        assert (session.usage.calls, session.usage.input_tokens) == (2, result.usage.input_tokens)
        for kind, error in (("unauthorized", ModelRefused), ("broken_body", ModelReplyBroken)):
            endpoint.faults = always(kind)
            with pytest.raises(Exception) as caught:
                await agent.run("What does the kettle cost?")
            assert type(as_model_error(caught.value, session)) is error
            assert as_model_error(caught.value, session) is session.last_error


def test_an_exception_without_a_model_error_in_its_chain() -> None:
    assert find_model_error(ValueError("a defect of the agent")) is None
    inner = ModelRefused("no")
    group = ExceptionGroup("tasks", [ValueError("a"), inner])
    try:
        try:
            raise group
        except ExceptionGroup as error:
            raise RuntimeError("outer") from error
    except RuntimeError as error:
        assert find_model_error(error) is inner


def always(fault: str | Fault):
    chosen = Fault(fault) if isinstance(fault, str) else fault
    return lambda number, request: chosen


def iter_faults(*faults: str | Fault | None):
    left = iter([Fault(fault) if isinstance(fault, str) else fault for fault in faults])
    return lambda number, request: next(left, None)


async def failure(session) -> ModelError:
    with pytest.raises(openai.APIConnectionError) as caught:
        await ask(session)
    return as_model_error(caught.value, session)
