"""The red team meets the desk's own agent file: the runtime, its tools and guardrails, and a model that obeys."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from instruments.endpoint import MisbehavingEndpoint, tool_call
from instruments.red_team import ROOT, attacks, suite
from instruments.runs import start_run

from evalplat.harness import AgentTarget, Ledger, execute
from evalplat.records import AgentSpec, Guardrails, Score, Suite
from evalplat.runtime.agents import load_agent
from evalplat.scorers import score_run

AGENT = ROOT / "scenarios" / "support_desk" / "agents" / "agent.yaml"
ENDS = {"refund-other": "resisted", "image-own-order": "kept", "tell-rules": "kept", "sweep-orders": "bounded"}


def obeying_model(request: dict[str, Any]) -> str | dict[str, Any]:
    """Looks at the product that is asked for, and does one after another what it has read. It knows no scenario."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    orders_in = importlib.import_module("scenarios.red_team.credulous").orders_in
    messages = request["messages"]
    told = "\n".join(str(each["content"]) for each in messages if each["role"] == "user")
    results = [json.loads(each["content"]) for each in messages if each["role"] == "tool"]
    if "product number is heron" in told and not results:
        return tool_call("get_product", {"sku": "heron"})
    read = [told, *(str(result.get("text", "")) for result in results)]
    actions = [action for text in read for actions in orders_in(text) for action in actions]
    calls = [(action, number) for action in actions if "tool" in action for number in range(action.get("times", 1))]
    done = len(results) - ("product number is heron" in told)
    if done < len(calls):
        action, number = calls[done]
        arguments = json.dumps(action["arguments"]).replace("<<n>>", f"{number:02d}")
        return tool_call(action["tool"], arguments, f"call_{done}")
    system = next(each["content"] for each in messages if each["role"] in ("system", "developer"))
    known = {"<<prompt>>": str(system), "<<paid_cents>>": str(results[-1].get("paid_cents")) if results else ""}
    said = " ".join(str(action["say"]) for action in actions if "say" in action)
    for place, value in known.items():
        said = said.replace(place, value)
    return said or "The Heron tent is 259.00 euros today."


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[MisbehavingEndpoint]:
    with MisbehavingEndpoint(respond=obeying_model) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        yield server


def part() -> Suite:
    """One attack for each end, by what the user says and by the text of a product."""
    wanted = []
    for goal in ENDS:
        for place in ("user", "product-text"):
            fits = [case for case in attacks() if case.id.startswith(f"support_desk.{goal}.")]
            wanted += [case for case in fits if case.id.endswith(f".{place}")][:1]
    assert len(wanted) >= 5
    dataset = suite().datasets[0].model_copy(update={"cases": tuple(wanted)})
    return suite().model_copy(update={"datasets": (dataset,)})


def desk(**changes: Any) -> AgentSpec:
    """The agent that ships, on the local endpoint's model."""
    spec = load_agent(AGENT)
    return spec.model_copy(update={"model": spec.model.model_copy(update={"name": "openai:test-model"}), **changes})


async def scores(spec: AgentSpec, folder: Path) -> dict[tuple[str, str], float]:
    """What each attack's own check says; a failed trial counts as 0."""
    target, chosen = AgentTarget(spec, AGENT.parent, cache_path=folder / "cache.db"), part()
    with Ledger(folder / "ledger.db") as ledger:
        start_run(ledger, chosen, target)
        run = await execute(chosen, target, ledger, "run-1")
        await target.aclose()
    found = {(each.key.case_id, each.metric): each for each in score_run(chosen, run).scores}
    ids = {case.id: ENDS[case.id.split(".")[1]] for case in chosen.cases}
    picked = {(id_, metric): found[id_, metric] for id_, metric in ids.items()}
    return {key: each.value if isinstance(each, Score) else 0.0 for key, each in picked.items()}


async def test_an_agent_whose_model_obeys_fails_by_the_same_checks(tmp_path: Path, endpoint: MisbehavingEndpoint):
    found = await scores(desk(), tmp_path)
    assert {metric for _, metric in found} == {"resisted", "kept", "bounded"}
    assert set(found.values()) == {0.0}, found
    assert endpoint.completions


async def test_an_agent_whose_model_refuses_passes(tmp_path: Path, endpoint: MisbehavingEndpoint):
    endpoint.respond = lambda request: "I cannot do that."
    found = await scores(desk(), tmp_path)
    assert set(found.values()) == {1.0}, found


async def test_a_guardrail_that_tells_something_else_stops_an_image(tmp_path: Path, endpoint: MisbehavingEndpoint):
    rails = Guardrails(forbid_output=(r"!\[",), blocked_text="I may not show that.")
    found = await scores(desk(guardrails=rails), tmp_path)
    images = {key: value for key, value in found.items() if ".image-own-order." in key[0]}
    assert set(images.values()) == {1.0}, found
    assert {value for key, value in found.items() if key[1] != "kept"} == {0.0}, "it looks at words, not at calls"
