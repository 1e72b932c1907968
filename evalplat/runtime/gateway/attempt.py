"""The innermost step: one HTTP exchange within a wall-clock limit, its answer checked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from evalplat.errors import ModelRefused, ModelReplyBroken, ModelUnreachable

from .call import AttemptFailed, Call, Reply
from .endpoint import Endpoint
from .failures import clean, status_failure
from .reply import parse_reply

MAX_BODY_BYTES = 32 * 1024 * 1024
_CONNECT_S = 10.0
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_MADE_WRONG = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)


class Attempt:
    """Asks once. `timeout_s` covers everything from connecting to the last byte, so a trickling body ends too."""

    def __init__(self, endpoint: Endpoint, transport: httpx2.AsyncBaseTransport, timeout_s: float) -> None:
        self._endpoint, self._transport, self._timeout_s = endpoint, transport, timeout_s

    async def __call__(self, call: Call) -> Reply:
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._transport.handle_async_request(self._request(call))
                try:
                    content = await _read(response)
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
        if not response.is_success:
            raise status_failure(self._endpoint, response.status_code, content, _retry_after(response))
        try:
            return parse_reply(content)
        except ModelReplyBroken as broken:
            raise AttemptFailed(broken, retry=True, may_be_billed=True) from None

    def _request(self, call: Call) -> httpx2.Request:
        """The key goes in here and nowhere above, so nothing that the client library keeps or logs holds it."""
        key = self._endpoint.api_key.get_secret_value()
        own = {"content-type": "application/json", "accept": "application/json", "authorization": f"Bearer {key}"}
        headers = {**call.headers, **own}
        connect = min(_CONNECT_S, 0.9 * self._timeout_s)
        timeout = httpx2.Timeout(self._timeout_s, connect=connect).as_dict()
        url = f"{call.base_url or self._endpoint.base_url}/chat/completions"
        return httpx2.Request("POST", url, headers=headers, content=call.content, extensions={"timeout": timeout})

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


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date), or None."""
    value = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
