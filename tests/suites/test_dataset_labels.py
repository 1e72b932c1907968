"""Labels: on cases, and agreement against values from the literature."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Label
from evalplat.suites import CaseFile, CaseList, agreement, labelled, latest_labels, load_labels

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: 4 observers, 12 units.
OBSERVED = {
    "A": "123321412...",
    "B": "1233224125.3",
    "C": ".333234225 1.".replace(" ", ""),
    "D": "1233244125 1.".replace(" ", ""),
}


def krippendorffs() -> dict[str, dict[str, int]]:
    return {
        f"u{unit}": {person: int(row[unit]) for person, row in OBSERVED.items() if row[unit] != "."}
        for unit in range(12)
    }


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_own_example(level, alpha):
    found = agreement("grade", krippendorffs(), level=level)
    assert found.alpha == pytest.approx(alpha, abs=0.0006)
    assert (found.n_cases, found.n_pairable, found.kappa) == (12, 11, None)
    assert found.people == {"A": 9, "B": 11, "C": 10, "D": 11}
    assert found.disputed == ("u1", "u5", "u7")


def two(both_yes: int, first_yes: int, second_yes: int, both_no: int) -> dict[str, dict[str, bool]]:
    pairs = [(True, True)] * both_yes + [(True, False)] * first_yes + [(False, True)] * second_yes
    pairs += [(False, False)] * both_no
    return {f"c{i}": {"ana": one, "ben": other} for i, (one, other) in enumerate(pairs)}


def test_cohens_kappa_of_a_known_table():
    # 20, 5, 10, 15: observed 0.7, by chance 0.5
    found = agreement("right", two(20, 5, 10, 15))
    assert found.kappa == pytest.approx(0.4)
    assert found.kappa_low is not None and found.kappa_high is not None
    assert found.kappa_low < 0.4 < found.kappa_high
    assert found.share_agreed == pytest.approx(0.7)


def test_what_cannot_be_told_has_a_reason_and_no_number():
    same = agreement("right", two(9, 0, 0, 0))
    assert (same.alpha, same.kappa, same.share_agreed) == (None, None, 1.0)
    assert "the same of every case" in (same.alpha_reason or "") and "the same" in (same.kappa_reason or "")
    apart = agreement("right", {"a": {"ana": 1}, "b": {"ben": 2}})
    assert (apart.n_pairable, apart.alpha, apart.share_agreed, apart.kappa) == (0, None, None, None)
    assert "no case was labelled by two people" in (apart.alpha_reason or "")
    assert "3 labelled" in (agreement("x", {"a": {"p": 1, "q": 2, "r": 1}}).kappa_reason or "")


def test_true_is_not_one_and_one_is_one_point_nought():
    assert agreement("x", {"a": {"p": True, "q": 1}, "b": {"p": 1, "q": 1.0}}).disputed == ("a",)
    with pytest.raises(InputError, match="--level ordinal: label 'x' of case 'a' by p is no number: 'high'"):
        agreement("x", {"a": {"p": "high", "q": 1}}, level="ordinal")


def test_the_latest_answer_of_a_person_counts():
    early, late = (Label(name="ok", value=v, by="ana", at=AT + timedelta(days=d)) for v, d in ((True, 0), (False, 1)))
    case = Case(id="a", input="x", labels=(late, early))
    assert latest_labels(CaseList((case,), where="here")) == {"ok": {"a": {"ana": False}}}
    with pytest.raises(InputError, match="no case has a label 'other'"):
        latest_labels(CaseList((case,), where="here"), "other")


def test_labels_go_onto_cases_once(tmp_path):
    path = tmp_path / "labels.jsonl"
    row = {"case_id": "a", "name": "ok", "value": True, "by": "ana", "at": "2026-03-01T12:00:00Z"}
    path.write_text("\n".join(json.dumps(r) for r in (row, row, row | {"by": "ben", "value": "no", "note": "late"})))
    labels = load_labels(path)
    cases = CaseList((Case(id="a", input="x"), Case(id="b", input="y")), where="here")
    once = tuple(labelled(cases, labels))
    assert [(label.by, label.value, label.at) for label in once[0].labels] == [("ana", True, AT), ("ben", "no", AT)]
    assert once[1] == cases.cases[1]
    assert tuple(labelled(CaseList(once, where="here"), labels)) == once
    (tmp_path / "d.jsonl").write_text("".join(case.model_dump_json(exclude_defaults=True) + "\n" for case in once))
    assert [case for _, case in CaseFile(tmp_path / "d.jsonl").read()] == list(once)
    with pytest.raises(CaseError, match="here: has no case 'a'"):
        list(labelled(CaseList((Case(id="b", input="y"),), where="here"), labels))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"at": "2026-03-01T12:00:00"}, ":1: at: "),
        ({"by": ""}, ":1: by: "),
        ({"value": None}, ":1: value"),
        ({"value": [1]}, ":1: value"),
        ({"extra": 1}, ":1: unknown field 'extra'"),
        ({"case_id": ""}, ":1: case_id: "),
    ],
)
def test_a_label_that_is_none(tmp_path, change, says):
    path = tmp_path / "labels.jsonl"
    row = {"case_id": "a", "name": "ok", "value": True, "by": "ana", "at": "2026-03-01T12:00:00Z"}
    path.write_text(json.dumps(row | change))
    with pytest.raises(CaseError) as caught:
        load_labels(path)
    assert str(caught.value).startswith(f"{path}{says}")
