"""A local OpenAI-compatible endpoint that misbehaves on purpose, and remembers what it was asked.

    with MisbehavingEndpoint(respond=lambda request: "Paris", faults=FaultPlan({"server_error": 0.1})) as endpoint:
        client = openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key)
        ...
        assert len(endpoint.log) == 3

It is a real HTTP/1.1 server (asyncio and h11) on a port of its own in a thread of its own, so it can close connections
and send half a body. `/v1/models` and `/v1/chat/completions`, not streamed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

import h11
from instruments.faults import UNKNOWN_USAGE, Fault, FaultKind, FaultPlan

__all__ = ["UNKNOWN_USAGE", "Exchange", "Fault", "FaultKind", "FaultPlan", "MisbehavingEndpoint", "tool_call"]

Respond = Callable[[dict[str, Any]], str | dict[str, Any]]
Faults = Callable[[int, dict[str, Any]], Fault | None]


@dataclass
class Exchange:
    """One request and what became of it. `headers` lack the key."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any] | None
    received_at: float
    status: int | None = None
    fault: FaultKind | None = None
    message: dict[str, Any] | None = None
    usage: tuple[int, int] | None = None
    """(prompt, completion) tokens that a provider would bill, whether or not the client was told."""
    delivered: bool = False
    """The whole answer was written."""
    finished_at: float | None = None

    @property
    def answered(self) -> bool:
        """A right answer that says its usage was delivered whole."""
        return self.delivered and self.status == 200 and self.usage is not None and self.fault in (None, "slow")


@dataclass
class _Reply:
    status: int
    payload: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


