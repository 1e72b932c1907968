"""HttpTarget: somebody's endpoint as a system under test. The protocol is in the README of this room."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic_core import from_json

from evalplat.errors import InputError, TargetFailed
from evalplat.harness.failures import NOT_KNOWN, describe, failed, one_line
from evalplat.records import Answer, Case, Outcome, TargetInfo, Trace, TrialKey, Usage, content_hash
from evalplat.runtime.telemetry import Redactor

from .http_rules import DECLINED, backoff_s, checked_url, no_cookies, retry_after_s
from .told import read_told

if TYPE_CHECKING:
    import httpx2

MAX_BODY = 16 * 2**20
"""Largest answer, in bytes."""

_LONGEST_WAIT_S = 60.0
_PREPARE_S = 10.0


class _Declined(TargetFailed):
    """The endpoint surely did not do the work, so that asking again cannot do it twice."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class HttpTarget:
    """`http(s)://…`, asked by POST. Its behaviour cannot be fingerprinted: the fingerprint is that of the URL.

    A refused connection, 425, 429 and 503 are retried, with exponential backoff and jitter or as `Retry-After` says;
    nothing else is, since the endpoint may have done the work. `Idempotency-Key` is the same for all attempts at a
    trial; with `scope` (a run's id) also after a resume, so that an endpoint that knows the header works once.
    `authorization` is the value of that header. It is sent and never kept, and struck out of what comes back.
    """

    def __init__(
        self,
        url: str,
        *,
        scope: str | None = None,
        authorization: str | None = None,
        timeout_s: float = 120.0,
        max_retries: int = 4,
    ) -> None:
        """Asks nothing yet. Raises InputError for an URL that is none or that holds a secret."""
        self._url = checked_url(url)
        self._scope = scope or uuid4().hex
        if authorization is not None and not (authorization.isascii() and authorization.isprintable()):
            raise InputError("the authorization for the target holds characters that no HTTP header may have")
        self._secrets = [part for part in (authorization, (authorization or "").split(" ")[-1]) if part]
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if authorization:
            self._headers["Authorization"] = authorization
        self._timeout_s, self._max_retries = timeout_s, max_retries
        self._redactor = Redactor()
        self._client: httpx2.AsyncClient | None = None
        self._reached = False
        self._info = TargetInfo(
            kind="http", ref=self._url, name=self._url, fingerprint=content_hash(["http", self._url])
        )

    @property
    def info(self) -> TargetInfo:
        """Which endpoint."""
        return self._info

    async def prepare(self) -> None:
        """Knock with HEAD; any answer but 401, 407, 502 and 504 will do. Raises TargetFailed where nobody is there."""
        import httpx2

        if self._reached:
            return
        try:
            response = await self._http().head(self._url, headers=self._headers, timeout=_PREPARE_S)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol) as err:
            raise TargetFailed(f"{self._url} cannot be reached: {describe(err)}; start it, or check the URL") from err
        except httpx2.HTTPError:
            self._reached = True  # somebody is there, who does not like HEAD
            return
        if response.status_code in (401, 407):
            raise TargetFailed(
                f"{self._url} refuses us ({response.status_code}); set EVALPLAT_TARGET_AUTHORIZATION to the value "
                "of the Authorization header"
            )
        if response.status_code in (502, 504):
            raise TargetFailed(f"{self._url} is not reached by its gateway ({response.status_code}); start it")
        self._reached = True

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """One trial: POST, and again where the endpoint declined."""
        started_at, clock_from = datetime.now(UTC), perf_counter()
        asked = {"input": case.input, "case_id": case.id, "trial": key.trial, "seed": seed}
        content = json.dumps(asked).encode("ascii")
        token = hashlib.sha256(f"{self._scope}\x1f{case.id}\x1f{key.trial}".encode()).hexdigest()[:32]
        jitter = Random(seed)  # noqa: S311 - spreads requests, protects nothing
        retries = 0
        while True:
            try:
                answer, usage, trace = await self._attempt(content, token)
            except _Declined as err:
                wait_s = backoff_s(retries, jitter) if err.wait_s is None else err.wait_s
                if retries >= self._max_retries or wait_s > _LONGEST_WAIT_S:
                    return self._failed(err, Usage(retries=retries, cost_usd=0.0), started_at, clock_from)
                retries += 1
                await asyncio.sleep(wait_s)
            except TargetFailed as err:
                return self._failed(err, NOT_KNOWN + Usage(retries=retries), started_at, clock_from)
            else:
                return Outcome(
                    answer=answer,
                    usage=usage + Usage(retries=retries),
                    latency_s=perf_counter() - clock_from,
                    started_at=started_at,
                    trace=trace,
                )

    def _failed(self, error: TargetFailed, usage: Usage, started_at: datetime, clock_from: float) -> Outcome:
        message = f"{self._url} {self._without_secrets(str(error))}"
        return failed("TargetFailed", message, started_at=started_at, clock_from=clock_from, usage=usage)

    async def _attempt(self, content: bytes, token: str) -> tuple[Answer, Usage, Trace | None]:
        import httpx2

        headers = {**self._headers, "Idempotency-Key": token, "traceparent": f"00-{token}-{token[:16]}-01"}
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._http().stream("POST", self._url, content=content, headers=headers) as response:
                    body = await _body(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as err:
            raise _Declined(f"cannot be reached: {describe(err)}") from err
        except TimeoutError as err:
            raise TargetFailed(f"gave no whole answer within {self._timeout_s:g} s") from err
        except httpx2.HTTPError as err:
            raise TargetFailed(f"broke off: {describe(err)}") from err
        text = self._without_secrets(body.decode("utf-8", "replace"))
        if response.status_code in DECLINED:
            raise _Declined(_refusal(response, text), retry_after_s(response.headers.get("retry-after")))
        if not response.is_success:
            raise TargetFailed(_refusal(response, text))
        try:
            fields = from_json(text, allow_inf_nan=False)
        except ValueError as err:
            raise TargetFailed(f"gave back no JSON: {one_line(str(err), 120)}") from err
        if not isinstance(fields, dict):
            raise TargetFailed(f"gave back a JSON {type(fields).__name__}; expected an object with 'output'")
        return read_told(fields, self._redactor)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        return text

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            import httpx2

            # Kept for less than the five seconds after which servers drop an idle connection: whoever uses it just then
            # loses a trial, since a request that may have been read is not sent again.
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=2.0)
            timeout = httpx2.Timeout(None, connect=_PREPARE_S)  # the whole attempt is timed above
            self._client = httpx2.AsyncClient(limits=limits, timeout=timeout, cookies=no_cookies())
        return self._client


async def _body(response: httpx2.Response) -> bytes:
    """The body as it was sent; compressed ones were not asked for, and could unpack to any size."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise TargetFailed("gave back a compressed answer, which was not asked for")
    parts, size = [], 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MAX_BODY:
            raise TargetFailed(f"gave back more than {MAX_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


def _refusal(response: httpx2.Response, text: str) -> str:
    to = f" to {one_line(response.headers.get('location', ''), 120)}" if response.is_redirect else ""
    said = one_line(text, 160)
    return f"answered {response.status_code}{to}{': ' + said if said else ''}"
