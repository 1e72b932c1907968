"""The key is in the request that the endpoint gets, and nowhere else."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import openai
import pytest
from instruments.ask import ask
from instruments.endpoint import Fault, MisbehavingEndpoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evalplat.errors import EvalplatError
from evalplat.records import ModelSettings
from evalplat.runtime.gateway import Gateway, ResponseCache, RetryPolicy, as_model_error

KEY = "sk-proj-THIS-MUST-NOT-BE-SEEN-8f3a"


async def test_the_key_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every logger at DEBUG, a recording tracer, a cache; an endpoint that repeats the key wherever it can."""
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2", "evalplat"):
        caplog.set_level(logging.DEBUG, logger=name)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    echoing = [
        Fault("rate_limited", message=f"slow down, {KEY}", code=KEY),
        Fault("server_error", message=f"{KEY} crashed us"),
        Fault("closed"),
        Fault("broken_body"),
        None,
        None,
        Fault("unauthorized", message=f"Incorrect API key provided: {KEY}. Bearer {KEY}"),
        Fault("unknown_model", message=f"{KEY} has no such model"),
    ]
    seen: list[str] = []
    path = tmp_path / "answers.db"
    cache = ResponseCache(path)
    with MisbehavingEndpoint(faults=echoing, api_key=KEY) as endpoint:
        gateway = Gateway(env=endpoint.env, cache=cache, retry=RetryPolicy(base_s=0.001))
        async with gateway:
            settings = ModelSettings(name="openai:test-model", max_retries=4)
            await gateway.check(settings)
            session = gateway.session(settings)
            with provider.get_tracer("test").start_as_current_span("chat"):
                await ask(session, "an ordinary question")
            assert len(cache) == 1
            endpoint.respond = lambda request: f"your key is {KEY}"
            assert KEY in str(await ask(session, "what is my key?"))
            assert len(cache) == 1, "an answer that holds the key is not kept"
            for question in ("one", "two"):
                with pytest.raises(openai.APIConnectionError) as caught:
                    await ask(session, question)
                seen += traceback.format_exception(caught.value)
                seen += [repr(link) + str(link) for link in chain(caught.value)]
                seen.append(str(as_model_error(caught.value, session)))
            seen += [repr(item) for item in (gateway, session, session.client, session.endpoint, session.usage)]
            seen += [repr(vars(session)), repr(vars(session.client)), repr(vars(gateway))]
        assert len(endpoint.completions) == 8
        assert all(exchange.status != 401 or exchange.fault for exchange in endpoint.completions), "the key was sent"
    cache.close()
    spans = [span.to_json() for span in exporter.get_finished_spans()]
    assert "retry" in spans[0]
    assert len(caplog.records) > 20
    seen += spans + [record.getMessage() + repr(record.args) + repr(record.exc_info) for record in caplog.records]
    seen += [item.read_bytes().decode("latin-1") for item in tmp_path.iterdir()]
    assert not [text for text in seen if KEY in text]


async def test_the_client_library_never_holds_the_key(endpoint, open_gateway, settings, monkeypatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, KEY)
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        await ask(session)
        assert session.client.api_key != endpoint.api_key
        assert endpoint.api_key not in str(session.client.auth_headers)
        assert KEY not in repr(vars(session.client))
        assert not [exchange for exchange in endpoint.log if KEY in repr(exchange)]


async def test_an_answer_that_would_redirect_is_not_followed(endpoint, open_gateway, settings) -> None:
    endpoint.faults = lambda number, request: Fault("server_error", status=307)
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        with pytest.raises(openai.APIConnectionError):
            await ask(session)
        assert "redirection" in str(session.last_error)
        assert len(endpoint.completions) == 1


@pytest.mark.parametrize("short", ["x", "EMPTY"])
async def test_a_word_in_place_of_a_key_does_not_blot_out_messages(short: str) -> None:
    with MisbehavingEndpoint(
        faults=Fault("bad_request", message="EXTRA text: EMPTY messages"), api_key=short
    ) as endpoint:
        async with Gateway(env=endpoint.env) as gateway:
            session = gateway.session(ModelSettings(name="openai:test-model"))
            with pytest.raises(openai.APIConnectionError):
                await ask(session)
            assert "EXTRA text: EMPTY messages" in str(session.last_error)


@pytest.mark.parametrize("text", ["two\nlines\r\n\x1b[31mred\x1b[0m", "x" * 5000, "\u202eright to left", ""])
async def test_hostile_messages_become_one_short_line(text: str) -> None:
    with MisbehavingEndpoint(faults=Fault("bad_request", message=text)) as endpoint:
        async with Gateway(env=endpoint.env) as gateway:
            session = gateway.session(ModelSettings(name="openai:test-model"))
            with pytest.raises(openai.APIConnectionError):
                await ask(session)
            said = str(session.last_error)
            assert said.isprintable()
            assert len(said) < 500


def chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        links.append(link)
        link = link.__cause__ or link.__context__
    assert any(isinstance(item, EvalplatError) for item in links)
    return links
