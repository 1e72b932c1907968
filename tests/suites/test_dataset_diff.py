"""Content hashes of cases and datasets, and what changed between two."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import CaseError
from evalplat.records import Case, Dataset, Expectation, Label, ScorerSpec, Suite
from evalplat.suites import CaseFile, CaseList, dataset_diff, dataset_facts, load_dataset

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def label(value: object, by: str = "ana") -> Label:
    return Label(name="right", value=value, by=by, at=AT)  # type: ignore[arg-type]


def listed(*cases: Case, where: str = "here") -> CaseList:
    return CaseList(tuple(cases), where=where)


def test_a_hash_can_be_computed_by_anyone_and_leaves_defaults_out():
    case = Case(id="a", input="Grüße?", expect=Expectation(number=2), slices={"z": "1", "b": "2"})
    text = '{"expect":{"number":2.0},"id":"a","input":"Grüße?","slices":{"b":"2","z":"1"}}'
    assert case.content_hash == hashlib.sha256(text.encode()).hexdigest()
    assert Case(id="a", input="x", weight=1, expect=Expectation()).content_hash == Case(id="a", input="x").content_hash


def test_the_hash_of_a_dataset_counts_neither_order_nor_name(tmp_path):
    one, two = Case(id="a", input="x"), Case(id="b", input="y", weight=2)
    first = Dataset(name="n", cases=(one, two))
    hashes = sorted(bytes.fromhex(case.content_hash) for case in (one, two))
    assert first.content_hash == hashlib.sha256(b"evalplat.dataset/1\n" + b"".join(hashes)).hexdigest()
    path = tmp_path / "other.jsonl"
    path.write_text('{"weight": 2, "input": "y", "id": "b"}\n\n{"input":"x","id":"a","tags":[]}')
    assert load_dataset(path).content_hash == first.content_hash == dataset_facts(CaseFile(path)).digest
    assert Dataset(name="n", cases=(one,)).content_hash != first.content_hash


def test_labels_change_the_content_and_not_what_a_run_is():
    plain = Case(id="a", input="x")
    labelled = plain.model_copy(update={"labels": (label(True),)})
    suites = [
        Suite(
            name="s",
            datasets=(Dataset(name="d", cases=(case,)),),
            scorers=(ScorerSpec(metric="m", kind="exact"),),
        )
        for case in (plain, labelled)
    ]
    assert plain.content_hash != labelled.content_hash
    assert suites[0].fingerprint == suites[1].fingerprint
    assert suites[0].questions_sha256 == suites[1].questions_sha256


def test_added_removed_changed_relabelled_and_the_same():
    before = listed(
        Case(id="gone", input="x"),
        Case(id="same", input="x"),
        Case(id="asked", input="x", expect=Expectation(number=1), slices={"t": "u"}),
        Case(id="judged", input="x", expect=Expectation(number=1)),
        Case(id="labelled", input="x", labels=(label(True), label(False, "ben"))),
        where="before",
    )
    after = listed(
        Case(id="labelled", input="x", labels=(label(True), label(True, "ben"))),
        Case(id="judged", input="x", expect=Expectation(answers=("1", "one"))),
        Case(id="asked", input="y", expect=Expectation(number=2), slices={"t": "u"}, weight=3),
        Case(id="new", input="x"),
        Case(id="same", input="x"),
        where="after",
    )
    diff = dataset_diff(before, after)
    assert (diff.added, diff.removed, diff.n_same, diff.n_before, diff.n_after) == (("new",), ("gone",), 1, 5, 5)
    shown = {change.id: {f.field: (f.before, f.after) for f in change.fields} for change in diff.changed}
    assert shown == {"asked": {"input": ("x", "y"), "weight": (None, "3.0"), "expect.number": ("1.0", "2.0")}}
    judged = {change.id: {f.field: (f.before, f.after) for f in change.fields} for change in diff.relabelled}
    assert judged["judged"] == {"expect.number": ("1.0", None), "expect.answers": (None, '["1","one"]')}
    assert list(judged["labelled"]) == ["labels.right by ben"]
    assert not diff.is_empty


def test_long_text_is_shown_where_it_differs():
    long = "word " * 2000
    change = dataset_diff(listed(Case(id="a", input=long + "old end")), listed(Case(id="a", input=long + "new end")))
    field = change.changed[0].fields[0]
    assert field.before is not None and field.before.endswith("word old end") and field.before.startswith("…")
    assert len(field.before) < 120


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, unique_by=lambda pair: pair[0]),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, unique_by=lambda pair: pair[0]),
)
def test_a_diff_accounts_for_every_case(first, second):
    one, other = dict(first), dict(second)
    sides = [[Case(id=str(i), input=f"text {v}") for i, v in side] for side in (first, second)]
    diff = dataset_diff(listed(*sides[0]), listed(*sides[1]))
    assert set(diff.added) == {str(i) for i in other.keys() - one.keys()}
    assert set(diff.removed) == {str(i) for i in one.keys() - other.keys()}
    assert {c.id for c in diff.changed} == {str(i) for i in one.keys() & other.keys() if one[i] != other[i]}
    assert diff.n_same + len(diff.changed) + len(diff.removed) == diff.n_before
    assert diff.is_empty == (one == other)


def test_a_bad_line_in_the_middle_is_named_before_anything_is_said(tmp_path):
    lines = [json.dumps({"id": f"c{i}", "input": "x"}) for i in range(1000)]
    lines[499] = '{"id": "c499", "input": "x", "expect": {"number": "many"}}'
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(CaseError, match=r"d\.jsonl:500: expect\.number: "):
        dataset_diff(listed(Case(id="c0", input="x")), CaseFile(path))
