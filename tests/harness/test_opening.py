"""What a user types into a target."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalplat.errors import InputError, ReferenceUnknown, SpecError
from evalplat.harness import AgentTarget, CallableTarget, HttpTarget, open_target
from evalplat.records import AgentSpec

AGENT = """
name: desk
prompts: {system: Answer briefly.}
model: {name: "openai:gpt-test", temperature: 0.5}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("EVALPLAT_TARGET_AUTHORIZATION", raising=False)


def write(path: str, text: str = AGENT) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return path


def test_each_form_opens_its_kind() -> None:
    write("mine/fn_agent.py", "def answer(text): return text")
    agent, function, url = (
        open_target(ref) for ref in [write("agents/a.yaml"), "mine.fn_agent:answer", "https://host.example/ask"]
    )
    assert isinstance(agent, AgentTarget)
    assert isinstance(function, CallableTarget)
    assert isinstance(url, HttpTarget)
    assert [t.info.kind for t in (agent, function, url)] == ["agent", "callable", "http"]
    assert agent.info.name == "desk"
    assert agent.info.ref == "agents/a.yaml"
    assert isinstance(agent.info.spec, AgentSpec)
    assert agent.info.fingerprint == agent.info.spec.fingerprint


def test_model_replaces_that_of_the_agents_file_alone() -> None:
    plain, other = open_target(write("a.yml")), open_target("a.yml", model="openai:gpt-other")
    assert other.info.spec is not None
    assert plain.info.spec is not None
    assert other.info.spec.model.name == "openai:gpt-other"
    assert other.info.spec.model.temperature == 0.5
    assert plain.info.spec.diff(other.info.spec) == ("model",)
    assert plain.info.fingerprint != other.info.fingerprint
    for ref in ("json:dumps", "http://host.example/ask"):
        with pytest.raises(InputError, match="--model replaces the model of an agent's file"):
            open_target(ref, model="openai:x")
    with pytest.raises(SpecError, match=r"--model: model\.name: must be one non-empty line"):
        open_target("a.yml", model="two\nlines")


def test_an_edited_tool_is_another_agent() -> None:
    agent = write("b.yaml", AGENT + "tools: [{name: look, function: 'look_tools:look'}]\n")
    write("look_tools.py", "def look(id: int) -> str:\n    '''Look up.'''\n    return 'old'\n")
    before = open_target(agent)
    assert before.info.fingerprint == open_target(agent).info.fingerprint
    write("look_tools.py", "def look(id: int) -> str:\n    '''Look up.'''\n    return 'new'\n")
    after = open_target(agent)
    write("c.yaml", AGENT + "tools: [{name: look, function: 'json:dumps'}, {name: gone, function: 'no_such:f'}]\n")
    assert open_target("c.yaml").info.fingerprint != after.info.fingerprint  # what is wrong with it, `prepare` says
    assert before.info.spec == after.info.spec
    assert before.info.fingerprint != after.info.fingerprint


@pytest.mark.parametrize(
    "ref", ["", "agent", "agent.json", "ftp://host/x", "module:", ":function", "a b:c", "C:\\a.py"]
)
def test_anything_else_is_told_the_three_forms(ref: str) -> None:
    with pytest.raises(ReferenceUnknown) as error:
        open_target(ref)
    assert all(form in str(error.value) for form in ("AGENT.yaml", "module:function", "http://"))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ReferenceUnknown, match=r"target nope\.yaml: there is no such file, looked for from "):
        open_target("nope.yaml")


def test_a_malformed_agent_names_file_and_field() -> None:
    write("bad.yaml", AGENT.replace("0.5", "9"))
    with pytest.raises(SpecError, match=r"bad\.yaml:4: model\.temperature"):
        open_target("bad.yaml")