def tool_call(name: str, arguments: Mapping[str, Any] | str, call_id: str = "call_1") -> dict[str, Any]:
    """A message that calls one tool; text arguments are sent as they are, valid JSON or not."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}
    return {"content": None, "tool_calls": [call]}


def echo(request: dict[str, Any]) -> str:
    """The default answer: a function of the last user message alone."""
    users = [message for message in request["messages"] if message["role"] == "user"]
    content = users[-1]["content"] if users else ""
    return f"You said: {content}" if isinstance(content, str) else f"You said: {json.dumps(content, sort_keys=True)}"


class MisbehavingEndpoint:
    """See the module. Every argument is also an attribute that a test may change while it runs."""

    def __init__(
        self,
        respond: Respond = echo,
        faults: Faults | FaultPlan | Iterable[Fault | FaultKind | None] | Fault | FaultKind | None = None,
        *,
        models: tuple[str, ...] = ("test-model",),
        api_key: str = "sk-test-instrument-key-0123456789",
        lists_models: bool = True,
        guards_list: bool = True,
        latency_s: float = 0.0,
    ) -> None:
        self.respond, self.faults = respond, _as_faults(faults)
        self.models, self.api_key, self.lists_models, self.latency_s = models, api_key, lists_models, latency_s
        self.guards_list = guards_list
        self._log: list[Exchange] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.in_flight = self.max_in_flight = 0

    @property
    def base_url(self) -> str:
        """URL that clients take as base, with `/v1`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def env(self) -> dict[str, str]:
        """The provider's own variables, pointing here."""
        return {"OPENAI_API_KEY": self.api_key, "OPENAI_BASE_URL": self.base_url}

    @property
    def log(self) -> list[Exchange]:
        """All exchanges so far, in order of arrival."""
        with self._lock:
            return list(self._log)

    @property
    def completions(self) -> list[Exchange]:
        """The exchanges that asked for a completion."""
        return [exchange for exchange in self.log if exchange.path.endswith("/chat/completions")]

    @property
    def answered_tokens(self) -> tuple[int, int]:
        """(prompt, completion) tokens over the answered completions."""
        usages = [exchange.usage or (0, 0) for exchange in self.completions if exchange.answered]
        return sum(usage[0] for usage in usages), sum(usage[1] for usage in usages)

    def clear(self) -> None:
        """Forget the log."""
        with self._lock:
            self._log.clear()

    # -- life ------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="endpoint", daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the endpoint did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Stop serving: from then on connections are refused."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._thread = None

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
                    await self._connection(reader, writer)
            finally:
                tasks.discard(task)
                writer.close()
                with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                    await writer.wait_closed()

        server = await asyncio.start_server(connected, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- one connection --------------------------------------------------------------------------------------------

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER)
        while True:
            request, content = await _receive(http, reader)
            if request is None:
                return
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            try:
                alive = await self._exchange(http, reader, writer, request, content)
            finally:
                self.in_flight -= 1
            if not alive or http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return
            http.start_next_cycle()

    async def _exchange(
        self,
        http: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: h11.Request,
        content: bytes,
    ) -> bool:
        """Serve one request; False where the connection is to be closed."""
        headers = {name.decode(): value.decode() for name, value in request.headers}
        key = headers.pop("authorization", "").removeprefix("Bearer ")
        body = _parsed(content)
        path = request.target.decode().split("?")[0]
        exchange = Exchange(0, request.method.decode(), path, headers, body, time.time())
        with self._lock:
            exchange.number = len(self._log)
            self._log.append(exchange)
        fault, reply = self._decide(exchange, key)
        exchange.fault = fault.kind if fault else None
        exchange.status = reply.status
        try:
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            return await _send(http, reader, writer, reply, fault, exchange)
        except BaseException:
            exchange.delivered = False
            raise
        finally:
            exchange.finished_at = exchange.finished_at or time.time()

    def _decide(self, exchange: Exchange, key: str) -> tuple[Fault | None, _Reply]:
        is_list = exchange.method == "GET" and exchange.path == "/v1/models"
        if key != self.api_key and not (is_list and not self.guards_list):
            return None, _error(401, "Incorrect API key provided.", "invalid_api_key")
        if is_list:
            return None, self._model_list()
        if exchange.method == "GET" and exchange.path.startswith("/v1/models/") and self.lists_models:
            name = exchange.path.removeprefix("/v1/models/")
            return None, (_json(200, _model(name)) if name in self.models else _no_model(name))
        if exchange.method != "POST" or exchange.path != "/v1/chat/completions":
            return None, _error(404, "Not found.", "not_found")
        body = exchange.body
        if body is None or not isinstance(body.get("messages"), list):
            return None, _error(400, "The body is not a chat completion request.", "invalid_request")
        if body.get("stream"):
            return None, _error(400, "Streaming is not served here.", "unsupported")
        if body.get("model") not in self.models:
            return None, _no_model(str(body.get("model")))
        fault = self.faults(exchange.number, body) if self.faults else None
        return fault, self._completion(exchange, body, fault)

    def _model_list(self) -> _Reply:
        if not self.lists_models:
            return _error(404, "Not found.", "not_found")
        return _json(200, {"object": "list", "data": [_model(name) for name in self.models]})

    def _completion(self, exchange: Exchange, body: dict[str, Any], fault: Fault | None) -> _Reply:
        kind = fault.kind if fault else None
        if fault is not None and kind in _REFUSALS:
            status, code = _REFUSALS[fault.kind]
            reply = _error(
                fault.status if kind == "server_error" else status,
                fault.message or f"Made to fail: {kind}.",
                fault.code or code,
            )
            if fault.retry_after is not None:
                reply.headers.append(("retry-after", fault.retry_after))
            return reply
        message, usage, finish = _completed(body, self.respond(body))
        exchange.message, exchange.usage = message, usage
        payload: dict[str, Any] = {
            "id": f"chatcmpl-{exchange.number}",
            "object": "chat.completion",
            "created": int(exchange.received_at),
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
        }
        if kind == "missing_usage":
            del payload["usage"]
        elif kind == "bad_usage":
            payload["usage"] = {"prompt_tokens": -5, "completion_tokens": "many", "total_tokens": None}
        elif kind == "wrong_schema":
            payload = {"result": "ok", "usage": payload["usage"]}
        elif kind == "error_in_200" and fault is not None:
            payload = {"error": {"message": fault.message, "code": fault.code or 502}}
        reply = _json(200, payload)
        if kind == "broken_body":
            reply.payload = reply.payload[: len(reply.payload) // 2]
        elif kind == "html_body":
            reply = _Reply(200, b"<html><body>502 Bad Gateway</body></html>", [("content-type", "text/html")])
        return reply


_REFUSALS: dict[FaultKind, tuple[int, str]] = {
    "rate_limited": (429, "rate_limit_exceeded"),
    "server_error": (500, "server_error"),
    "unauthorized": (401, "invalid_api_key"),
    "bad_request": (400, "invalid_request"),
    "unknown_model": (404, "model_not_found"),
}


def _as_faults(faults: Any) -> Faults | None:
    """A callable as it is; one fault for every request; a sequence, used up one a request, then none."""
    if faults is None or callable(faults):
        return cast("Faults | None", faults)
    if isinstance(faults, (str, Fault)):
        always = _as_fault(faults)
        return lambda number, request: always
    left = iter([_as_fault(item) for item in faults])
    return lambda number, request: next(left, None)


def _as_fault(fault: str | Fault | None) -> Fault | None:
    return Fault(cast(FaultKind, fault)) if isinstance(fault, str) else fault


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _completed(body: dict[str, Any], answer: str | dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int], str]:
    """Message, usage and finish reason. A token is a word here: never more than the bytes of its text."""
    message: dict[str, Any] = {"role": "assistant", **({"content": answer} if isinstance(answer, str) else answer)}
    prompt = json.dumps([message.get("content") for message in body["messages"]] + [body.get("tools")])
    calls = json.dumps(message["tool_calls"]) if message.get("tool_calls") else ""
    words = str(message.get("content") or "").split(" ")
    limit = body.get("max_tokens") or body.get("max_completion_tokens")
    finish = "tool_calls" if calls else "stop"
    if limit is not None and len(words) > limit and not calls:
        words, finish = words[:limit], "length"
        message["content"] = " ".join(words)
    return message, (len(prompt.split()), len(words) + len(calls.split())), finish


