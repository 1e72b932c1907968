"""play: one trial of a scenario, from the user's first message to the end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

from evalplat.errors import BudgetExceeded, EvalplatError
from evalplat.harness.failures import describe, one_line, place
from evalplat.harness.target import Conversant, Conversation
from evalplat.records import Answer, Case, Episode, Failure, Message, Outcome, TargetInfo, Trace, TrialKey, Usage
from evalplat.records.episode import Ending

from .spans import EPOCH, trace_of
from .stage import Stage
from .users import Voice
from .world import World


@dataclass
class _Course:
    """How far the conversation is."""

    messages: list[Message] = field(default_factory=list)
    turns: int = 0
    ended: Ending = "max_turns"
    failure: Failure | None = None

    def failed(self, ended: Ending, kind: str, message: str) -> None:
        self.ended, self.failure = ended, Failure(kind=kind, message=one_line(message) or kind)


async def play(case: Case, key: TrialKey, seed: int, target: Conversant, info: TargetInfo, stage: Stage) -> Outcome:
    """One trial. Whatever goes wrong in it is in its outcome, with the episode so far.

    Raises BudgetExceeded with scope `run` where the money or tokens of the whole run are spent.
    """
    assert case.scenario is not None
    started_at, clock_from = datetime.now(UTC), perf_counter()
    world = stage.world(case, seed)
    course = _Course()
    usage = Usage()
    trace: Trace | None = None
    talk: Conversation | None = None
    try:
        voice = stage.voice(case, world, seed=seed, replica=key.trial)
        async with AsyncExitStack() as open_:
            talk = await open_.enter_async_context(target.converse(case, key, seed, world))
            await _talk(case, talk, voice, world, course)
    except BudgetExceeded as err:
        if err.scope == "run":
            raise
        course.failed("agent_failed", type(err).__name__, str(err))
    except EvalplatError as err:
        course.failed("agent_failed", type(err).__name__, str(err))
    finally:
        world.close()
    seconds = perf_counter() - clock_from
    if talk is not None:
        usage, own, trace = talk.usage, talk.seconds, talk.trace
        seconds = world.clock_s if own is None else own
    scripted = talk is not None and talk.seconds is None
    episode = Episode(
        messages=tuple(course.messages),
        tool_calls=tuple(world.calls),
        faults=tuple(world.faults),
        tools=tuple(world.tools),
        turns=course.turns,
        ended=course.ended,
        initial_state=world.initial,
        final_state=world.state,
        seconds=world.clock_s,
    )
    if scripted:
        trace = trace_of(episode, case, key, seed, info)
    return _outcome(course, episode, usage, trace, EPOCH if scripted else started_at, seconds)


async def _talk(case: Case, talk: Conversation, voice: Voice, world: World, course: _Course) -> None:
    assert case.scenario is not None
    text = case.input
    for turn in range(1, case.scenario.max_turns + 1):
        course.messages.append(Message(role="user", text=text, at_s=world.clock_s))
        world.turn = turn
        try:
            reply = await talk.say(text)
        except BudgetExceeded as err:
            if err.scope == "run":
                raise
            course.failed("agent_failed", type(err).__name__, str(err))
            return
        except EvalplatError as err:
            if world.broken is None and not world.cut_off:
                course.failed("agent_failed", type(err).__name__, str(err))
                return
            reply = ""
        if world.broken is not None:
            course.failed("environment_failed", "EnvironmentFailed", str(world.broken))
            return
        course.messages.append(Message(role="agent", text=reply, at_s=world.clock_s))
        course.turns = turn
        if world.cut_off:
            course.ended = "tool_limit"
            return
        try:
            following = await voice.next(reply, tuple(course.messages))
        except Exception as err:  # noqa: BLE001 - a user that cannot go on is no fault of the agent's, and is told apart
            course.failed("environment_failed", "UserFailed", f"{describe(err)} (at {place(err)})")
            return
        if following.text is None:
            course.ended = following.ended
            return
        text = following.text
    course.ended = "max_turns"


def _outcome(
    course: _Course, episode: Episode, usage: Usage, trace: Trace | None, started_at: datetime, seconds: float
) -> Outcome:
    replies: Sequence[str] = episode.replies
    return Outcome(
        answer=None if course.failure is not None else Answer(text=replies[-1] if replies else ""),
        failure=course.failure,
        usage=usage,
        latency_s=max(seconds, 0.0),
        started_at=started_at,
        trace=trace,
        episode=episode,
    )
