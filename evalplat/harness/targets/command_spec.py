"""What a command target is: `cmd:COMMAND`, or a YAML file with `command`; its fingerprint and its environment."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from evalplat.errors import ReferenceUnknown, SpecError
from evalplat.records import Record, build, content_hash, parse_yaml
from evalplat.runtime.telemetry import looks_secret

PREFIX = "cmd:"
PASSED_VARIABLE = "EVALPLAT_TARGET_ENV"
"""Names of variables, by commas, that a `cmd:` target gets although they look like secrets."""

_OURS = ("EVALPLAT_", "MLFLOW_")


class _CommandFile(Record):
    command: tuple[str, ...] | str = Field(min_length=1)
    answer: Literal["auto", "text", "json", "lines"] = "auto"
    timeout_s: float = Field(default=300.0, gt=0)
    files: tuple[str, ...] = ()
    env: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command and how it is asked. `folder` is where it runs, and where the paths that it names begin."""

    ref: str
    arguments: tuple[str, ...]
    folder: Path
    answer: Literal["auto", "text", "json", "lines"] = "auto"
    timeout_s: float = 300.0
    files: tuple[str, ...] = ()
    """Files and folders that its behaviour depends on, beside those that the command itself names."""
    env: tuple[str, ...] = ()
    """Names of variables that it gets although they look like secrets."""

    @property
    def fingerprint(self) -> str:
        """Hash of the command, how it is asked, and the content of every file that it or `files` name.

        Raises ReferenceUnknown where one of `files` is not there.
        """
        named = {path: sha for argument in self.arguments for path, sha in self._hashes(argument)}
        for name in self.files:
            found = dict(self._hashes(name))
            if not found and not (self.folder / name).is_dir():
                raise ReferenceUnknown(f"{self.ref}: files: there is no {name}, looked for from {self.folder}")
            named |= found
        return content_hash(["command", self.arguments, self.answer, named])

    def environment(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables it gets: ours but for secrets and evalplat's own settings. Raises SpecError for one not set."""
        own = os.environ if own is None else own
        missing = [name for name in self.env if name not in own]
        if missing:
            raise SpecError(f"env: {missing[0]} is not set", where=self.ref)
        return {
            name: value
            for name, value in own.items()
            if name in self.env or not (name.startswith(_OURS) or looks_secret(name, value))
        }

    def _hashes(self, name: str) -> Iterator[tuple[str, str]]:
        """Each file that a word of the command stands for, alone or behind `=`; a folder's files in order."""
        for word in {name, name.partition("=")[2]} - {""}:
            path = self.folder / word
            try:
                files = sorted(path.rglob("*")) if path.is_dir() and name in self.files else [path]
                for file in files:
                    if file.is_file() and "__pycache__" not in file.parts:
                        yield file.relative_to(path).as_posix() + word, hashlib.sha256(file.read_bytes()).hexdigest()
            except OSError:  # a word longer than a path may be, or a file that may not be read, is none
                continue


def command_of(line: str) -> CommandSpec:
    """The command of `cmd:LINE`: split as a shell does, run without one. Raises SpecError where it cannot be split."""
    try:
        arguments = tuple(shlex.split(line.removeprefix(PREFIX)))
    except ValueError as err:
        raise SpecError(f"is no command line: {err}", where=line) from err
    if not arguments:
        raise SpecError("names no command", where=line)
    passed = tuple(name.strip() for name in os.environ.get(PASSED_VARIABLE, "").split(",") if name.strip())
    return CommandSpec(ref=line, arguments=arguments, folder=Path.cwd(), env=passed)


def command_in(path: Path) -> CommandSpec | None:
    """The command that a YAML file describes; None where it has no `command`, so that it may be an agent's.

    Raises SpecError where it has one and is malformed.
    """
    try:
        data, lines = parse_yaml(path.read_text(encoding="utf-8"), where=str(path))
    except (SpecError, OSError, UnicodeDecodeError):
        return None  # whoever reads it as an agent says what is wrong
    if not isinstance(data, dict) or "command" not in data:
        return None
    spec = build(_CommandFile, data, where=str(path), lines=lines)
    arguments = tuple(shlex.split(spec.command)) if isinstance(spec.command, str) else spec.command
    if not arguments:
        raise SpecError("command: is empty", where=str(path))
    return CommandSpec(
        ref=str(path),
        arguments=arguments,
        folder=path.resolve().parent,
        answer=spec.answer,
        timeout_s=spec.timeout_s,
        files=spec.files,
        env=spec.env,
    )
