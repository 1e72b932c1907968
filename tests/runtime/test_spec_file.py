"""An agent's file: what is read, what is refused, and where the complaint points."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from evalplat.errors import SpecError
from evalplat.runtime.agents import load_agent

PASSAGES = b'{"id": "a", "text": "A"}\n'
AGENT = """\
name: v2
prompts:
  system: Answer shortly.
  user: "{passages} {question}"
retrieval:
  passages: passages.jsonl
  top_k: 1
guardrails:
  forbid_output: ["x+"]
"""


def write(folder: Path, text: str | bytes, passages: bytes = PASSAGES) -> Path:
    (folder / "passages.jsonl").write_bytes(passages)
    path = folder / "agent.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_hash_of_the_passages_makes_another_agent(tmp_path: Path) -> None:
    spec = load_agent(write(tmp_path, AGENT))
    assert spec.retrieval is not None
    assert spec.retrieval.passages_sha256 == hashlib.sha256(PASSAGES).hexdigest()
    other = load_agent(write(tmp_path, AGENT, passages=PASSAGES + b'{"id": "b", "text": "B"}\n'))
    assert spec.diff(other) == ("retrieval",)
    assert spec.fingerprint == load_agent(str(write(tmp_path, AGENT))).fingerprint


def test_paths_are_relative_to_the_file_or_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "agents").mkdir()
    write(tmp_path, AGENT)
    for passages in ("../passages.jsonl", str(tmp_path / "passages.jsonl")):
        path = tmp_path / "agents" / "a.yaml"
        path.write_text(AGENT.replace("passages.jsonl", passages))
        assert load_agent(path).retrieval is not None


def test_a_pinned_hash_is_held(tmp_path: Path) -> None:
    pinned = AGENT.replace("top_k: 1", f"passages_sha256: {hashlib.sha256(PASSAGES).hexdigest()}")
    assert load_agent(write(tmp_path, pinned)).retrieval is not None
    with pytest.raises(SpecError, match=r"agent\.yaml:7: retrieval\.passages_sha256: the passages have"):
        load_agent(write(tmp_path, pinned, passages=PASSAGES * 1 + b"\n"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "agent.yaml: is empty"),
        ("- a", "agent.yaml: expected a mapping of fields, found list"),
        ("name: v1\nmodel:\n  temperature: hot\n", "agent.yaml:3: model.temperature"),
        ("name: v1\nmodle: {}\n", "agent.yaml:2: unknown field 'modle'; did you mean 'model'?"),
        ("name: [v1\n", "agent.yaml:2: is not YAML"),
        ("name: v1\nprompts:\n  user: hello\n", "prompts.user must contain {question}"),
        (AGENT.replace("passages.jsonl", "none.jsonl"), "agent.yaml:6: retrieval.passages:"),
        (AGENT.replace("passages.jsonl", "."), "not a file"),
        (AGENT.replace('"x+"', '"x+", "("'), "agent.yaml:9: guardrails.forbid_output.1"),
        (b"name: v1\nprompts: {system: \xff}\n", "agent.yaml:2: is not UTF-8"),
        (b"x" * (1024 * 1024 + 1), "has more than 1048576 bytes"),
        ("a: &a [x]\nb: *a\n", "aliases are not read"),
    ],
)
def test_a_bad_file_is_named_with_line_and_field(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_agent(write(tmp_path, text))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read: No such file or directory; expected an agent's YAML file"):
        load_agent(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match="not a file"):
        load_agent(tmp_path)


def test_every_agent_that_ships_can_be_read() -> None:
    scenarios = Path(__file__).parents[2] / "scenarios"
    specs = {path: load_agent(path) for path in sorted(scenarios.glob("*/agents/*.yaml"))}
    assert len(specs) >= 4
    fingerprints = {spec.fingerprint for spec in specs.values()}
    assert len(fingerprints) == len(specs), "two agents that ship are one and the same"
