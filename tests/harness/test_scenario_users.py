"""Users, conditions and environments: what is said when, what holds, and what a hostile file can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instruments.endpoint import MisbehavingEndpoint
from instruments.lending import CASES, FILE, suite_of
from instruments.runs import start_run

from evalplat.errors import CaseError, ModelUnreachable, SpecError
from evalplat.harness import Ledger, execute, open_target
from evalplat.harness.simulate import AgentTurn, Domain, ToolError, scripted_agent
from evalplat.harness.simulate.rehearse import rehearse
from evalplat.harness.simulate.stage import Stage
from evalplat.records import Case, Condition, ValueTest
from evalplat.records.state_path import StatePath
from evalplat.scorers.conditions import condition_holds, value_holds
from evalplat.suites import load_scenarios

HEAD = """
domain: domain:DOMAIN
scenarios:
  - id: a
    persona: Ana.
    goal: Something.
    input: "Hello."
    end_state: {must: [{path: waived, count: 0}]}
"""


def scenario(tmp_path: Path, body: str) -> Case:
    (tmp_path / "domain.py").write_text((FILE.parent / "domain.py").read_text())
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + body)
    return load_scenarios(path).cases[0]


def talk(case: Case, *replies: str) -> tuple[list[str], str]:
    """What the user says to an agent that says these things, and how it ended."""

    @scripted_agent
    def speaker(turn: AgentTurn) -> str:
        return replies[min(sum(m.role == "agent" for m in turn.messages), len(replies) - 1)]

    trial = rehearse(case, speaker)
    assert trial.episode is not None
    return [m.text for m in trial.episode.messages if m.role == "user"], trial.episode.ended


USER = """
    max_turns: 6
    user:
      turns:
        - {say: "Never mind then.", when: {reply: "(?i)sorry"}}
        - {say: "Then go on."}
      facts:
        email: {asked: "(?i)e-?mail", say: "ana@example.org."}
        name: {asked: "(?i)name", say: "I am Ana."}
      otherwise: "Hm."
      until: {reply: "(?i)done"}
"""


@pytest.mark.parametrize(
    ("replies", "said", "ended"),
    [
        (["Done."], [], "user_done"),
        (["Your e-mail and name?", "Done."], ["ana@example.org. I am Ana."], "user_done"),
        (["Name?", "Name?", "done"], ["I am Ana.", "Then go on."], "user_done"),
        (["I am sorry.", "Done"], ["Never mind then."], "user_done"),
        (["What?", "So?", "And?", "Well?"], ["Then go on.", "Hm.", "Hm."], "user_gave_up"),
        (["Name?", "E-mail?", "So?", "Sorry.", "So?", "So?"],
         ["I am Ana.", "ana@example.org.", "Then go on.", "Never mind then.", "Hm."], "max_turns"),
    ],
)  # fmt: skip
def test_what_a_scripted_user_says(tmp_path: Path, replies: list[str], said: list[str], ended: str) -> None:
    assert talk(scenario(tmp_path, USER), *replies) == (["Hello.", *said], ended)


def test_a_user_without_a_script_is_done_after_the_first_reply(tmp_path: Path) -> None:
    assert talk(scenario(tmp_path, ""), "Hello to you.") == (["Hello."], "user_done")


MODEL = """
    max_turns: 5
    user: {kind: model, model: "openai:test-model", brief: "You are in a hurry.", stop: "[BYE]"}
