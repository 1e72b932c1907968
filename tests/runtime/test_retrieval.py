"""Retrieval: the file of passages, the three methods, their scores and their order."""

from __future__ import annotations

import json
import logging
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.errors import SpecError
from evalplat.runtime.retrieval import Index, Method, Passage, load_passages, passages_sha256
from evalplat.runtime.retrieval.words import make_tokenizer, stem

SHOP = {
    "returns": "Returns are accepted within 30 days of delivery.",
    "standard": "Standard shipping takes 3 to 5 business days.",
    "express": "Express shipping costs 12.50 euros and takes one day.",
    "office": "Our headquarters is in Lisbon.",
    "gift": "Gift cards never expire.",
    "aurora": "The Aurora lamp has a two year warranty.",
    "password": "To reset a forgotten password, use the link on the sign-in page.",
}
PASSAGES = tuple(Passage(id=name, text=text) for name, text in SHOP.items())
METHODS: tuple[Method, ...] = ("bm25", "embedding", "hybrid")
INDEXES = {method: Index(PASSAGES, method) for method in METHODS}
anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=200)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("Within how many days must returns be made?", "returns"),
        ("How much does express shipping cost?", "express"),
        ("Is there a warranty on Aurora lamps?", "aurora"),
        ("I forgot my password", "password"),
        ("Which passage says 12.50?", "express"),
    ],
)
def test_the_passage_that_answers_comes_first(method: Method, question: str, best: str) -> None:
    assert INDEXES[method].search(question, 3)[0].source_id == best


def test_meaning_is_found_without_a_word_in_common() -> None:
    question = "How long can I keep an item before sending it back?"
    assert INDEXES["bm25"].search(question, 1) == ()
    assert INDEXES["embedding"].search(question, 1)[0].source_id == "returns"
    assert INDEXES["hybrid"].search(question, 1)[0].source_id == "returns"


