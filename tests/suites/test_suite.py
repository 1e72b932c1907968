"""load_suite and load_policy: what they read, and how they name what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalplat.errors import CaseError, SpecError
from evalplat.suites import load_policy, load_suite

SUITE = """\
name: help desk
datasets: [cases/one.jsonl, cases/two.jsonl]
scorers:
  - {metric: correct, kind: expectation}
  - metric: tokens
    kind: tokens
    options: {count: output}
trials: 3
seed: 11
policy: gate.yaml
"""
POLICY = """\
estimand: population
cluster: none
metrics:
  - {metric: correct, rule: non_inferiority, margin: 0.02, range: binary}
  - {metric: tokens, rule: at_most, bound: 5e2, direction: lower, range: [0, 1000], gating: false}
slices: [slice.topic]
on_inconclusive: hold
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "one.jsonl").write_text('{"id": "a", "input": "x"}\n')
    (tmp_path / "cases" / "two.jsonl").write_text('{"id": "b", "input": "y"}\n')
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "gate.yaml").write_text(POLICY)
    return tmp_path


def refused(folder: Path, text: str) -> str:
    (folder / "suite.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_suite(folder / "suite.yaml")
    return str(caught.value).removeprefix(str(folder / "suite.yaml"))


def test_a_suite_with_its_datasets_scorers_and_policy(folder):
    suite = load_suite(folder / "suite.yaml")
    assert (suite.name, suite.trials, suite.seed) == ("help desk", 3, 11)
    assert [dataset.name for dataset in suite.datasets] == ["one", "two"]
    assert [case.id for case in suite.cases] == ["a", "b"]
    assert [(scorer.metric, scorer.kind, scorer.options) for scorer in suite.scorers] == [
        ("correct", "expectation", {}),
        ("tokens", "tokens", {"count": "output"}),
    ]
    assert suite.policy == load_policy(folder / "gate.yaml")


def test_the_policy_of_the_contract(folder):
    policy = load_policy(folder / "gate.yaml")
    assert policy.cluster == "none"
    assert policy.metrics[0].range == "binary"
    assert policy.metrics[1].range == (0.0, 1000.0)
    assert policy.metrics[1].bound == 500.0
    assert policy.slices == ("slice.topic",)


def test_defaults(folder):
    (folder / "suite.yaml").write_text("name: s\ndatasets: [cases/one.jsonl]\nscorers: [{metric: m, kind: latency}]\n")
    suite = load_suite(folder / "suite.yaml")
    assert (suite.trials, suite.seed, suite.policy) == (1, 0, None)


def test_the_fingerprint_follows_the_cases_and_not_the_policy(folder):
    before = load_suite(folder / "suite.yaml").fingerprint
    (folder / "gate.yaml").write_text(POLICY.replace("0.02", "0.03"))
    assert load_suite(folder / "suite.yaml").fingerprint == before
    (folder / "cases" / "one.jsonl").write_text('{"id": "a", "input": "x?"}\n')
    assert load_suite(folder / "suite.yaml").fingerprint != before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trials: 3", "trials: 0", ":8: trials: Input should be greater than or equal to 1, found 0"),
        ("trials: 3", "trails: 3", ":8: unknown field 'trails'; did you mean 'trials'?"),
        ("kind: tokens", "kind: token", ":6: scorers.1.kind: Input should be"),
        ("metric: tokens", "metric: correct", ":1: the whole: scorers: a metric occurs twice"),
        ("cases/two.jsonl", "cases/three.jsonl", ":2: datasets.1: no file"),
        ("policy: gate.yaml", "policy: none.yaml", ":10: policy: no file"),
        ("name: help desk\n", "", ":1: name: Field required"),
        ("seed: 11", "seed: 11\nseed: 12", ":10: key 'seed' occurs twice"),
        ("seed: 11", "seed: {", ": is not YAML"),
    ],
)
def test_a_malformed_suite_is_named_by_file_line_and_field(folder, old, new, said):
    text = refused(folder, SUITE.replace(old, new))
    assert text.startswith(said) or (said.startswith(": ") and said[2:] in text), text
    assert "\n" not in text


def test_other_text_than_a_suite(folder):
    assert "is empty" in refused(folder, "")
    assert "expected a mapping of fields, found list" in refused(folder, "- a\n- b\n")
    assert "nested too deeply" in refused(folder, "a: " + "[" * 100 + "]" * 100)
    assert "nested too deeply" in refused(folder, "[" * 200_000)  # libyaml's composer would end the process


def test_a_case_in_two_datasets_is_named_with_both(folder):
    (folder / "cases" / "two.jsonl").write_text('{"id": "a", "input": "y"}\n')
    with pytest.raises(CaseError, match=r"two\.jsonl: id: 'a' is also in cases/one\.jsonl"):
        load_suite(folder / "suite.yaml")


def test_a_malformed_policy_is_named_by_file_line_and_field(folder):
    path = folder / "gate.yaml"
    path.write_text(POLICY.replace("margin: 0.02, ", ""))
    with pytest.raises(SpecError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(f"{path}:4: metrics.0: rule non_inferiority needs `margin`")
    with pytest.raises(SpecError, match=r"gate\.yaml:4"):
        load_suite(folder / "suite.yaml")