def _json(status: int, payload: Any) -> _Reply:
    return _Reply(status, json.dumps(payload).encode(), [("content-type", "application/json")])


def _error(status: int, message: str, code: str) -> _Reply:
    return _json(status, {"error": {"message": message, "type": "error", "param": None, "code": code}})


def _no_model(name: str) -> _Reply:
    return _error(404, f"The model `{name}` does not exist or you do not have access to it.", "model_not_found")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "instrument"}


async def _receive(http: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request | None, bytes]:
    """The next request with its body, or None where the client has left."""
    request: h11.Request | None = None
    parts: list[bytes] = []
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            parts.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return request, b"".join(parts)
        else:
            return None, b""


async def _send(
    http: h11.Connection,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    reply: _Reply,
    fault: Fault | None,
    exchange: Exchange,
) -> bool:
    kind = fault.kind if fault else None
    if kind == "closed":
        return False
    if kind == "silent":
        await reader.read(1)
        return False
    if fault is not None and kind == "slow":
        await asyncio.sleep(fault.delay_s)
    headers = [*reply.headers, ("content-length", str(len(reply.payload)))]
    writer.write(http.send(h11.Response(status_code=reply.status, headers=headers)) or b"")
    half = reply.payload[: len(reply.payload) // 2]
    if kind in ("stalled", "closed_midway"):
        writer.write(http.send(h11.Data(data=half)) or b"")
        await writer.drain()
        if kind == "stalled":
            await reader.read(1)
        return False
    if fault is not None and kind == "trickle":
        for byte in reply.payload[:-1]:
            writer.write(http.send(h11.Data(data=bytes([byte]))) or b"")
            await writer.drain()
            await asyncio.sleep(fault.delay_s)
    last = reply.payload[-1:] if kind == "trickle" else reply.payload
    # Noted before the last byte leaves: who has read the answer finds it in the log.
    exchange.delivered, exchange.finished_at = True, time.time()
    writer.write(http.send(h11.Data(data=last)) or b"")
    writer.write(http.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    return True
