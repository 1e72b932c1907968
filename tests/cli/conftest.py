"""The command as a user starts it: in a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Evalplat = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def evalplat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evalplat:
    """Run `evalplat ARGS` in tmp_path; standard output and error are kept apart."""
    command = Path(sys.executable).parent / "evalplat"

    def run(*args: object, env: dict[str, str] | None = None, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(command), *map(str, args)],
            cwd=cwd,
            env={**os.environ, "COLUMNS": "200", **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
