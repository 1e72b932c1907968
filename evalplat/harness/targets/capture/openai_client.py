"""The openai client, which frameworks use: calls that none of them shows, and attempts that no one does."""

from __future__ import annotations

import functools
from typing import Any

from .capturing import Capture, capture_here
from .messages import chat_input, chat_output, responses_input, responses_output

_RETRY_HEADER = "x-stainless-retry-count"


def put_in() -> None:
    """Wrap the one method by which all resources ask, and the one that sends an attempt, sync and async."""
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    for client, request, send in (
        (SyncAPIClient, _asked_now(SyncAPIClient.request), _sent_now(SyncAPIClient._send_request)),
        (AsyncAPIClient, _asked_later(AsyncAPIClient.request), _sent_later(AsyncAPIClient._send_request)),
    ):
        setattr(client, "request", request)  # noqa: B010 - mypy refuses to assign to a method
        setattr(client, "_send_request", send)  # noqa: B010


def _asked_now(original: Any) -> Any:
    @functools.wraps(original)
    def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        capture = _new_call(options)
        if capture is None:
            return original(self, cast_to, options, *args, **kwargs)
        key = object()
        capture.begin(key, *_opening(self, options))
        try:
            result = original(self, cast_to, options, *args, **kwargs)
        except BaseException as err:
            capture.end(key, {}, error=err)
            raise
        capture.end(key, _closing(result))
        return result

    return request


def _asked_later(original: Any) -> Any:
    @functools.wraps(original)
    async def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        capture = _new_call(options)
        if capture is None:
            return await original(self, cast_to, options, *args, **kwargs)
        key = object()
        capture.begin(key, *_opening(self, options))
        try:
            result = await original(self, cast_to, options, *args, **kwargs)
        except BaseException as err:
            capture.end(key, {}, error=err)
            raise
        capture.end(key, _closing(result))
        return result

    return request


def _sent_now(original: Any) -> Any:
    @functools.wraps(original)
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        capture = _attempt(request)
        response = original(self, request, **kwargs)
        _answer(capture, response)
        return response

    return send


def _sent_later(original: Any) -> Any:
    @functools.wraps(original)
    async def send(self: Any, request: Any, **kwargs: Any) -> Any:
        capture = _attempt(request)
        response = await original(self, request, **kwargs)
        _answer(capture, response)
        return response

    return send


def _kind(url: str) -> str | None:
    path = url.partition("?")[0].rstrip("/")
    return next((kind for kind in ("/chat/completions", "/completions", "/responses") if path.endswith(kind)), None)


def _new_call(options: Any) -> Capture | None:
    """The capture of this context, where this is a model call that no framework shows."""
    capture = capture_here()
    if capture is None or options.method.lower() != "post" or _kind(str(options.url)) is None:
        return None
    return None if capture.within_call() else capture


def _attempt(request: Any) -> Capture | None:
    from opentelemetry.trace import get_current_span

    capture = capture_here()
    if capture is None or request.method != "POST" or _kind(request.url.path) is None:
        return None
    if request.headers.get(_RETRY_HEADER, "0") != "0":
        capture.retries += 1
    span = get_current_span()
    if capture.within_call() and "server.address" not in (getattr(span, "attributes", None) or {}):
        span.set_attributes({"server.address": request.url.host, **_port(request.url.port)})
    return capture


def _answer(capture: Capture | None, response: Any) -> None:
    if capture is not None and response.status_code >= 400:
        capture.refused += 1


def _port(port: int | None) -> dict[str, int]:
    return {} if port is None else {"server.port": port}


def _opening(client: Any, options: Any) -> tuple[str, dict[str, Any]]:
    body = options.json_data if isinstance(options.json_data, dict) else {}
    kind, model = _kind(str(options.url)), body.get("model")
    if kind == "/completions":
        operation, asked = "text_completion", chat_input([{"role": "user", "content": body.get("prompt")}])
    elif kind == "/responses":
        operation, asked = "chat", responses_input(body.get("input"))
    else:
        operation, asked = "chat", chat_input(_dicts(body.get("messages")))
    return f"{operation} {model}" if model else operation, {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.input.messages": asked,
        "server.address": client.base_url.host,
        "server.port": client.base_url.port,
    }


def _dicts(messages: Any) -> list[dict[str, Any]]:
    """Messages may be what an earlier answer gave back."""
    return [one if isinstance(one, dict) else one.model_dump() for one in messages or ()]


def _closing(result: Any) -> dict[str, Any]:
    """What the answer says; nothing of one that is streamed or handed on unread, so that its usage is not known."""
    parse = getattr(result, "parse", None)
    answer = parse() if callable(parse) and hasattr(result, "http_response") else result
    usage = getattr(answer, "usage", None)
    about = {
        "gen_ai.response.id": getattr(answer, "id", None),
        "gen_ai.response.model": getattr(answer, "model", None),
        "gen_ai.usage.input_tokens": _either(usage, "prompt_tokens", "input_tokens"),
        "gen_ai.usage.output_tokens": _either(usage, "completion_tokens", "output_tokens"),
    }
    if (choices := getattr(answer, "choices", None)) is not None:
        first = choices[0] if choices else None
        message = getattr(first, "message", None)
        said = (
            {"role": "assistant", "content": getattr(first, "text", None)} if message is None else message.model_dump()
        )
        finish = [choice.finish_reason for choice in choices if choice.finish_reason]
        return {
            **about,
            "gen_ai.output.messages": chat_output([said], finish[0] if finish else None),
            "gen_ai.response.finish_reasons": finish or None,
        }
    if isinstance(output := getattr(answer, "output", None), list):
        return {**about, "gen_ai.output.messages": responses_output([item.model_dump() for item in output])}
    return {}


def _either(usage: Any, *names: str) -> int | None:
    found = next((value for name in names if (value := getattr(usage, name, None)) is not None), None)
    return found if isinstance(found, int) and found >= 0 else None
