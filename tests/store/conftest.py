"""A template database made once a session, and stores that are copies of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalplat.store import Store


@pytest.fixture(scope="session", autouse=True)
def template_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache folder of the session."""
    folder = tmp_path_factory.mktemp("evalplat-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALPLAT_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of MLflow from outside."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A fresh store in sqlite."""
    return Store.open(root=tmp_path / ".evalplat")
