"""A loopback endpoint that speaks the protocol of HTTP targets, misbehaves as told, and remembers what it was asked.

    with TargetServer(lambda asked, attempt: asked["input"].upper()) as server:
        target = HttpTarget(server.url)
        ...
        assert [request.key for request in server.log] == [("c1", 0)]

A real HTTP/1.1 server with keep-alive on a port and in threads of its own.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

__all__ = ["Reply", "Request", "TargetServer"]


@dataclass(frozen=True)
class Reply:
    """What is sent back. `then` says how the connection ends: whole, cut in its middle, or left hanging there."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    then: Literal["whole", "cut", "hang", "nothing"] = "whole"
    delay_s: float = 0.0


@dataclass(frozen=True)
class Request:
    """One POST as it arrived."""

    asked: dict[str, Any]
    headers: dict[str, str]
    at: float

    @property
    def key(self) -> tuple[str, int]:
        """Case and trial."""
        return self.asked["case_id"], self.asked["trial"]


Respond = Callable[[dict[str, Any], int], "str | dict[str, Any] | Reply"]


class TargetServer:
    """See the module. `respond` gets the request and how often this trial was asked for before."""

    def __init__(self, respond: Respond, *, head: Reply | None = None) -> None:
        self.respond, self.head = respond, head or Reply(status=405)
        self._log: list[Request] = []
        self._seen: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()
        self._closing = threading.Event()

    @property
    def log(self) -> list[Request]:
        """All requests so far, in order of arrival."""
        with self._lock:
            return list(self._log)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/answer"
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.05), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, asked: dict[str, Any], headers: dict[str, str]) -> Reply:
        """Note a request and decide what it gets."""
        request = Request(asked, headers, time.time())
        with self._lock:
            attempt = self._seen[request.key]
            self._seen[request.key] += 1
            self._log.append(request)
        said = self.respond(asked, attempt)
        if isinstance(said, str):
            said = {"output": said}
        return said if isinstance(said, Reply) else Reply(body=json.dumps(said).encode())

    def hang(self) -> None:
        """Keep a connection open without a word, until the server closes."""
        self._closing.wait(30)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


def _handler(server: TargetServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_HEAD(self) -> None:
            self._send(server.head)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(server.take(json.loads(body), {name.lower(): value for name, value in self.headers.items()}))

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.delay_s)
            if reply.then != "nothing":
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                whole = reply.then == "whole"
                with contextlib.suppress(ConnectionError):
                    if self.command != "HEAD":
                        self.wfile.write(reply.body if whole else reply.body[: len(reply.body) // 2])
                    self.wfile.flush()
            if reply.then == "hang":
                server.hang()
            if reply.then != "whole":
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
            """Silent."""

    return Handler