@pytest.mark.parametrize("method", METHODS)
@given(question=anything, k=st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_scores_are_finite_bounded_and_in_rank_order(method: Method, question: str, k: int) -> None:
    found = INDEXES[method].search(question, k)
    scores = [citation.score for citation in found]
    assert scores == sorted(scores, reverse=True)
    assert all(math.isfinite(score) and -1 <= score <= 1 for score in scores)
    assert len({citation.source_id for citation in found}) == len(found)
    assert len(found) == min(k, len(PASSAGES)) or method == "bm25"
    assert all(citation.text == SHOP[citation.source_id] for citation in found)
    assert found == INDEXES[method].search(question, k)


@pytest.mark.parametrize("method", METHODS)
def test_equal_passages_keep_the_order_of_the_file(method: Method) -> None:
    twins = [Passage(id=f"p{i}", text="Gift cards never expire.") for i in (3, 1, 2)]
    assert [c.source_id for c in Index(twins, method).search("gift cards", 3)] == ["p3", "p1", "p2"]


def test_a_score_does_not_depend_on_the_length_of_the_question() -> None:
    """An absolute threshold is meaningful: asking twice as much about the same is not twice as good."""
    short = INDEXES["bm25"].search("shipping", 1)[0].score
    long = INDEXES["bm25"].search("shipping shipping shipping shipping", 1)[0].score
    assert short == long
    assert INDEXES["bm25"].search("shipping on zeppelins by moonlight", 1)[0].score < short / 2


def test_bm25_score_by_hand() -> None:
    """Lucene's BM25 (k1 1.5, b 0.75) over the sum of idf, for two passages and a word that is in neither."""
    index = Index([Passage(id="a", text="red apple apple"), Passage(id="b", text="green pear")], "bm25")
    idf_apple = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    idf_missing = math.log(1 + (2 - 0 + 0.5) / (0 + 0.5))
    length = 1.5 * (1 - 0.75 + 0.75 * 3 / 2.5)
    expected = idf_apple * 2 / (2 + length) / (idf_apple + idf_missing)
    (only,) = index.search("apples zebra", 2)
    assert only.source_id == "a"
    assert only.score == pytest.approx(expected, abs=1e-6)


def test_cosine_against_wordllama_itself() -> None:
    from evalplat.runtime.retrieval.embedding import _model

    expected = _model().similarity("Where is your head office?", SHOP["office"])
    found = {c.source_id: c.score for c in INDEXES["embedding"].search("Where is your head office?", 7)}
    assert found["office"] == pytest.approx(float(expected), abs=1e-5)


def test_the_title_is_searched_and_not_handed_on() -> None:
    index = Index([Passage(id="a", title="Zanzibar", text="Open on Mondays."), *PASSAGES], "bm25")
    (found,) = index.search("zanzibar", 1)
    assert (found.source_id, found.text) == ("a", "Open on Mondays.")


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("queries", "query"), ("phrases", "phrase"), ("books", "book"), ("corpus", "corpus"), ("glass", "glass"),
        ("skies", "sky"), ("shoes", "shoes"), ("trees", "trees"), ("gas", "gas"), ("2s", "2s"),
    ],
)  # fmt: skip
def test_plurals(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


def test_numbers_stay_whole_and_width_does_not_matter() -> None:
    words = make_tokenizer()
    assert words("It costs $1,299.95 ... the ４２ Straße, don't!") == ["cost", "1,299.95", "42", "strasse"]


def test_order_is_the_same_in_every_process(tmp_path: Path) -> None:
    """bm25s orders words by their hash; the hash seed differs from process to process."""
    lines = [json.dumps({"id": key, "text": text}) for key, text in SHOP.items()]
    (tmp_path / "p.jsonl").write_text("\n".join(lines), encoding="utf-8")
    program = (
        "import sys; from evalplat.runtime.retrieval import *\n"
        "index = Index(load_passages(sys.argv[1]), 'hybrid')\n"
        "print([(c.source_id, c.score) for c in index.search('Shipping days of lamps and gift cards?', 7)])"
    )
    seen = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", program, str(tmp_path / "p.jsonl")]
        done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONHASHSEED": seed}, check=True)
        assert done.stderr == "", "a vendor talks on the terminal"
        seen.add(done.stdout)
    assert len(seen) == 1


def test_the_root_logger_is_left_alone() -> None:
    program = (
        "import logging; from evalplat.runtime.retrieval import *\n"
        "Index([Passage(id='a', text='b')], 'hybrid').search('b', 1)\n"
        "root = logging.getLogger(); print(root.handlers, root.level)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"[] {logging.WARNING}"
    assert done.stderr == ""


def test_a_huge_question_is_bounded() -> None:
    assert INDEXES["hybrid"].search("shipping " * 500_000, 1)[0].source_id in ("standard", "express")


def test_passages_without_any_word() -> None:
    index = Index([Passage(id="a", text="?!"), Passage(id="b", text="the of")], "bm25")
    assert index.search("anything", 5) == ()
    with pytest.raises(SpecError):
        Index([], "bm25")


def test_load_keeps_order_and_hash(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"id": "b", "text": "B", "title": "T"}\r\n\n{"id": "a", "text": "A\\u2028x"}\n')
    assert [(p.id, p.title, p.text) for p in load_passages(file)] == [("b", "T", "B"), ("a", "", "A\u2028x")]
    before = passages_sha256(file)
    file.write_bytes(file.read_bytes() + b"\n")
    assert passages_sha256(file) != before


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"id": "a", "text": "A"}\n{"id": "a", "text": "B"}\n', "p.jsonl:2: id: 'a' occurs twice"),
        (b'{"id": "a", "text": "A"}\n{"id": "b"}\n', "p.jsonl:2: text: Field required"),
        (b'{"id": "a", "text": "A", "txt": 1}', "p.jsonl:1: unknown field 'txt'"),
        (b'{"id": "a", "text": " "}', "p.jsonl:1: text: is empty"),
        (b'{"id": "a", "id": "b", "text": "A"}', "p.jsonl:1: is not JSON: a key occurs twice"),
        (b'\n{"id": "a", "text": ', "p.jsonl:2: is not JSON"),
        (b'["a"]', "p.jsonl:1: expected a mapping"),
        (b'{"id": "a", "text": "\xff"}', "p.jsonl:1: is not UTF-8 at byte 21"),
        (b'{"id": "a", "text": "\\ud800"}', "p.jsonl:1: text: holds half of a surrogate pair"),
        (b'{"id": "a\\nb", "text": "A"}', "p.jsonl:1: id: must be one non-empty line"),
        (b"[" * 100_000, "p.jsonl:1: is not JSON"),
        (b"\n \n", "p.jsonl: holds no passage"),
        (json.dumps({"id": "a", "text": "x" * 100_001}).encode(), "p.jsonl:1: text: has more than 100000"),
    ],
)
def test_bad_passages_name_file_and_line(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "p.jsonl").write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_passages(tmp_path / "p.jsonl")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    for path, complaint in (
        (tmp_path, "not a file"),
        (tmp_path / "none", "cannot be read"),
        ("/dev/zero", "not a file"),
    ):
        with pytest.raises(SpecError, match=complaint):
            load_passages(path)


@pytest.mark.parametrize(
    ("method", "first", "tells"), [("bm25", 0.85, 0.9), ("embedding", 0.9, 0.9), ("hybrid", 0.9, 0.93)]
)
def test_on_the_support_desk(method: Method, first: float, tells: float) -> None:
    """The right passage comes first, and the score tells answerable questions from others (README has the numbers)."""
    desk = Path(__file__).parents[2] / "scenarios" / "support_desk"
    index = Index(load_passages(desk / "passages.jsonl"), method)
    cases = [json.loads(line) for line in (desk / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    hits, known, unknown = [], [], []
    for case in cases:
        found = index.search(case["input"], 1)
        score = found[0].score if found else 0.0
        if sources := case["expect"].get("sources"):
            hits.append(bool(found) and found[0].source_id in sources)
            known.append(score)
        else:
            unknown.append(score)
    assert len(hits) >= 100
    assert sum(hits) / len(hits) >= first
    pairs = [above > below for above in known for below in unknown]
    assert sum(pairs) / len(pairs) >= tells
