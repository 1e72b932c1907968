"""A ledger for the tests of the harness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evalplat.harness import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".evalplat" / "ledger.db") as opened:
        yield opened
