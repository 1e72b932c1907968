"""Datasets that ship: each has a card, and nothing of its own checks that would shame it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalplat.sdk.dataset import open_dataset
from evalplat.sdk.dataset_check import check

ROOT = Path(__file__).parents[2]
SHIPPED = sorted({path.with_name(path.name.replace(".card.yaml", ".jsonl")) for path in ROOT.glob("*/**/*.card.yaml")})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_dataset_has_a_card_and_no_finding(path: Path):
    card = open_dataset(str(path)).card
    assert card is not None
    assert card.known_gaps
    assert card.contacts
    assert [finding.message for finding in check(str(path)).findings] == []


def test_the_questions_of_the_desk_are_among_them():
    assert ROOT / "scenarios" / "support_desk" / "questions.jsonl" in SHIPPED


def test_the_folder_of_datasets_is_no_package():
    assert (ROOT / "datasets" / "README.md").is_file()
    assert not list((ROOT / "datasets").rglob("*.py"))
