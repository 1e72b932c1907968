"""steps, tools and arguments: whether the right tools were called, in order, and with what."""

from __future__ import annotations

from collections.abc import Iterable

from evalplat.records import Episode, Finish, Scenario, ToolCall, ToolCheck, canonical_json

from .base import Judged, quoted
from .conditions import value_holds
from .episode import EpisodeCheck
from .episode_finish import how_it_ended


def fits(check: ToolCheck, call: ToolCall) -> bool:
    """Whether a call is of this tool with such arguments; one that was not handed over fits only `exists: false`."""
    return call.tool == check.tool and all(
        value_holds(test, call.args[name]) if name in call.args else test.exists is False
        for name, test in check.args.items()
    )


def steps(scenario: Scenario, episode: Episode) -> Judged:
    """1 where no required tool was skipped.

    Skipped is one that was never made although the agent brought the matter to an end, or not before `before` first
    succeeded. A call that failed by an injected fault has not been made; one that the tool refused has, and whether
    for wrong arguments is said by `arguments`. An agent that stopped short (gave up, out of turns) has skipped
    nothing: that it stopped is said by `finished`, and what is missing by `end_state`.
    """
    how, _ = how_it_ended(scenario.finish or Finish(), episode)
    for must in scenario.must_call:
        done = [at for at, call in enumerate(episode.tool_calls) if call.tool == must.tool and _made(call)]
        if must.before is not None:
            later = [at for at, c in enumerate(episode.tool_calls) if c.tool == must.before and c.had_effect]
            if later and (not done or done[0] > later[0]):
                return Judged(0.0, f"{must.before} was called without {must.tool} before it{_because(must)}")
        if not done and how in ("complete", "hand_off") and how == (scenario.finish or Finish()).expects:
            return Judged(0.0, f"{must.tool} was never called, or not again after a fault{_because(must)}")
    return Judged(1.0, "no required tool was skipped")


def tools(scenario: Scenario, episode: Episode) -> Judged:
    """1 where no forbidden tool was called, and none that is not on offer."""
    forbidden = {check.tool: check for check in scenario.never_call if not check.args}
    for call in episode.tool_calls:
        if call.tool in forbidden:
            return Judged(0.0, f"{call.tool} was called{_because(forbidden[call.tool])}")
        if call.tool not in episode.tools:
            return Judged(0.0, f"{call.tool} was called, which is not on offer")
    return Judged(1.0, "no forbidden tool was called")


def arguments(scenario: Scenario, episode: Episode) -> Judged:
    """1 where required tools got the arguments that they must, not too often, and none got forbidden ones.

    A required tool that was not called at all is a matter of `steps`.
    """
    for must in scenario.must_call:
        tried = [call for call in episode.tool_calls if call.tool == must.tool]
        right = [call for call in tried if fits(must, call)]
        if tried and not right:
            return Judged(0.0, f"{must.tool} was called with {_shown(tried)}{_because(must)}")
        done = [call for call in right if call.had_effect]
        if must.at_most is not None and len(done) > must.at_most:
            return Judged(0.0, f"{must.tool} succeeded {len(done)} times, at most {must.at_most}{_because(must)}")
    for never in scenario.never_call:
        wrong = [call for call in episode.tool_calls if never.args and fits(never, call)]
        if wrong:
            return Judged(0.0, f"{never.tool} was called with {_shown(wrong)}{_because(never)}")
    return Judged(1.0, "the arguments are as they should be")


def _made(call: ToolCall) -> bool:
    """Whether a call was made: one that met a fault and failed has to be made again."""
    return call.had_effect or call.fault is None


def _because(check: ToolCheck) -> str:
    return f" ({check.why})" if check.why else ""


def _shown(calls: Iterable[ToolCall]) -> str:
    return "; ".join(quoted(canonical_json(call.args), 120) for call in list(calls)[:2])


def _has_arguments(scenario: Scenario) -> bool:
    wanted = any(must.args or must.at_most is not None for must in scenario.must_call)
    return wanted or any(never.args for never in scenario.never_call)


STEPS = EpisodeCheck(lambda scenario: bool(scenario.must_call), steps)
TOOLS = EpisodeCheck(lambda s: any(not n.args for n in s.never_call) or s.environment.tools is not None, tools)
ARGUMENTS = EpisodeCheck(_has_arguments, arguments)
