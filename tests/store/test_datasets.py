"""Versions of datasets among MLflow's datasets."""

from __future__ import annotations

from datetime import UTC, datetime

from mlflow.tracking import MlflowClient

from evalplat.records import Card, DatasetVersion
from evalplat.store import Store


def test_a_version_is_registered_once_with_its_hash_and_card(tmp_path):
    card = Card(source="written", licence="CC0-1.0", intended_use="tests", known_gaps=("few",), contacts=("ana",))
    version = DatasetVersion(
        name="o'neill", number=2, digest="ab" * 32, n_cases=7, at=datetime(2026, 3, 1, tzinfo=UTC), card=card
    )
    store = Store.open(root=tmp_path)
    first = store.register_dataset(version)
    assert store.register_dataset(version) == first
    other = store.register_dataset(version.model_copy(update={"number": 3, "digest": "cd" * 32, "card": None}))
    assert other != first
    found = MlflowClient(store.uri).get_dataset(first)
    assert found.name == "o'neill@v2"
    assert found.tags["evalplat.sha256"] == "ab" * 32
    assert found.tags["evalplat.card.licence"] == "CC0-1.0"
    assert "few" in found.tags["evalplat.card.known_gaps"]
