"""What the gateway's tests share: a gateway on a misbehaving endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from instruments.endpoint import MisbehavingEndpoint

from evalplat.records import ModelSettings
from evalplat.runtime.gateway import Gateway, RetryPolicy

FAST = RetryPolicy(base_s=0.001, max_s=0.01, max_retry_after_s=0.2)

OpenGateway = Callable[..., AbstractAsyncContextManager[Gateway]]


@pytest.fixture
def endpoint() -> Iterator[MisbehavingEndpoint]:
    with MisbehavingEndpoint() as running:
        yield running


@pytest.fixture
def open_gateway(endpoint: MisbehavingEndpoint) -> OpenGateway:
    @asynccontextmanager
    async def open_(**options: Any) -> AsyncIterator[Gateway]:
        async with Gateway(**{"env": endpoint.env, "retry": FAST, **options}) as gateway:
            yield gateway

    return open_


@pytest.fixture
def settings() -> ModelSettings:
    return ModelSettings(name="openai:test-model", max_tokens=64, timeout_s=20, max_retries=4)
