"""The instrument itself: a fault that does not happen would make every other test lie."""

from __future__ import annotations

import httpx2
import openai
import pytest
from instruments.endpoint import Fault, FaultPlan, MisbehavingEndpoint, tool_call


def ask(endpoint: MisbehavingEndpoint, text: str = "What is the capital of France?", timeout: float = 0.3) -> object:
    with openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0, timeout=timeout) as client:
        return client.chat.completions.create(model="test-model", messages=[{"role": "user", "content": text}])


def test_answers_models_and_counts_tokens() -> None:
    with MisbehavingEndpoint(lambda request: "Paris it is") as endpoint:
        with openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key) as client:
            assert [model.id for model in client.models.list()] == ["test-model"]
        reply = ask(endpoint)
        assert isinstance(reply, openai.types.chat.ChatCompletion)
        assert reply.choices[0].message.content == "Paris it is"
        assert reply.usage is not None
        assert endpoint.answered_tokens == (reply.usage.prompt_tokens, reply.usage.completion_tokens)
        assert reply.usage.completion_tokens == 3
        assert all(endpoint.api_key not in str(exchange) for exchange in endpoint.log)


def test_tool_calls() -> None:
    with MisbehavingEndpoint(lambda request: tool_call("look_up", {"id": 7})) as endpoint:
        reply = ask(endpoint)
        assert isinstance(reply, openai.types.chat.ChatCompletion)
        assert reply.choices[0].finish_reason == "tool_calls"
        calls = reply.choices[0].message.tool_calls
        assert calls is not None
        assert calls[0].type == "function"
        assert calls[0].function.arguments == '{"id": 7}'


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("rate_limited", retry_after="3"), openai.RateLimitError),
        (Fault("server_error", status=503), openai.InternalServerError),
        (Fault("unauthorized"), openai.AuthenticationError),
        (Fault("bad_request"), openai.BadRequestError),
        (Fault("unknown_model"), openai.NotFoundError),
        (Fault("stalled"), openai.APITimeoutError),
        (Fault("silent"), openai.APITimeoutError),
        (Fault("closed"), openai.APIConnectionError),
        (Fault("closed_midway"), openai.APIConnectionError),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_faults_happen(fault: Fault, error: type[Exception]) -> None:
    with MisbehavingEndpoint(faults=[fault]) as endpoint:
        with pytest.raises(error):
            ask(endpoint)
        ask(endpoint)
        assert [exchange.fault for exchange in endpoint.log] == [fault.kind, None]
        assert [exchange.answered for exchange in endpoint.log] == [False, True]


@pytest.mark.parametrize("kind", ["broken_body", "html_body", "wrong_schema", "missing_usage", "bad_usage"])
def test_bodies_that_lie(kind: str) -> None:
    with MisbehavingEndpoint(faults=kind) as endpoint:  # type: ignore[arg-type]
        reply = httpx2.post(
            f"{endpoint.base_url}/chat/completions",
            headers={"authorization": f"Bearer {endpoint.api_key}"},
            json={"model": "test-model", "messages": [{"role": "user", "content": "hello"}]},
        )
        assert reply.status_code == 200
        if kind in ("broken_body", "html_body"):
            with pytest.raises(ValueError, match=r"line 1"):
                reply.json()
        else:
            assert ("choices" in reply.json()) == (kind != "wrong_schema")
            if kind != "wrong_schema":
                assert reply.json().get("usage", {}).get("completion_tokens") in (None, "many")
        assert not endpoint.log[0].answered


def test_trickle_lasts() -> None:
    with MisbehavingEndpoint(faults=Fault("trickle", delay_s=0.001)) as endpoint:
        ask(endpoint, timeout=5)
        exchange = endpoint.log[0]
        assert exchange.finished_at is not None
        assert exchange.finished_at - exchange.received_at > 0.2


def test_wrong_key_and_unknown_model() -> None:
    with MisbehavingEndpoint() as endpoint:
        wrong = openai.OpenAI(base_url=endpoint.base_url, api_key="wrong", max_retries=0)
        right = openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0)
        with wrong, pytest.raises(openai.AuthenticationError):
            wrong.models.list()
        with right, pytest.raises(openai.NotFoundError):
            right.chat.completions.create(model="other", messages=[{"role": "user", "content": "hello"}])


def test_a_plan_is_a_function_of_content_and_attempt() -> None:
    requests = [{"messages": [{"role": "user", "content": str(number)}]} for number in range(2000)]
    first, second = (FaultPlan({"closed": 0.1, "server_error": 0.1}, seed=5) for _ in range(2))
    forward = [first(0, request) for request in requests]
    backward = [second(0, request) for request in reversed(requests)]
    assert forward == backward[::-1]
    share = sum(fault is not None for fault in forward) / len(forward)
    assert 0.17 < share < 0.23
    assert any(first(0, request) != drawn for request, drawn in zip(requests, forward, strict=True))


def test_stopped_endpoint_refuses() -> None:
    with MisbehavingEndpoint() as endpoint:
        ask(endpoint)
    with pytest.raises(openai.APIConnectionError):
        ask(endpoint)
