"""rehearse: one trial of a scenario by a scripted agent, without a run around it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evalplat.harness.threads import DaemonThreads
from evalplat.records import Case, Outcome, TargetInfo, Trial, TrialKey

from .agents import AgentTurn, ScriptedAgent, scripted_agent
from .play import play
from .scripted import ScriptedTalk
from .stage import Stage
from .world import World


@scripted_agent
def idle(turn: AgentTurn) -> str:  # noqa: ARG001 - it does nothing
    """Says one thing, and does nothing."""
    return "I have taken care of it."


def rehearse(case: Case, agent: ScriptedAgent, *, seed: int = 0, number: int = 0) -> Trial:
    """Trial `number` of a run with this seed; the user is scripted. May be called where an event loop runs.

    Raises SpecError where the scenario does not fit its domain.
    """
    key = TrialKey(case_id=case.id, trial=number)
    target = _Rehearsing(agent)
    stage = Stage([case])
    outcomes: list[Outcome] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            outcomes.append(asyncio.run(play(case, key, key.seed(seed), target, target.info, stage)))
        except BaseException as err:  # noqa: BLE001 - raised in the caller's thread
            errors.append(err)

    thread = threading.Thread(target=work, name="evalplat-rehearse")
    thread.start()
    thread.join()
    target.threads.close()
    if errors:
        raise errors[0]
    parts = {name: getattr(outcomes[0], name) for name in Outcome.model_fields}
    return Trial(**parts, key=key, seed=key.seed(seed))


class _Rehearsing:
    """A scripted agent that was handed over, not named."""

    def __init__(self, agent: ScriptedAgent) -> None:
        self._agent = agent
        self.threads = DaemonThreads()
        name = getattr(agent, "__name__", "agent")
        self.info = TargetInfo(kind="scripted", ref=name, name=name, fingerprint=name)

    @asynccontextmanager
    async def converse(self, case: Case, key: TrialKey, seed: int, world: World) -> AsyncIterator[ScriptedTalk]:
        del key
        yield ScriptedTalk(self.info.name, self._agent, self.threads, case, seed, world)
