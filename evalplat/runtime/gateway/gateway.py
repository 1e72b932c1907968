"""Gateway: one run's way to its models."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from .queued import Queued, Replicas
from .usage import UsageMeter

if TYPE_CHECKING:
    import httpx2

    from .metered import Metered
    from .session import Session


@dataclass(frozen=True, slots=True)
class _Way:
    """What all sessions with one model share."""

    endpoint: Endpoint
    price: Price | None
    replicas: Replicas | None


class Gateway:
    """Hands out sessions that share connections, the run's budget and a cache. An async context manager.

    `transport` is the narrow seam: an `httpx2.AsyncBaseTransport` in place of pooled real connections, for record and
    replay or faults. It sees each attempt as it goes out. `already_spent` is what a resumed run took before.
    """

    def __init__(
        self,
        *,
        cache: ResponseCache | None = None,
        prices: PriceTable | None = None,
        run_budget: Budget | None = None,
        already_spent: Spend | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        retry: RetryPolicy | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self._cache, self._prices = cache, prices or PriceTable()
        self._transport, self._retry = transport, retry or RetryPolicy()
        # A closure, not a field: the environment holds keys, and fields are shown by debuggers and crash reports.
        self._resolve: Callable[[str], Endpoint] = lambda name: resolve(name, env=env)
        before = already_spent or Spend(0, 0.0)
        self._account = Account("run", run_budget or Budget(), before.tokens, before.cost_usd or 0.0)
        self._meter = UsageMeter()
        self._ways: dict[str, _Way] = {}
        self._lock = threading.Lock()

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
        """What this run was charged, `already_spent` included.

        Answered calls at their usage, calls of unknown usage at their upper bound, cached answers not at all.
        """
        return Spend(self._account.tokens, None if self._meter.unpriced else self._account.cost_usd)

    def session(
        self,
        settings: ModelSettings,
        limits: Limits | None = None,
        *,
        replica: int = 0,
        seed: int | None = None,
        headers: Mapping[str, str] | None = None,
        through: Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncBaseTransport] | None = None,
    ) -> Session:
        """A session for one trial. `replica` is the trial's number, `seed` goes with every request that has none.

        `through` puts a transport of the caller's in front of the gateway's for this session, such as one that brings
        faults: it sees each attempt, and no answer comes from the cache or is kept in it.

        Raises what `resolve` raises; BudgetExceeded where money is limited and the model has no price.
        """
        from .cached import Cached
        from .retried import Retried
        from .session import Session

        way = self._way(settings.name)
        trial = _trial_budget(limits)
        self._check_priced(way, trial)
        meters = (UsageMeter(), self._meter)
        transport = through(self._open_transport) if through is not None else None
        queue, metered = self._steps(way, Account("trial", trial), meters, settings.timeout_s, transport)
        step: Step = Retried(queue, settings.max_retries, self._retry)
        if self._cache is not None and through is None:
            step = Cached(
                step, cache=self._cache, endpoint=way.endpoint, replica=replica, meters=meters, count=metered.count
            )
        return Session(way.endpoint, settings, step, meters[0], queue, seed=seed, headers=headers or {})

    async def check(self, settings: ModelSettings, limits: Limits | None = None) -> None:
        """Say now what would stop every trial: the model, the key, the endpoint, a price that a budget needs.

        Serves a local model where it is not served yet. Raises ModelUnknown, ModelRefused, ModelUnreachable,
        ModelOverloaded, ModelReplyBroken, BudgetExceeded or DependencyMissing.
        """
        from .exchange import Exchange
        from .probe import PROBE_POLICY, PROBE_RETRIES, PROBE_TIMEOUT_S, Probe
        from .retried import Retried

        way = await asyncio.to_thread(self._way, settings.name)
        self._check_priced(way, _trial_budget(limits))
        queue, _ = self._steps(way, Account("trial", Budget()), (self._meter,), settings.timeout_s)
        exchange = Exchange(way.endpoint, self._open_transport, min(settings.timeout_s, PROBE_TIMEOUT_S))
        await Probe(way.endpoint, exchange, Retried(queue, PROBE_RETRIES, PROBE_POLICY))()

    @property
    def _open_transport(self) -> httpx2.AsyncBaseTransport:
        if self._transport is None:
            raise RuntimeError("use the gateway as `async with Gateway() as gateway`")
        return self._transport

    def _steps(
        self,
        way: _Way,
        trial: Account,
        meters: tuple[UsageMeter, ...],
        timeout_s: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> tuple[Queued, Metered]:
        """What one attempt goes through: a free replica, the budgets and meters, the exchange."""
        from .attempt import Attempt
        from .exchange import Exchange
        from .metered import Metered

        attempt = Attempt(way.endpoint, Exchange(way.endpoint, transport or self._open_transport, timeout_s))
        metered = Metered(attempt, (trial, self._account), meters, way.price)
        return Queued(metered, way.replicas), metered

    def _way(self, name: str) -> _Way:
        with self._lock:
            if name not in self._ways:
                endpoint = self._resolve(name)
                self._ways[name] = _Way(endpoint, self._prices.price(endpoint), _free(endpoint.replicas))
            return self._ways[name]

    def _check_priced(self, way: _Way, trial: Budget) -> None:
        for scope, budget in (("run", self._account.budget), ("trial", trial)):
            if budget.max_cost_usd is not None and way.price is None:
                raise BudgetExceeded(
                    f"{scope} budget: {way.endpoint.price_key!r} at {way.endpoint.base_url} has no known price, so "
                    "max_cost_usd could never hold it: give its price, or limit max_tokens",
                    scope=scope,
                )


def _trial_budget(limits: Limits | None) -> Budget:
    return Budget(limits.max_tokens, limits.max_cost_usd) if limits else Budget()


def _free(urls: tuple[str, ...]) -> Replicas | None:
    if not urls:
        return None
    replicas: Replicas = asyncio.Queue()
    for url in urls:
        replicas.put_nowait(url)
    return replicas
