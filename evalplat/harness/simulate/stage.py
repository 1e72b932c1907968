"""Stage: what all trials of a suite's scenarios share; what can be wrong with them is said when it is made."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from evalplat.errors import InputError, SpecError
from evalplat.harness.target import Conversant
from evalplat.records import Case, ModelUser, Suite, TargetInfo

from .domain import Domain
from .fitting import check_fits
from .loading import load_domain
from .users import Voice, settings_of, voice_of
from .world import World

if TYPE_CHECKING:
    from evalplat.harness.target import Target
    from evalplat.runtime.gateway import Gateway


class Stage:
    """Domains of the scenarios among `cases`, loaded, and every scenario checked against its domain.

    Raises SpecError naming the case where a domain cannot be loaded, or a scenario names a tool, an argument or a
    place in the state that its domain does not have.
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self._domains: dict[str, Domain] = {}
        self._users: dict[str, ModelUser] = {}
        for case in cases:
            if case.scenario is None:
                continue
            environment = case.scenario.environment
            try:
                domain = load_domain(environment)
                check_fits(case.scenario, domain)
            except InputError as err:
                raise SpecError(str(err), where=f"case {case.id}") from err
            self._domains[case.id] = domain
            if isinstance(case.scenario.user, ModelUser):
                self._users[case.scenario.user.model] = case.scenario.user
        self._open = AsyncExitStack()
        self._gateway: Gateway | None = None

    async def prepare(self) -> None:
        """Reach the models that play users. Raises what `Gateway.check` raises."""
        if not self._users or self._gateway is not None:
            return
        from evalplat.runtime.gateway import Gateway

        gateway = await self._open.enter_async_context(Gateway())
        for user in self._users.values():
            await gateway.check(settings_of(user))
        self._gateway = gateway

    async def aclose(self) -> None:
        """Let go of connections."""
        self._gateway = None
        await self._open.aclose()

    def world(self, case: Case, seed: int) -> World:
        """The environment of one trial."""
        assert case.scenario is not None
        return World(self._domains[case.id], case.scenario, seed)

    def voice(self, case: Case, world: World, *, seed: int, replica: int) -> Voice:
        """The user of one trial."""
        return voice_of(case, world, self._gateway, seed=seed, replica=replica)


def require_conversant(cases: Iterable[Case], target: object, info: TargetInfo) -> None:
    """Raises SpecError where a case is a scenario and the target cannot be talked with."""
    first = next((case for case in cases if case.scenario is not None), None)
    if first is not None and not isinstance(target, Conversant):
        raise SpecError(
            f"target {info.ref} ({info.kind}) takes one text at a time, and case {first.id} is a conversation: name an "
            "agent's file, a function with a parameter `messages`, or a scripted agent"
        )


def require_playable(suite: Suite, target: Target) -> None:
    """Say before a run is made what would stop all of its scenarios. Raises SpecError."""
    require_conversant(suite.cases, target, target.info)
    Stage(suite.cases)
