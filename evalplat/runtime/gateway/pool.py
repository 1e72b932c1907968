"""The real transport: pooled connections, proxies and certificates from the environment."""

from __future__ import annotations

import httpx2


class Pool(httpx2.AsyncBaseTransport):
    """Sends through an httpx2 client, which chooses the proxy. Redirections are not followed: keys do not travel.

    No limit on connections: the harness bounds concurrency, and a call that waits here would lose its time.
    """

    def __init__(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
        self._client = httpx2.AsyncClient(limits=limits, follow_redirects=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._client.send(request, stream=True, auth=None)

    async def aclose(self) -> None:
        await self._client.aclose()
