"""Dialogue: one conversation with an agent, message by message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evalplat.errors import AgentError, EvalplatError, LimitReached
from evalplat.records import Trace, Usage
from evalplat.runtime.telemetry import Recording

if TYPE_CHECKING:
    import httpx2

    from evalplat.runtime.gateway.session import Session

    from .agent import Agent
    from .engine import Engine

    Through = Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncBaseTransport]
else:
    Through = Any


class Dialogue:
    """What `Agent.converse` hands out. `trace` is there once the conversation has ended."""

    def __init__(self, agent: Agent, engine: Engine, session: Session, recording: Recording, *, seed: int) -> None:
        self._agent, self._engine, self._session, self._seed = agent, engine, session, seed
        self._history: tuple[Any, ...] = ()
        self._spent_s = 0.0
        self.recording = recording
        self.trace: Trace | None = None

    @property
    def usage(self) -> Usage:
        """What the conversation used so far."""
        return self._session.usage

    @property
    def seconds(self) -> float:
        """Wall clock of all replies so far, without the wait for a free slot of the endpoint."""
        return max(self._spent_s - self._session.queued_s, 0.0)

    async def say(self, text: str) -> str:
        """The agent's reply.

        Raises AgentError, ModelError or GuardrailBlocked with the cause; BudgetExceeded with scope `run` where the
        budget of the whole run is spent.
        """
        limit = self._agent.spec.limits.timeout_s
        clock = asyncio.timeout(limit)
        began = time.perf_counter()
        try:
            async with clock:
                reply = await self._agent.reply(text, self)
        except TimeoutError as err:
            if not clock.expired():
                raise self._failed(AgentError(f"TimeoutError: {err}")) from err
            raise self._failed(LimitReached(f"limits.timeout_s: no reply within {limit:g} s")) from err
        except EvalplatError as err:
            raise self._failed(err) from err
        except Exception as err:
            raise self._failed(AgentError(f"{type(err).__name__}: {err}")) from err
        finally:
            self._spent_s += time.perf_counter() - began
        return self.recording.redactor.known(reply)

    async def ask(self, prompt: str) -> str:
        """The model's last words after all that was said before."""
        said = await self._engine.say(prompt, self._session, seed=self._seed, history=self._history)
        self._history = said.history
        return said.text

    def _failed(self, error: EvalplatError) -> EvalplatError:
        self.recording.failed(error)
        return error
