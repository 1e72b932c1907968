"""AgentTarget: an AgentSpec on our own runtime as a system under test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from evalplat.records import AgentSpec, Case, Outcome, TargetInfo, TrialKey, Usage

if TYPE_CHECKING:
    from evalplat.runtime.agents import Agent
    from evalplat.runtime.gateway import Budget, Gateway


class AgentTarget:
    """An agent of our own. `base_dir` is the folder that the paths in its spec begin at.

    `cache_path` is the file of the response cache, None for none. `run_budget` holds over all trials of the run;
    `spent` is what earlier sessions of the same run used of it.
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
    ) -> None:
        """Asks nothing and loads nothing yet. `ref` is what the user typed; by default the agent's name."""
        self._spec, self._base_dir, self._cache_path = spec, base_dir, cache_path
        self._run_budget = run_budget if run_budget is None or spent is None else _left(run_budget, spent)
        self._info = TargetInfo(
            kind="agent", ref=ref or spec.name, name=spec.name, fingerprint=spec.fingerprint, spec=spec
        )
        self._gateway: Gateway | None = None
        self._agent: Agent | None = None

    @property
    def info(self) -> TargetInfo:
        """Which agent, with its spec."""
        return self._info

    async def prepare(self) -> None:
        """Start or reach the model and load the passages. Raises ModelError, SpecError or DependencyMissing."""
        await self._made().prepare()

    async def aclose(self) -> None:
        """Close the connections and the cache."""
        if self._gateway is not None:
            await self._gateway.aclose()
        self._gateway = self._agent = None

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """One trial. The trial's number is part of the cache's key, so that repeated trials are asked for anew."""
        return await self._made().answer(case.input, replica=key.trial, seed=seed, trace_id=uuid4().hex)

    def _made(self) -> Agent:
        if self._agent is None:
            # Here, since pydantic-ai takes a second to load and not every target needs it.
            from evalplat.runtime.agents import Agent
            from evalplat.runtime.gateway import Gateway

            self._gateway = Gateway(cache=self._cache_path, run_budget=self._run_budget)
            self._agent = Agent(self._spec, self._gateway, base_dir=self._base_dir)
        return self._agent


def _left(budget: Budget, spent: Usage) -> Budget:
    """What is left of the budget of a run that goes on."""
    from evalplat.runtime.gateway import Budget

    tokens, money = budget.max_tokens, budget.max_cost_usd
    return Budget(
        max_tokens=None if tokens is None else max(0, tokens - spent.total_tokens),
        max_cost_usd=None if money is None else max(0.0, money - (spent.cost_usd or 0.0)),
    )
