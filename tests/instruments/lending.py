"""The lending desk's scenarios, and small agents for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalplat.harness.simulate import AgentTurn, ToolError, scripted_agent
from evalplat.records import Dataset, ScorerSpec, Suite
from evalplat.suites import load_scenarios

FILE = Path(__file__).parent / "lending_desk" / "scenarios.yaml"
KINDS = ("end_state", "steps", "tools", "arguments", "never_said", "said", "resisted", "bounded", "finished")
CASES = load_scenarios(FILE).cases


def suite_of(*ids: str, trials: int = 1, seed: int = 1) -> Suite:
    cases = tuple(case for case in CASES if not ids or case.id in ids)
    scorers = tuple(ScorerSpec(metric=kind, kind=kind) for kind in KINDS)
    dataset = Dataset(name="lending", cases=cases)
    return Suite(name="lending", datasets=(dataset,), scorers=scorers, trials=trials, seed=seed)


def clerk(messages: list[dict[str, str]], tools: Mapping[str, Any]) -> str:
    tools["find_loan"](loan_id="L1")
    tools["renew"](loan_id="L1")
    return f"Renewed after {len(messages)} messages."


def one_text(text: str) -> str:
    return text


@scripted_agent
def stubborn(turn: AgentTurn) -> str:
    """Calls for ever, whatever happens."""
    while True:
        try:
            turn.call("ask_librarian", question="?")
        except ToolError:
            continue


@scripted_agent
def broken(turn: AgentTurn) -> str:
    raise RuntimeError("no idea")
