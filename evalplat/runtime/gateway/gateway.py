"""Gateway: one run's way to its models."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from evalplat.errors import BudgetExceeded
from evalplat.records import Limits, ModelSettings, Usage

from .budget import Account, Budget, Spend
from .cache import ResponseCache
from .call import Step
from .endpoint import Endpoint, resolve
from .policy import RetryPolicy
from .prices import Price, PriceTable
from .queued import Replicas
from .usage import UsageMeter

if TYPE_CHECKING:
    import httpx2

    from .session import Session


class Gateway:
    """Hands out sessions that share connections, the run's budget and a cache. An async context manager.

    `transport` is the narrow seam: an `httpx2.AsyncBaseTransport` in place of pooled real connections, for record and
    replay or faults. It sees each attempt as it goes out.
    """

    def __init__(
        self,
        *,
        cache: ResponseCache | None = None,
        prices: PriceTable | None = None,
        run_budget: Budget | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        retry: RetryPolicy | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self._cache, self._prices = cache, prices or PriceTable()
        self._transport, self._retry, self._env = transport, retry or RetryPolicy(), env
        self._account = Account("run", run_budget or Budget())
        self._meter = UsageMeter()
        self._endpoints: dict[str, tuple[Endpoint, Price | None, Replicas | None]] = {}

    async def __aenter__(self) -> Self:
        if self._transport is None:
            from .pool import Pool

            self._transport = Pool()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    @property
    def usage(self) -> Usage:
        """What all sessions used so far."""
        return self._meter.usage

    @property
    def spent(self) -> Spend:
        """What this run was charged: answered calls at their usage, calls of unknown usage at their upper bound."""
        return Spend(self._account.tokens, None if self._meter.unpriced else self._account.cost_usd)

    def session(
        self,
        settings: ModelSettings,
        limits: Limits | None = None,
        *,
        replica: int = 0,
        seed: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Session:
        """A session for one trial. `replica` is the trial's number, `seed` goes with every request that has none.

        Raises what `resolve` raises; BudgetExceeded where money is limited and the model has no price.
        """
        from .attempt import Attempt
        from .cached import Cached
        from .metered import Metered
        from .queued import Queued
        from .retried import Retried
        from .session import Session

        if self._transport is None:
            raise RuntimeError("use the gateway as `async with Gateway() as gateway`")
        endpoint, price, replicas = self._endpoint(settings.name)
        limits = limits or Limits()
        trial = Account("trial", Budget(limits.max_tokens, limits.max_cost_usd))
        self._check_priced(endpoint, price, trial.budget)
        meters = (UsageMeter(), self._meter)
        attempt = Attempt(endpoint, self._transport, settings.timeout_s)
        metered = Metered(attempt, (trial, self._account), meters, price)
        queue = Queued(metered, replicas)
        step: Step = Retried(queue, settings.max_retries, self._retry)
        if self._cache is not None:
            step = Cached(
                step, cache=self._cache, endpoint=endpoint, replica=replica, meters=meters, count=metered.count
            )
        return Session(endpoint, settings, step, meters[0], queue, seed=seed, headers=headers or {})

    def _endpoint(self, name: str) -> tuple[Endpoint, Price | None, Replicas | None]:
        if name not in self._endpoints:
            endpoint = resolve(name, env=self._env)
            self._endpoints[name] = (endpoint, self._prices.price(endpoint), _free(endpoint.replicas))
        return self._endpoints[name]

    def _check_priced(self, endpoint: Endpoint, price: Price | None, trial: Budget) -> None:
        for scope, budget in (("run", self._account.budget), ("trial", trial)):
            if budget.max_cost_usd is not None and price is None:
                raise BudgetExceeded(
                    f"{scope} budget: {endpoint.price_key!r} at {endpoint.base_url} has no known price, so "
                    "max_cost_usd could never hold it: give its price, or limit max_tokens",
                    scope=scope,
                )


def _free(urls: tuple[str, ...]) -> Replicas | None:
    if not urls:
        return None
    replicas: Replicas = asyncio.Queue()
    for url in urls:
        replicas.put_nowait(url)
    return replicas
