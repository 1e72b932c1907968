"""Users: what is said next, and when the conversation is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from evalplat.records import Case, Message, ModelSettings, ModelUser, Scenario, ScriptedUser, Usage, When
from evalplat.records.episode import Ending
from evalplat.scorers.conditions import condition_holds
from evalplat.scorers.patterns import timed_match

from .world import World

if TYPE_CHECKING:
    from evalplat.runtime.gateway import Gateway
    from evalplat.runtime.gateway.session import Session


@dataclass(frozen=True, slots=True)
class Next:
    """What the user does: says `text`, or ends it."""

    text: str | None = None
    ended: Ending = "user_done"


class Voice(Protocol):
    """A simulated user in one conversation."""

    async def next(self, reply: str, messages: Sequence[Message]) -> Next:
        """What it does after a reply of the agent."""
        ...

    @property
    def usage(self) -> Usage:
        """What the user's own model used; no part of the agent's."""
        ...


def holds(when: When, reply: str, world: World) -> bool:
    """Whether all that is given holds now. Raises CannotScore where a pattern takes too long."""
    if when.reply is not None and timed_match(when.reply, reply) is None:
        return False
    if when.called is not None and not any(c.tool == when.called and c.error is None for c in world.calls):
        return False
    state = world.state if when.state else {}
    return all(condition_holds(condition, state, world.initial).value == 1.0 for condition in when.state)


class ScriptedVoice:
    """Says what is written, in the order that ScriptedUser tells."""

    usage = Usage()

    def __init__(self, user: ScriptedUser, world: World) -> None:
        self._user, self._world = user, world
        self._unsaid = list(user.turns)
        self._told: Mapping[str, int] = {}
        self._puzzled = 0

    async def next(self, reply: str, messages: Sequence[Message]) -> Next:  # noqa: ARG002 - it needs the reply alone
        """See Voice."""
        user = self._user
        if user.until is not None and holds(user.until, reply, self._world):
            return Next()
        facts = [
            name
            for name, fact in user.facts.items()
            if self._told.get(name, 0) < fact.times and timed_match(fact.asked, reply) is not None
        ]
        if facts:
            self._told = {**self._told, **{name: self._told.get(name, 0) + 1 for name in facts}}
            return Next(" ".join(user.facts[name].say for name in facts))
        for turn in self._unsaid:
            if turn.when is None or holds(turn.when, reply, self._world):
                self._unsaid.remove(turn)
                return Next(turn.say)
        if not self._unsaid and user.until is None:
            return Next()
        if user.otherwise is not None and self._puzzled < user.patience:
            self._puzzled += 1
            return Next(user.otherwise)
        return Next(ended="user_gave_up")


class ModelVoice:
    """A model that plays the user, through the gateway."""

    def __init__(self, case: Case, user: ModelUser, world: World, session: Session) -> None:
        self._user, self._world, self._session = user, world, session
        assert case.scenario is not None
        self._system = _told(case.scenario, user)

    @property
    def usage(self) -> Usage:
        """See Voice."""
        return self._session.usage

    async def next(self, reply: str, messages: Sequence[Message]) -> Next:
        """See Voice. Raises ModelError where the user's model cannot be asked."""
        user = self._user
        if user.until is not None and holds(user.until, reply, self._world):
            return Next()
        # Seen from the user's side: what the agent said was said to it.
        roles = {"user": "assistant", "agent": "user"}
        said = [{"role": roles[message.role], "content": message.text} for message in messages]
        try:
            answer = await self._session.client.chat.completions.create(
                model=self._session.model,
                messages=[{"role": "system", "content": self._system}, *said],  # type: ignore[list-item]
                temperature=user.temperature,
                max_tokens=user.max_tokens,
            )
        except Exception as err:
            raise (self._session.last_error or err) from err
        text = (answer.choices[0].message.content or "").strip()
        return Next() if not text or user.stop in text else Next(text)


def voice_of(case: Case, world: World, gateway: Gateway | None, *, seed: int, replica: int) -> Voice:
    """The user of a case's scenario."""
    assert case.scenario is not None
    user = case.scenario.user
    if isinstance(user, ScriptedUser):
        return ScriptedVoice(user, world)
    assert gateway is not None
    return ModelVoice(case, user, world, gateway.session(settings_of(user), replica=replica, seed=seed))


def settings_of(user: ModelUser) -> ModelSettings:
    """How the user's model is asked."""
    return ModelSettings(name=user.model, temperature=user.temperature, max_tokens=user.max_tokens)


def _told(scenario: Scenario, user: ModelUser) -> str:
    return (
        "You play a customer who talks with an assistant; you are not the assistant. Write only what the customer says "
        f"next, in a sentence or two.\nWho you are: {scenario.persona}\nWhat you want: {scenario.goal}\n{user.brief}\n"
        f"When you have what you want, or see that you will not get it, write {user.stop} and nothing else."
    )
