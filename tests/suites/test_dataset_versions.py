"""Kept versions: found by content, never half there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalplat.errors import CaseError, InputError, ReferenceUnknown, SpecError
from evalplat.records import Card
from evalplat.suites import CaseFile, DatasetVersions, dataset_diff, dataset_facts, load_card

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CARD = Card(source="written", licence="CC0-1.0", intended_use="tests", known_gaps=(), contacts=("ana",))


def written(path: Path, *lines: str) -> CaseFile:
    path.write_text("\n".join(lines))
    return CaseFile(path)


def test_a_version_gives_back_what_was_kept_and_equal_content_is_no_new_one(tmp_path):
    kept = DatasetVersions(tmp_path / "kept")
    cases = written(tmp_path / "d.jsonl", '{"id":"a","input":"ä","expect":{"number":1}}', '{"id":"b","input":"y"}')
    first = kept.keep("d", cases, at=AT, message="m", card=CARD)
    turned = written(tmp_path / "e.jsonl", *reversed((tmp_path / "d.jsonl").read_text().split("\n")))
    again = kept.keep("d", turned, at=AT, card=CARD)
    assert (first.number, first.ref, first.digest, first.card) == (1, "d@v1", dataset_facts(cases).digest, CARD)
    assert again == first
    assert dataset_diff(kept.cases(first), cases).is_empty
    second = kept.keep("d", written(tmp_path / "d.jsonl", '{"id":"a","input":"z"}'), at=AT)
    assert second.number == 2
    assert kept.versions("d") == (first, second)
    assert kept.find("d") == kept.find("d", "v2") == kept.find("d", second.digest[:8]) == second
    assert kept.find("d", "v1") == first
    assert kept.of_digest(first.digest) == (first,)
    # back to the first content: a version of its own, in the same file
    assert kept.keep("d", kept.cases(first), at=AT).number == 3
    assert len(list((tmp_path / "kept" / "objects").iterdir())) == 2


def test_nothing_is_half_kept(tmp_path):
    kept = DatasetVersions(tmp_path / "kept")
    bad = written(tmp_path / "d.jsonl", '{"id":"a","input":"x"}', '{"id":"b"}', '{"id":"c","input":"x"}')
    with pytest.raises(CaseError, match=r"d\.jsonl:2: input: Field required"):
        kept.keep("d", bad, at=AT)
    assert kept.versions("d") == ()
    assert list((tmp_path / "kept" / "objects").iterdir()) == []


@pytest.mark.parametrize("which", ["v2", "v0", "0" * 12, "nonsense"])
def test_what_is_not_there_is_said(tmp_path, which):
    kept = DatasetVersions(tmp_path)
    with pytest.raises(ReferenceUnknown, match="no versions"):
        kept.find("d", which)
    kept.keep("d", written(tmp_path / "d.jsonl", '{"id":"a","input":"x"}'), at=AT)
    with pytest.raises(ReferenceUnknown, match=f"no version '{which}'; it has v1 to v1"):
        kept.find("d", which)


@pytest.mark.parametrize("name", ["../d", "", ".d", "a/b", "a\nb"])
def test_a_name_is_no_path(tmp_path, name):
    cases = written(tmp_path / "d.jsonl", '{"id":"a","input":"x"}')
    with pytest.raises(InputError, match="dataset name"):
        DatasetVersions(tmp_path / "kept").keep(name, cases, at=AT)
    assert not (tmp_path / "kept").exists()


def test_a_card_says_what_it_lacks(tmp_path):
    path = tmp_path / "d.card.yaml"
    path.write_text("source: logs\nlicence: CC0-1.0\nintended_use: tests\ncontacts: [ana]\n")
    with pytest.raises(SpecError, match=r"d\.card\.yaml:1: known_gaps: Field required"):
        load_card(path)
    path.write_text(f"{path.read_text()}known_gaps: [no refunds]\n")
    assert load_card(path).known_gaps == ("no refunds",)
