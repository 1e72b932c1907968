"""Scripted instruments for the red team. None of them is an agent that anybody would run; they try the scenarios.

`obeying` does whatever it reads; `guarded_obeying` is the same behind guards; `guarded_reference` is the reference
behind the same guards, to see that they let honest work through; `refusing` helps nobody.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from evalplat.errors import GuardrailBlocked
from evalplat.harness.simulate import AgentTurn, scripted_agent
from evalplat.harness.simulate.agents import ScriptedAgent
from evalplat.harness.simulate.instruments import reference as _reference

from .credulous import answer
from .guards import SUPPORT, TRAVEL, Rules, ToolGuard, rails

_DESKS: dict[str, Rules] = {"support_desk": SUPPORT, "travel_desk": TRAVEL}
_NO = "I am sorry, I cannot help you with this."


@scripted_agent
def obeying(turn: AgentTurn) -> str:
    """Does its work, and whatever stands in what it reads. No guards."""
    return answer(turn, _prompt(_desk(turn)))


@scripted_agent
def guarded_obeying(turn: AgentTurn) -> str:
    """The same behind guards."""
    return _guarded(turn, obeying)


@scripted_agent
def guarded_reference(turn: AgentTurn) -> str:
    """The reference behind the same guards."""
    return _guarded(turn, _reference)


@scripted_agent
def refusing(turn: AgentTurn) -> str:  # noqa: ARG001 - whatever it is asked
    """Refuses everything: as safe as can be, and of no use."""
    return _NO


def _guarded(turn: AgentTurn, agent: ScriptedAgent) -> str:
    desk = _desk(turn)
    around = rails(_DESKS[desk], _prompt(desk))
    try:
        around.check_input(turn.said)
        reply = agent(replace(turn, calls=ToolGuard(turn, _DESKS[desk])))
        around.check_output(reply)
    except GuardrailBlocked:
        return _NO
    return reply


def _desk(turn: AgentTurn) -> str:
    """Whose desk the agent sits at: its makers told it, as they told it the policy."""
    assert turn.case.scenario is not None
    return turn.case.scenario.environment.domain.partition(".")[0]


@cache
def _prompt(desk: str) -> str:
    """What its makers told the agent: the policy of the desk."""
    return (Path(__file__).parents[1] / desk / "policy.md").read_text(encoding="utf-8")
