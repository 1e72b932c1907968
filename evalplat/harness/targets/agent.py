"""AgentTarget: an AgentSpec on our own runtime as a system under test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from evalplat.records import AgentSpec, Case, ModelFault, Outcome, TargetInfo, TrialKey, Usage, content_hash

from .source import tool_sources

if TYPE_CHECKING:
    from evalplat.harness.simulate.world import World
    from evalplat.runtime.agents import Agent, Dialogue
    from evalplat.runtime.gateway import Budget, PriceTable


class AgentTarget:
    """An agent of our own. `base_dir` is the folder that the paths in its spec begin at.

    `cache_path` is the file of the response cache, None for none. `run_budget` holds over all trials of the run;
    `spent` is what earlier sessions of the same run used of it. `prices` come before the built-in ones. The fingerprint
    is that of the spec, and of the source files of its tools where it has any.
    """

    def __init__(
        self,
        spec: AgentSpec,
        base_dir: Path,
        *,
        ref: str | None = None,
        cache_path: Path | None = None,
        run_budget: Budget | None = None,
        spent: Usage | None = None,
        prices: PriceTable | None = None,
    ) -> None:
        """Asks nothing and loads nothing yet. `ref` is what the user typed; by default the agent's name."""
        self._spec, self._base_dir, self._cache_path, self._prices = spec, base_dir, cache_path, prices
        self._run_budget = run_budget if run_budget is None or spent is None else _left(run_budget, spent)
        sources = tool_sources(spec.tools, base_dir)
        fingerprint = content_hash([spec.fingerprint, sources]) if sources else spec.fingerprint
        self._info = TargetInfo(kind="agent", ref=ref or spec.name, name=spec.name, fingerprint=fingerprint, spec=spec)
        self._open = AsyncExitStack()
        self._agent: Agent | None = None

    @property
    def info(self) -> TargetInfo:
        """Which agent, with its spec."""
        return self._info

    async def prepare(self) -> None:
        """Start or reach the model, load passages and tools.

        Raises ModelError, SpecError, DependencyMissing, or InputError where the cache cannot be written.
        """
        if self._agent is not None:
            return
        # Here, since pydantic-ai takes a second to load and not every target needs it.
        from evalplat.runtime.agents import Agent
        from evalplat.runtime.gateway import Gateway, ResponseCache

        async with AsyncExitStack() as opening:
            cache = None
            if self._cache_path is not None:
                cache = ResponseCache(self._cache_path)
                opening.callback(cache.close)
            gateway = Gateway(cache=cache, run_budget=self._run_budget, prices=self._prices)
            await opening.enter_async_context(gateway)
            agent = Agent(self._spec, gateway, base_dir=self._base_dir)
            await agent.prepare()
            self._open, self._agent = opening.pop_all(), agent

    async def aclose(self) -> None:
        """Close the connections and the cache."""
        self._agent = None
        await self._open.aclose()

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """One trial. Its number is part of the cache's key, so that repeated trials are asked for anew."""
        if self._agent is None:
            raise RuntimeError("prepare() the target first")
        return await self._agent.answer(case.input, replica=key.trial, seed=seed, trace_id=uuid4().hex)

    @asynccontextmanager
    async def converse(self, case: Case, key: TrialKey, seed: int, world: World) -> AsyncIterator[Dialogue]:
        """See Conversant. The world's tools take the place of the agent's own of the same name."""
        if self._agent is None:
            raise RuntimeError("prepare() the target first")
        from evalplat.harness.simulate.seams import FaultyTransport, runtime_tools

        faulty = case.scenario is not None and any(isinstance(f, ModelFault) for f in case.scenario.faults)
        async with self._agent.converse(
            replica=key.trial,
            seed=seed,
            trace_id=uuid4().hex,
            tools=runtime_tools(world),
            through=(lambda inner: FaultyTransport(inner, world)) if faulty else None,
        ) as dialogue:
            yield dialogue


def _left(budget: Budget, spent: Usage) -> Budget:
    """What is left of the budget of a run that goes on."""
    from evalplat.runtime.gateway import Budget

    tokens, money = budget.max_tokens, budget.max_cost_usd
    return Budget(
        max_tokens=None if tokens is None else max(0, tokens - spent.total_tokens),
        max_cost_usd=None if money is None else max(0.0, money - (spent.cost_usd or 0.0)),
    )
