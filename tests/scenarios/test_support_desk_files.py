"""The support desk that ships: its files are read by the project's own loaders, and hold what they claim."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from evalplat.records import Answer, Case, Suite
from evalplat.runtime.agents import load_agent
from evalplat.runtime.retrieval import Index, Passage, load_passages
from evalplat.scorers import build as build_scorers
from evalplat.scorers.expectation import Expectation, ExpectationOptions
from evalplat.suites import load_policy, load_suite

FOLDER = Path(__file__).parents[2] / "scenarios" / "support_desk"
AGENTS = ("v1", "v2", "v2-reworded", "v3")
TOPICS = {"shipping", "refunds", "warranty", "products", "accounts"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(FOLDER / "suite.yaml")


@pytest.fixture(scope="module")
def passages() -> dict[str, Passage]:
    return {passage.id: passage for passage in load_passages(FOLDER / "passages.jsonl")}


@pytest.fixture(scope="module")
def best_scores(suite: Suite, passages: dict[str, Passage]) -> list[tuple[Case, str, float]]:
    index = Index(tuple(passages.values()), "hybrid")
    hits = [(case, index.search(case.input, 1)[0]) for case in suite.cases]
    return [(case, hit.source_id, hit.score) for case, hit in hits]


def answerable(suite: Suite) -> list[Case]:
    return [case for case in suite.cases if not case.expect.abstain]


def right(case: Case, text: str) -> bool:
    return Expectation(ExpectationOptions()).check(case, Answer(text=text)).value == 1.0


def test_suite_is_large_enough_for_what_it_is_for(suite: Suite, passages: dict[str, Passage]) -> None:
    assert len(passages) >= 40
    assert len(answerable(suite)) >= 150
    assert len(suite.cases) - len(answerable(suite)) >= 12
    assert {scorer.metric for scorer in build_scorers(suite.scorers)} >= {"correct", "cited"}


def test_passages_are_short_and_plain(passages: dict[str, Passage]) -> None:
    words = {passage.id: len(passage.text.split()) for passage in passages.values()}
    assert all(20 < count <= 60 for count in words.values()), words
    assert len({passage.text for passage in passages.values()}) == len(passages)
    assert all(passage.title for passage in passages.values())


def test_every_case_has_a_topic_and_its_passage_as_cluster(suite: Suite, passages: dict[str, Passage]) -> None:
    assert {case.slices["topic"] for case in suite.cases} == TOPICS
    assert len({case.input for case in suite.cases}) == len(suite.cases)
    for case in answerable(suite):
        assert case.expect.sources == (case.cluster,)
        assert case.cluster in passages
    asked = Counter(case.cluster for case in answerable(suite))
    assert set(asked) == set(passages)
    assert all(2 <= count <= 6 for count in asked.values())
    topics = {(case.cluster, case.slices["topic"]) for case in answerable(suite)}
    assert len(topics) == len(passages), "a passage belongs to one topic"


def test_unanswerable_cases_share_no_cluster_with_a_passage(suite: Suite, passages: dict[str, Passage]) -> None:
    silent = [case for case in suite.cases if case.expect.abstain]
    assert all(case.cluster and case.cluster not in passages and not case.expect.sources for case in silent)
    assert all(right(case, "I don't know.") and not right(case, "Yes, we do.") for case in silent)


def test_passage_answers_its_questions_and_no_question_answers_itself(
    suite: Suite, passages: dict[str, Passage]
) -> None:
    for case in answerable(suite):
        assert case.cluster is not None
        passage = passages[case.cluster].text
        assert right(case, passage), f"{case.id}: its passage is no right answer"
        assert not right(case, case.input), f"{case.id}: repeating the question is a right answer"


def test_agents_differ_in_what_their_names_promise() -> None:
    v1, v2, reworded, v3 = (load_agent(FOLDER / "agents" / f"{name}.yaml") for name in AGENTS)
    assert [spec.name for spec in (v1, v2, reworded, v3)] == list(AGENTS)
    assert v1.retrieval is None
    assert v2.retrieval is not None
    assert v1.model == v2.model
    assert v2.diff(reworded) == ("prompts",)
    assert v2.diff(v3) == ("prompts",)
    assert v2.prompts.user == reworded.prompts.user == v3.prompts.user


@pytest.mark.parametrize("name", ["gate.yaml", "gate-superiority.yaml"])
def test_policies_gate_on_metrics_and_slices_of_the_suite(name: str, suite: Suite) -> None:
    policy = load_policy(FOLDER / name)
    metrics = {scorer.metric for scorer in suite.scorers}
    assert {rule.metric for rule in policy.metrics} <= metrics
    assert [rule.metric for rule in policy.metrics if rule.gating] == ["correct"]
    for column in policy.slices:
        assert all(column.removeprefix("slice.") in case.slices for case in suite.cases)


def test_retrieval_finds_the_passage_but_not_always(best_scores: list[tuple[Case, str, float]]) -> None:
    found = [source == case.cluster for case, source, _ in best_scores if not case.expect.abstain]
    assert 0.90 < sum(found) / len(found) < 1.0


def test_abstention_threshold_separates(best_scores: list[tuple[Case, str, float]]) -> None:
    threshold = load_agent(FOLDER / "agents" / "v2.yaml").guardrails.abstain_below
    assert threshold is not None
    silent = [score < threshold for case, _, score in best_scores if case.expect.abstain]
    lost = [score < threshold for case, _, score in best_scores if not case.expect.abstain]
    assert sum(silent) / len(silent) > 0.5
    assert sum(lost) / len(lost) < 0.06


def test_card_states_the_counts_of_the_files(suite: Suite, passages: dict[str, Passage]) -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    open_cases = len(suite.cases) - len(answerable(suite))
    stated = re.search(r"(\d+) passages, (\d+) questions that they answer, (\d+) that they do not", card)
    assert stated is not None
    assert tuple(map(int, stated.groups())) == (len(passages), len(answerable(suite)), open_cases)
    clusters = re.search(r"(\d+) clusters", card)
    assert clusters is not None
    assert int(clusters[1]) == len({case.cluster for case in suite.cases})


def test_margin_of_the_gate_is_the_one_of_the_card() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    (gating,) = (rule for rule in load_policy(FOLDER / "gate.yaml").metrics if rule.gating)
    assert f"margin is {gating.margin}" in card