"""


async def model_run(tmp_path: Path, ledger: Ledger, case: Case) -> Any:
    suite = suite_of().model_copy(update={"datasets": (suite_of().datasets[0].model_copy(update={"cases": (case,)}),)})
    target = open_target("evalplat.harness.simulate.rehearse:idle")
    start_run(ledger, suite, target)
    run = await execute(suite, target, ledger, "run-1")
    return run.trials[0]


async def test_a_model_plays_the_user_through_the_gateway(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def user(request: dict[str, Any]) -> str:
        spoken = [m for m in request["messages"] if m["role"] == "assistant"]
        return "Are you sure?" if len(spoken) < 2 else "[BYE]"

    with MisbehavingEndpoint(respond=user) as endpoint:
        for name, value in endpoint.env.items():
            monkeypatch.setenv(name, value)
        trial = await model_run(tmp_path, ledger, scenario(tmp_path, MODEL))
        bodies = [exchange.body for exchange in endpoint.completions]
    assert trial.episode.ended == "user_done"
    assert [m.text for m in trial.episode.messages if m.role == "user"] == ["Hello.", "Are you sure?"]
    system = bodies[0]["messages"][0]["content"]
    assert all(part in system for part in ("Ana.", "Something.", "in a hurry", "[BYE]"))
    # Seen from the user's side: its own words are the assistant's.
    assert [m["role"] for m in bodies[1]["messages"]] == ["system", "assistant", "user", "assistant", "user"]


async def test_a_user_whose_model_is_down_is_said_before_the_first_trial(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(ModelUnreachable):
        await model_run(tmp_path, ledger, scenario(tmp_path, MODEL))
    assert ledger.tally("run-1").done == 0


# -- conditions ----------------------------------------------------------------------------------------------------

STATE = {
    "n": 3, "flag": True, "text": "Emma", "none": None, "list": [1, 2],
    "things": [{"id": "a", "cents": 5}, {"id": "b", "cents": 50}], "by.key": {"x": {"n": 1}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"path": "n", "equals": 3.0}, True),
        ({"path": "flag", "equals": 1}, False),
        ({"path": "n", "equals": "3"}, False),
        ({"path": "n", "not_equals": 4}, True),
        ({"path": "gone", "not_equals": 4}, False),
        ({"path": "gone", "exists": False}, True),
        ({"path": "gone", "empty": True}, True),
        ({"path": "none", "empty": True}, True),
        ({"path": "n", "at_least": 3}, True),
        ({"path": "flag", "at_least": 0}, False),
        ({"path": "text", "matches": "^E"}, True),
        ({"path": "text", "contains": "mm"}, True),
        ({"path": "list", "contains": 2.0}, True),
        ({"path": "list[-1]", "equals": 2}, True),
        ({"path": "list[7]", "exists": True}, False),
        ({"path": "things", "count": 2}, True),
        ({"path": "things[*].cents", "match": "some", "at_least": 50}, True),
        ({"path": "things[*].cents", "match": "every", "at_least": 50}, False),
        ({"path": "things[id=b].cents", "match": "every", "equals": 50}, True),
        ({"path": "things[id=c].cents", "match": "every", "equals": 50}, False),
        ({"path": "things[id=c]", "count": 0}, True),
        ({"path": '["by.key"].x.n', "one_of": [1, 2]}, True),
        ({"path": "$", "unchanged": True}, False),
        ({"path": "$", "unchanged": True, "ignoring": ["n", "things[id=a].cents"]}, True),
        ({"path": "things", "changed": True}, True),
        ({"path": "n", "rises_by": 2}, True),
        ({"path": "text", "rises_by": 0}, False),
    ],
)
def test_a_condition_holds_or_not(condition: dict[str, Any], holds: bool) -> None:
    before = {**STATE, "n": 1, "things": [{"id": "a", "cents": 4}, {"id": "b", "cents": 50}]}
    found = condition_holds(Condition.model_validate(condition), STATE, before)
    assert (found.value == 1.0) is holds, found.why


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"path": "a"}, "exactly one operator"),
        ({"path": "a", "equals": 1, "at_least": 2}, "exactly one operator"),
        ({"path": "a[*]", "equals": 1}, "match: some"),
        ({"path": "a", "equals": 1, "match": "some"}, "goes with a path"),
        ({"path": "a", "equals": 1, "ignoring": ["b"]}, "goes with `unchanged"),
        ({"path": "a[", "equals": 1}, "at character 2"),
    ],
)
def test_an_ambiguous_condition_is_refused(condition: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Condition.model_validate(condition)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_everything_equals_itself_and_is_unchanged(value: Any) -> None:
    state = {"v": value}
    assert condition_holds(Condition(path="$", unchanged=True), state, state).value == 1.0
    if value is not None:
        assert value_holds(ValueTest(equals=value), value)
        assert not value_holds(ValueTest(not_equals=value), value)


@given(JSON, st.sampled_from(["a", "a.b", "a[0]", "b[*]", "c[a=1].b", "$"]))
def test_a_path_finds_in_a_state_without_it_nothing(value: Any, text: str) -> None:
    path = StatePath.parse(text)
    rest = path.without(value)
    if text in ("a", "a.b", "b[*]"):
        assert path.find(rest) == []
    if not path.find(value):
        assert rest == value or text == "$"


# -- hostile and broken --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    environment: {state: {members.m1.fine_cents: -5}}\n", "greater than or equal to 0"),
        ("    environment: {state: {__class__.x: 1}}\n", "nothing that it could be in"),
        ("    environment: {tools: [__init__]}\n", "no tool"),
        ("    must_call: [{tool: renew, args: {desk: x}}]\n", "no argument 'desk'"),
    ],
)
def test_what_does_not_fit_the_domain_is_refused_before_the_first_trial(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(SpecError, match=said) as raised:
        Stage([scenario(tmp_path, body)])
    assert str(raised.value).startswith("case a: ")


@pytest.mark.parametrize("domain", ["os:system", "domain:Desk", "nowhere:DOMAIN"])
def test_a_domain_is_a_domain(tmp_path: Path, domain: str) -> None:
    (tmp_path / "domain.py").write_text((FILE.parent / "domain.py").read_text())
    (tmp_path / "s.yaml").write_text(HEAD.replace("domain:DOMAIN", domain))
    with pytest.raises(SpecError, match="domain"):
        Stage(load_scenarios(tmp_path / "s.yaml").cases)


@pytest.mark.parametrize("domain", ["../x:y", "a b:c", "x", "os.system('true'):x"])
def test_a_reference_is_a_reference(tmp_path: Path, domain: str) -> None:
    (tmp_path / "s.yaml").write_text(HEAD.replace("domain:DOMAIN", f'"{domain}"'))
    with pytest.raises(CaseError, match=r"s.yaml:\d+: .*environment.domain"):
        load_scenarios(tmp_path / "s.yaml")


def test_arguments_that_are_no_json_or_wrong_are_refused_and_kept() -> None:
    heard: list[str] = []

    @scripted_agent
    def odd(turn: AgentTurn) -> str:
        for args in ({"loan_id": 5}, {"loan_id": "L1", "x": 1}, {"loan_id": "L" * 200_000}, {"loan_id": {1, 2}}, {}):
            try:
                turn.calls("find_loan", args)
            except ToolError as err:
                heard.append(str(err))
        try:
            turn.call("drop_tables")
        except ToolError as err:
            heard.append(str(err))
        return "Well."

    trial = rehearse(CASES[1].model_copy(), odd)
    assert trial.failure is None
    assert trial.episode is not None
    assert len(heard) == len(trial.episode.tool_calls) == 6
    assert "wrong arguments: loan_id" in heard[0]
    assert "more than 100000 characters" in heard[2]
    assert heard[-1].startswith("there is no tool 'drop_tables'; there are: find_loan")


def test_a_tool_that_raises_is_the_environments_fault(tmp_path: Path) -> None:
    case = scenario(tmp_path, "    must_call: [{tool: renew}]\n")
    broken = (tmp_path / "domain.py").read_text().replace('.status = "renewed"', '.status = "lost"')
    (tmp_path / "domain.py").write_text(broken)
    case = load_scenarios(tmp_path / "s.yaml").cases[0]

    @scripted_agent
    def renews(turn: AgentTurn) -> str:
        turn.call("renew", loan_id="L1")
        return "Done."

    trial = rehearse(case, renews)
    assert trial.failure is not None
    assert trial.failure.kind == "EnvironmentFailed"
    assert "tool renew" in trial.failure.message
    assert trial.episode is not None
    assert trial.episode.final_state == trial.episode.initial_state


def test_a_domain_says_which_of_its_tools_is_none() -> None:
    from pydantic import BaseModel

    class State(BaseModel):
        n: int = 0

    def no_doc(state: State) -> int:
        return state.n

    def wrong_first(n: int) -> int:
        """Takes no state."""
        return n

    def no_type(state: State, n) -> int:  # type: ignore[no-untyped-def]
        """Says no type."""
        return int(n)

    no_doc.__annotations__ = {"state": State, "return": int}
    no_type.__annotations__ = {"state": State, "return": int}
    for tool, said in ((no_doc, "docstring"), (wrong_first, "first parameter"), (no_type, "no annotation")):
        with pytest.raises(SpecError, match=said):
            Domain(name="d", state=State, start=lambda random: State(), tools=(tool,))
