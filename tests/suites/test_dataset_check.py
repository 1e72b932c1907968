"""Near-duplicates, contradictions, leaks, keys and data about people."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import combinations

import pytest

from evalplat.records import Case, DatasetFinding, Expectation, Label
from evalplat.suites import CaseList, check_alone, check_leak, check_prompt, reading
from evalplat.suites.dataset.shingles import shingled, words_of
from evalplat.suites.dataset.similar import similar

LONG = "How long does a standard parcel to a small island off the western coast take in winter"


def listed(*cases: Case, where: str = "here") -> CaseList:
    return CaseList(cases, where=where)


def found(*cases: Case) -> list[DatasetFinding]:
    return check_alone(reading(listed(*cases)))


def by_the_book(text: str) -> set[tuple[str, ...]]:
    """Three words in a row."""
    words = text.split()
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def plain_jaccard(one: str, other: str) -> float:
    first, second = by_the_book(one), by_the_book(other)
    return len(first & second) / len(first | second)


def garbled(rng: random.Random, text: str, changes: int) -> str:
    words = text.split()
    for _ in range(changes):
        words[rng.randrange(len(words))] = f"x{rng.randrange(10**6)}"
    return " ".join(words)


def test_similarity_is_jaccard_on_word_shingles():
    rng = random.Random(1)
    texts = [" ".join(rng.choices("abcdefgh", k=rng.randint(1, 12))) for _ in range(60)]
    hashed = shingled(texts)
    for one, other in combinations(range(60), 2):
        assert hashed.jaccard(one, other) == pytest.approx(plain_jaccard(texts[one], texts[other]))


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.9])
def test_groups_are_those_that_comparing_all_with_all_gives(threshold):
    rng = random.Random(2)
    texts = []
    for _ in range(75):
        text = " ".join(f"w{rng.randrange(3000)}" for _ in range(rng.randint(30, 120)))
        texts += [text, *(garbled(rng, text, changes) for changes in (1, 1, 3, 6))]
    sets = [by_the_book(text) for text in texts]
    value = {(a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in combinations(range(len(texts)), 2)}
    pairs = {pair for pair, similarity in value.items() if similarity >= threshold}
    result = similar(shingled(texts), threshold=threshold)
    together = {pair for group in result.groups for pair in combinations(group, 2)}
    assert {(one, other) for one, other, _ in result.pairs} <= pairs
    assert all(similarity == pytest.approx(value[one, other]) for one, other, similarity in result.pairs)
    missed = pairs - together
    # 1 - (1 - s^6)^20 at .6 is .61, at .8 .998: what is promised at the threshold, and more above it
    assert len(missed) <= (0.25 if threshold == 0.6 else 0.01) * len(pairs)
    assert len(pairs) > 100


def test_case_punctuation_and_width_do_not_count_and_short_texts_are_compared():
    texts = ["Where's my parcel?", "WHERE S my, parcel", "Ｗｈｅｒｅ s my parcel!!", "yes", "Yes.", "no", "???", "!!!"]
    assert similar(shingled(texts)).groups == ((0, 1, 2), (3, 4))
    assert words_of("Straße ﬁne") == ["strasse", "fine"]


def test_many_equal_texts_are_one_group_and_many_alike_ones_are_owned_up_to():
    assert similar(shingled(["the same words again and again"] * 30_000)).groups == (tuple(range(30_000)),)
    alike = [f"{LONG} {at}" for at in range(300)]
    assert [len(group) for group in similar(shingled(alike), crowd=50).groups] == [300]
    apart = [f"{LONG} {at} {-at} {at}" for at in range(300)]
    assert similar(shingled(apart), crowd=50).crowded == 300
    assert similar(shingled(apart), crowd=300).crowded == 0
    assert similar(shingled(apart), crowd=50).groups == ()


def test_another_process_finds_the_same():
    code = "from evalplat.suites.dataset.shingles import shingled\nprint(shingled(['a b c d', 'ä']).hashes.tolist())"
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert runs == {f"{shingled(['a b c d', 'ä']).hashes.tolist()}\n"}


def test_near_duplicates_across_clusters_are_told_from_those_within():
    within = found(Case(id="a", input=LONG, cluster="k"), Case(id="b", input=LONG + "?!", cluster="k"))
    assert [(f.code, f.cases, f.similarity) for f in within] == [("near_duplicate", ("a", "b"), 1.0)]
    across = found(Case(id="a", input=LONG, cluster="k"), Case(id="b", input=f"{LONG} please", cluster="l"))
    assert [(f.code, f.cases) for f in across] == [("across_clusters", ("a", "b"))]
    assert across[0].similarity == pytest.approx(plain_jaccard(LONG, f"{LONG} please"))
    assert "2 independent ones" in across[0].message
    assert [f.code for f in found(Case(id="a", input=LONG), Case(id="b", input=LONG))] == ["across_clusters"]
    assert found(Case(id="a", input=LONG), Case(id="b", input="Something else entirely, I say")) == []


def test_one_question_with_two_expectations_is_a_contradiction():
    cases = [
        Case(id="a", input="How much?", expect=Expectation(number=1), cluster="k"),
        Case(id="b", input="how much", expect=Expectation(number=2), cluster="k"),
        Case(id="c", input="how much!", expect=Expectation(number=1), cluster="k"),
        Case(id="d", input="much how", expect=Expectation(number=3), cluster="k"),
    ]
    wrong = [f for f in found(*cases) if f.code == "contradiction"]
    assert [f.cases for f in wrong] == [("a", "b", "c")]


def test_keys_and_data_about_people_are_named_by_kind_and_place_and_never_shown():
    note = Label(name="ok", value=True, by="ana", at="2026-03-01T00:00:00Z", note="call +353 1 234 5678")  # type: ignore[arg-type]
    cases = [
        Case(id="a", input="write to joe@fernhill.ie about it", labels=(note,)),
        Case(id="b", input="write to joe@example.com about this"),
        Case(id="c", input="my key", expect=Expectation(answers=("sk-proj-abcdefghij0123456789",))),
    ]
    sensitive = [(f.code, f.cases, f.message) for f in found(*cases)]
    assert sensitive == [
        ("personal_data", ("a",), "data about people (e-mail) in input of 1 case"),
        ("personal_data", ("a",), "data about people (phone) in labels of 1 case"),
        ("secret", ("c",), "a key or token in expect.answers of 1 case"),
    ]


def test_leaks_between_parts_by_text_and_by_cluster():
    train = reading(listed(Case(id="a", input=LONG), Case(id="b", input="x y z", cluster="k"), Case(id="c", input="q")))
    test = reading(listed(Case(id="t", input=f"{LONG}!"), Case(id="u", input="other", cluster="k"), where="test"))
    leaks = check_leak(train, test)
    assert [(f.code, f.cases, f.against) for f in leaks] == [("leak", ("b",), "test"), ("leak", ("a",), "test")]
    assert "cluster 'k' is in both" in leaks[0].message
    assert leaks[1].message == "1 case as good as there: t"
    # a cluster that is called as a case is something else, and two that are alike on one side only are no leak
    assert check_leak(reading(listed(Case(id="k", input="m"), Case(id="l", input="m"))), test) == []


def test_a_case_that_stands_in_a_prompt_is_a_leak():
    cases = reading(
        listed(Case(id="shot", input=LONG), Case(id="short", input="How long?"), Case(id="ok", input=LONG[::-1]))
    )
    prompt = f"Answer briefly.\nQ: {LONG.upper()}?\nA: Five days. How long? Well."
    leaks = check_prompt(cases, ("", prompt), "agent.yaml")
    assert [(f.cases, f.against, f.similarity) for f in leaks] == [(("shot",), "agent.yaml", 1.0)]
    assert check_prompt(cases, ("Q: How long does a standard parcel take in winter",), "agent.yaml") == []
