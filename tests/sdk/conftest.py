"""Where the verbs are tried: an empty folder with a store of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, from which agents are imported; those that an earlier test imported are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("coins", "coins_helper", "sums"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path
