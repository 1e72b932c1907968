"""One HTTP exchange with an endpoint, within a wall-clock limit; what can go wrong on the way, typed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from evalplat.errors import ModelRefused, ModelReplyBroken, ModelUnreachable

from .call import AttemptFailed
from .endpoint import Endpoint
from .failures import clean

MAX_BODY_BYTES = 32 * 1024 * 1024
_CONNECT_S = 10.0
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_MADE_WRONG = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response."""

    status: int
    content: bytes
    retry_after_s: float | None


class Exchange:
    """Sends one request. `timeout_s` covers everything from connecting to the last byte, so a trickling body ends."""

    def __init__(self, endpoint: Endpoint, transport: httpx2.AsyncBaseTransport, timeout_s: float) -> None:
        self._endpoint, self._transport, self._timeout_s = endpoint, transport, timeout_s

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None, with_key: bool = True
    ) -> Answer:
        """The answer, whatever its status. Raises AttemptFailed where there is none."""
        request = self._request(method, url, headers, content, with_key)
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._transport.handle_async_request(request)
                try:
                    body = await _read(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise self._failed(f"gave no whole answer within {self._timeout_s:g} s") from error
        except _NEVER_SENT as error:
            raise self._failed(f"cannot be reached: {_say(error)}", sent=False) from error
        except _MADE_WRONG as error:
            refused = ModelRefused(self._clean(f"the request cannot be sent: {_say(error)}"))
            raise AttemptFailed(refused, retry=False, may_be_billed=False, sent=False) from error
        except httpx2.DecodingError as error:
            broken = ModelReplyBroken(self._clean(f"the reply cannot be decoded: {_say(error)}"))
            raise AttemptFailed(broken, retry=True, may_be_billed=True) from error
        except (httpx2.RequestError, httpx2.StreamError) as error:
            raise self._failed(f"broke off: {_say(error)}") from error
        return Answer(response.status_code, body, _retry_after(response.headers.get("retry-after", "")))

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, with_key: bool
    ) -> httpx2.Request:
        """The key goes in here and nowhere above, so nothing that the client library keeps or logs holds it."""
        sent = {**headers, "accept": "application/json"}
        if with_key:
            sent["authorization"] = f"Bearer {self._endpoint.api_key.get_secret_value()}"
        timeout = httpx2.Timeout(self._timeout_s, connect=min(_CONNECT_S, 0.9 * self._timeout_s)).as_dict()
        return httpx2.Request(method, url, headers=sent, content=content, extensions={"timeout": timeout})

    def _failed(self, what: str, *, sent: bool = True) -> AttemptFailed:
        error = ModelUnreachable(self._clean(f"{self._endpoint.base_url} {what}"))
        return AttemptFailed(error, retry=True, may_be_billed=sent, sent=sent)

    def _clean(self, text: str) -> str:
        return clean(text, self._endpoint.api_key)


async def _read(response: httpx2.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_BODY_BYTES:
            too_long = ModelReplyBroken(f"the reply is longer than {MAX_BODY_BYTES} bytes")
            raise AttemptFailed(too_long, retry=True, may_be_billed=True)
        parts.append(part)
    return b"".join(parts)


def _say(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


def _retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date), or None."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
