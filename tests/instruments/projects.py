"""Projects as `evalplat init` lays them down, and their commands as a user starts them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
OWN = ("MLFLOW_", "EVALPLAT_", "OPENAI_", "GITHUB_", "CI_")


def environment(**more: str) -> dict[str, str]:
    """This process's own, without what would lead a project elsewhere, and with this evalplat first on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200", **more}


def evalplat(
    *args: object, cwd: Path | None = None, env: dict[str, str] | None = None, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """`evalplat ARGS` in a process of its own."""
    return subprocess.run(
        [str(BIN / "evalplat"), *map(str, args)],
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def lay_down(parent: Path, template: str) -> Path:
    """The folder of a fresh project."""
    done = evalplat("init", parent / template, "--template", template)
    assert done.returncode == 0, done.stderr
    return parent / template


def printed_commands(told: str) -> list[str]:
    """The commands that `init` prints, but for the change of folder."""
    return re.findall(r"^  (evalplat .*)$", told, flags=re.MULTILINE)


def passage_in(request: dict[str, Any]) -> str:
    """A model that reads out the text it was given, and has nothing to say without one."""
    user = str(request["messages"][-1]["content"])
    found = re.search(r"Text: (.*?)\n\n", user, flags=re.DOTALL)
    return found.group(1) if found else "We are happy to help."
