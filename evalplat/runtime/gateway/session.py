"""Session: what one trial holds of the gateway; a client whose every call goes through our steps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import openai

from evalplat.errors import ModelError, ModelRefused
from evalplat.records import ModelSettings, Usage

from .call import Call, Step
from .endpoint import Endpoint
from .queued import Queued
from .usage import UsageMeter

#: Set anew for each attempt, or never sent on.
_NOT_PASSED = frozenset(
    {"authorization", "host", "content-length", "content-type", "connection", "accept", "accept-encoding"}
)


class Session:
    """One trial's way to its model. `client` is an ordinary `openai.AsyncOpenAI`; chat completions, not streamed.

    Retries, limits, budgets, cache and accounting happen under the client, so whatever uses it is held by them.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: ModelSettings,
        step: Step,
        meter: UsageMeter,
        queue: Queued,
        *,
        seed: int | None,
        headers: Mapping[str, str],
    ) -> None:
        self.endpoint = endpoint
        self.model = endpoint.model
        self.seed = seed
        self._transport = SessionTransport(step, settings, seed)
        self._meter, self._queue = meter, queue
        self.client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            # Given, so that the client does not look for secrets in the environment.
            api_key="held-by-the-gateway",
            admin_api_key="",
            webhook_secret="",
            max_retries=0,
            # The attempt's own clock ends calls; waiting between attempts must not.
            timeout=None,
            default_headers={name: _header(value) for name, value in headers.items()},
            http_client=httpx2.AsyncClient(transport=self._transport, trust_env=False),
        )

    @property
    def usage(self) -> Usage:
        """What this session used so far."""
        return self._meter.usage

    @property
    def queued_s(self) -> float:
        """Seconds spent waiting for a free replica of the endpoint: an artefact of running trials at once."""
        return self._queue.waited_s

    @property
    def last_error(self) -> ModelError | None:
        """The error with which the last call ended, or None where it was answered."""
        return self._transport.last_error


class SessionTransport(httpx2.AsyncBaseTransport):
    """Where the client library hands over: an HTTP request becomes a Call, a Reply an HTTP response."""

    def __init__(self, step: Step, settings: ModelSettings, seed: int | None) -> None:
        self._step, self._settings, self._seed = step, settings, seed
        self.last_error: ModelError | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.last_error = None
        try:
            reply = await self._step(self._call(request, await request.aread()))
        except ModelError as error:
            self.last_error = error
            raise
        headers = {"content-type": "application/json"}
        return httpx2.Response(200, headers=headers, content=reply.content, request=request)

    def _call(self, request: httpx2.Request, content: bytes) -> Call:
        if request.method != "POST" or not request.url.path.endswith("/chat/completions"):
            raise ModelRefused(f"the gateway serves chat completions, not {request.method} {request.url.path}")
        body: dict[str, Any] = json.loads(content)
        if body.get("stream"):
            raise ModelRefused("the gateway does not stream: usage and budgets need whole answers")
        if body.get("max_tokens") is None and body.get("max_completion_tokens") is None:
            body["max_tokens"] = self._settings.max_tokens
        if self._seed is not None and body.get("seed") is None:
            body["seed"] = self._seed
        passed = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED}
        return Call(body, passed)


def _header(value: str) -> str:
    """A header holds printable ASCII; anything else, and `%`, is percent-encoded."""
    return quote(value, safe="".join(chr(code) for code in range(0x20, 0x7F) if code != 0x25), errors="surrogatepass")
