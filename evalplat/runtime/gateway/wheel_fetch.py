"""One wheel, without its requirements, through whatever installer this Python has."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_TIMEOUT_S = 600.0


class WheelUnavailable(Exception):
    """No installer could fetch the wheel; the message says why."""


def fetch_wheel(name: str, version: str, folder: Path) -> Path:
    """Download the wheel `name` of `version` into `folder` and hand out its path. Raises WheelUnavailable.

    Uses the ordinary client with its own configuration (index, proxy, certificates): the interpreter's pip where it
    has one, else a pip that can be found and serves it (a venv made by uv has none).
    """
    reasons: list[str] = []
    for pip in _pips():
        reason = _download(pip, f"{name}=={version}", folder)
        wheels = sorted(folder.glob("*.whl"))
        if reason is None and wheels:
            return wheels[0]
        reasons.append(reason or "pip said nothing and fetched nothing")
    raise WheelUnavailable(reasons[0] if reasons else "neither pip nor uv was found")


def _pips() -> Iterator[list[str]]:
    """Commands that behave like pip, best first; each is tried only where the one before failed."""
    if importlib.util.find_spec("pip") is not None:
        yield [sys.executable, "-m", "pip"]
    beside = Path(sys.executable).parent
    for uv in (shutil.which("uv", path=str(beside)), shutil.which("uv")):
        if uv is not None:
            # uv downloads no wheels itself, but runs a pip of its own choosing without installing it anywhere.
            yield [uv, "tool", "run", "--quiet", "pip"]
            break
    base = Path(sys.base_prefix) / ("python.exe" if sys.platform == "win32" else "bin/python3")
    for python in dict.fromkeys(filter(None, (str(base) if base.exists() else None, shutil.which("python3")))):
        if Path(python).resolve() != Path(sys.executable):
            yield [python, "-m", "pip"]


def _download(pip: list[str], requirement: str, folder: Path) -> str | None:
    """None where it worked, else the reason in one line."""
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [*pip, "download", *options, "--dest", str(folder), requirement]
    try:
        done = subprocess.run(  # noqa: S603 our own words, no shell
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"pip took longer than {_TIMEOUT_S:g} s"
    except OSError as error:
        return f"pip cannot be started: {error}"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [f"pip ended with {done.returncode}"])[-1]
