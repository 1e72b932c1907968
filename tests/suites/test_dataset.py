"""load_dataset: what it reads, and how it names what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import CaseError
from evalplat.records import Case, Expectation
from evalplat.suites import load_dataset


def written(folder: Path, *lines: str | bytes, name: str = "cases.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return path


def complaint(path: Path) -> str:
    with pytest.raises(CaseError) as caught:
        load_dataset(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


def test_reads_cases_blank_lines_a_byte_order_mark_and_windows_line_ends(tmp_path):
    path = written(
        tmp_path,
        b'\xef\xbb\xbf{"id": "a", "input": "How much?", "expect": {"answers": ["4.95"], "sources": ["p1"]}}\r',
        "",
        '{"id": "b", "input": "Who?", "expect": {"abstain": true}, "cluster": "p2", "slices": {"topic": "refunds"}}\r',
        "   ",
        name="questions.jsonl",
    )
    dataset = load_dataset(path)
    assert dataset.name == "questions"
    assert dataset.cases == (
        Case(id="a", input="How much?", expect=Expectation(answers=("4.95",), sources=("p1",))),
        Case(id="b", input="Who?", expect=Expectation(abstain=True), cluster="p2", slices={"topic": "refunds"}),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "b", "input": "x", "answer": "y"}', ":2: unknown field 'answer'"),
        ('{"id": "b", "inptu": "x"}', ":2: unknown field 'inptu'; did you mean 'input'? (and 1 more)"),
        ('{"id": "b"}', ":2: input: Field required"),
        ('{"id": "b", "input": "x", "expect": {"tolerance": "wide"}}', ":2: expect.tolerance:"),
        ('{"id": "b", "input": "x", "weight": 0}', ":2: weight:"),
        ('{"id": " b", "input": "x"}', ":2: id:"),
        ('{"id": "a", "input": "x"}', ":2: id: 'a' is already on line 1"),
        ('{"id": "b", "id": "c", "input": "x"}', ":2: key 'id' occurs twice"),
        ('{"id": "b", "input": "x", "expect": {"number": NaN}}', ":2: 'expect': holds NaN"),
        ('{"id": "b", "input": "x", "expect": {"number": 1e999}}', ":2: 'expect': holds NaN or an infinity"),
        ('{"id": "b", "input": "\\ud800"}', ":2: 'input': holds half a surrogate pair"),
        ('{"id": "b", "input": "x", "expect": {"answers": ["4", " "]}}', ":2: expect.answers.1: is empty"),
        ('{"id": "b", "input": "x", "expect": {"pattern": "(a"}}', ":2: expect.pattern: is not a regular expression"),
        ('{"id": "b", "input": "x", "expect": {"json_schema": {"type": "sting"}}}', ":2: expect.json_schema: is not a"),
        ('["b"]', ":2: expected a JSON object, found an array"),
        ("id,input", ":2: is not JSON: Expecting value (column 1)"),
        ('{"id": "b", "input": "x"', ":2: is not JSON:"),
        (b'{"id": "b", "input": "caf\xe9"}', ":2: byte 0xe9 is not UTF-8"),
        ('{"id": "b", "input": ' + "[" * 5000 + "]" * 5000 + "}", ":2: is nested more than 200 deep"),
        ('{"id": "b", "input": ' + "[" * 100_000, ":2: is nested more than 200 deep"),
        ('{"id": "b", "input": "x", "weight": ' + "9" * 5000 + "}", ":2: a number of 5000 digits is too large"),
    ],
)
def test_a_malformed_line_is_named_by_file_line_and_field(tmp_path, line, said):
    assert complaint(written(tmp_path, '{"id": "a", "input": "x"}', line)).startswith(said)


def test_files_that_are_no_datasets(tmp_path):
    assert complaint(tmp_path / "none.jsonl") == ": cannot be read: No such file or directory"
    assert complaint(tmp_path) == ": cannot be read: Is a directory"
    assert complaint(written(tmp_path, "", " ")) == ": has no cases"
    assert "is UTF-16" in complaint(written(tmp_path, '{"id": "a", "input": "x"}'.encode("utf-16")))
    assert "is gzip" in complaint(written(tmp_path, b"\x1f\x8b\x08\x00"))


@given(
    cases=st.lists(
        st.builds(
            Case,
            id=st.from_regex(r"[a-zA-Z0-9:/ü東]{1,8}", fullmatch=True),
            input=st.text(st.characters(codec="utf-8"), min_size=1),
            slices=st.dictionaries(st.sampled_from(["topic", "hard"]), st.sampled_from(["x", "y"])),
            weight=st.floats(0.01, 1e6),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda case: case.id,
    )
)
def test_what_is_written_is_read(tmp_path_factory, cases):
    path = tmp_path_factory.mktemp("d") / "cases.jsonl"
    lines = [json.dumps(case.model_dump(mode="json"), ensure_ascii=index % 2 == 0) for index, case in enumerate(cases)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert load_dataset(path).cases == tuple(cases)


@given(data=st.binary(max_size=200) | st.text(st.sampled_from('{}[]":,idnput\n \\u0d8'), max_size=80).map(str.encode))
def test_any_bytes_give_a_dataset_or_a_case_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("d") / "cases.jsonl"
    path.write_bytes(data)
    with pytest.raises(CaseError) as caught:  # such bytes are no valid case with overwhelming probability
        load_dataset(path)
    assert "\n" not in str(caught.value)
