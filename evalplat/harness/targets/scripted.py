"""ScriptedTarget: a scripted agent in the place of a system under test; an instrument, and named as one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evalplat.harness.simulate.scripted import ScriptedTalk
from evalplat.harness.simulate.spans import EPOCH
from evalplat.harness.simulate.world import World
from evalplat.records import Case, Failure, Outcome, TrialKey

from .function import FunctionTarget


class ScriptedTarget(FunctionTarget):
    """A function marked by `scripted_agent`. It asks no model: what it costs is nothing, and its time is simulated.

    Every reply and every call stands for a request to a model, which may meet the scenario's faults of the model and is
    then sent again, as the gateway would.
    """

    def __init__(self, ref: str) -> None:
        """Imports the module. Raises ReferenceUnknown, or TargetFailed where the import raises."""
        # Called an instrument wherever it is named.
        super().__init__(ref, kind="scripted", name=f"{ref.rpartition(':')[2]} (scripted instrument)")

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """A case that is no scenario: nothing is written down that it could say."""
        del key, seed
        failure = Failure(kind="TargetFailed", message=f"{self._ref} is a scripted agent, {case.id} is no scenario")
        return Outcome(failure=failure, latency_s=0.0, started_at=EPOCH)

    @asynccontextmanager
    async def converse(self, case: Case, key: TrialKey, seed: int, world: World) -> AsyncIterator[ScriptedTalk]:
        """See Conversant."""
        del key
        yield ScriptedTalk(self._ref, self._function, self._threads, case, seed, world)
