"""Pending cases: what they carry, what they lack, and what is there already."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Environment, Expectation, PendingCase, Provenance, Scenario
from evalplat.suites import load_dataset
from evalplat.suites.curation import Beside, Known, without_duplicates

AT = datetime(2026, 3, 1, tzinfo=UTC)
FREE = "How much do I have to order for free shipping within Ireland"


def pending(case_id: str, text: str, **fields) -> PendingCase:
    told = Provenance(source="run:r", case_id=case_id, by="ana", at=AT)
    masked = fields.pop("masked", {})
    return PendingCase(case=Case(id=case_id, input=text, **fields), provenance=told, masked=masked)


def test_what_is_there_is_not_proposed_again_wherever_it_is():
    known = Known(
        (
            ("dataset", Case(id="d", input=f"{FREE}?")),
            ("rejected", Case(id="r", input="Who wrote the book that I bought from you")),
        )
    )
    proposed = [
        pending("a", FREE.upper()),
        pending("b", "Who wrote the book, that I bought from you?"),
        pending("c", "Where is my parcel now"),
        pending("e", "where is my parcel, now?"),
        pending("d", "May I pay by cheque"),
    ]
    kept, gone = without_duplicates(proposed, known, threshold=0.8)
    # an id that is taken gets a number, however new the question is
    assert [(one.case.id, one.case.input) for one in kept] == [
        ("c", "Where is my parcel now"),
        ("d-2", "May I pay by cheque"),
    ]
    assert [(one.case_id, one.of, one.place, one.similarity) for one in gone] == [
        ("a", "d", "dataset", 1.0),
        ("b", "r", "rejected", 1.0),
        ("e", "c", "found", 1.0),
    ]


def test_the_threshold_is_that_of_the_check():
    # shingles of 3 words: 10 and 11, of which 10 are shared
    nearly = [pending("a", f"{FREE} today")]
    known = Known((("dataset", Case(id="d", input=FREE)),))
    assert without_duplicates(nearly, known, threshold=0.9)[1][0].similarity == pytest.approx(10 / 11)
    assert without_duplicates(nearly, known, threshold=0.95)[1] == []


def test_a_case_lacks_what_nobody_can_judge_it_by():
    assert pending("a", "x").lacks == ("an expectation",)
    assert pending("a", "x", expect=Expectation(abstain=True)).lacks == ()
    changed = pending("a", "x", expect=Expectation(answers=("[phone 1]",)), masked={"expect.answers.0": ("phone",)})
    assert changed.lacks == ("an expectation that can be met: masking changed it",)
    assert pending("a", "x", masked={"input": ("e-mail",)}).notes[0] == "masked in the input: e-mail"


def test_no_suite_can_load_what_lies_beside_a_dataset(tmp_path):
    beside = Beside(tmp_path / "d.jsonl")
    beside.put_pending([pending("a", "x")])
    assert beside.pending() == (pending("a", "x"),)
    with pytest.raises(CaseError, match=r"d\.pending\.jsonl:1"):
        load_dataset(beside.pending_path)
    beside.put_pending([])
    assert not beside.pending_path.exists()


def test_lines_that_are_not_meant_stay_as_they_are(tmp_path):
    path = tmp_path / "d.jsonl"
    first, second = '{ "input":"x",  "id":"a" }\r\n', '\n{"id": "b", "input": "y"}'
    path.write_bytes((first + second).encode())
    beside = Beside(path)
    beside.add([Case(id="c", input="z")])
    assert path.read_bytes() == (first + second + '\n{"id":"c","input":"z"}\n').encode()
    beside.change({3: Case(id="b", input="new"), 4: None})
    assert path.read_bytes() == (first + '\n{"id":"b","input":"new"}\n').encode()


def test_a_scenario_in_a_dataset_finds_its_domain_beside_the_file(tmp_path):
    play = Scenario(persona="Ana", goal="g", environment=Environment(domain="domain:DOMAIN"))
    Beside(tmp_path / "d.jsonl").add([Case(id="a", input="x", scenario=play), Case(id="b", input="x")])
    first, second = load_dataset(tmp_path / "d.jsonl").cases
    assert first.scenario is not None
    assert first.scenario.environment.home == tmp_path
    assert (first.content_hash, second.scenario) == (Case(id="a", input="x", scenario=play).content_hash, None)


def test_a_damaged_file_is_named_by_line_and_field(tmp_path):
    path = tmp_path / "d.pending.jsonl"
    data = pending("a", "x").model_dump(mode="json")
    path.write_text(json.dumps(data) + "\n" + json.dumps({**data, "case": {"id": "b"}}))
    with pytest.raises(CaseError, match=r"d\.pending\.jsonl:2: case\.input: Field required"):
        Beside(tmp_path / "d.jsonl").pending()
    with pytest.raises(InputError, match="is packed"):
        Beside(tmp_path / "d.jsonl.gz").locked(tmp_path / "locks").__enter__()
