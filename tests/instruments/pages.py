"""Pages of the documentation: their commands as a reader would type them, and what they promise of these.

In a page

- a fenced block `sh` holds commands, each ending with 0 unless `# exit N` stands behind it;
- a fenced block whose first line is `# NAME` (`# gate.yaml`, `# tools.py`) is a file of that name, there once the page
  comes to it; one behind the last command is there from the start;
- a fenced block `text` holds lines that the page's commands print; numbers, run ids and what `...` leaves out may
  differ;
- `RUN` in a command is the run id that was printed last, and `cd FOLDER` holds for what follows;
- a comment `<!-- provider: down -->` says how the provider is from there on.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from instruments.projects import environment

COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Modules are compiled once, as on a reader's machine, and not for each command: that is half of its time."""
_TOKEN = re.compile(
    r"^<!-- provider: (?P<provider>\w+) -->$|^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(r"# ([\w.-]+/)*[\w-]+\.(yaml|py|toml|json)$")
_EXIT = re.compile(r"\s+# exit (\d+)\b.*$")
_RUN_ID = re.compile(r"\b\d{8}-\d{6}-\w{5}\b")
_NUMBER = re.compile(r"[-+]?\d[\d,.]*\d|[-+]?\d")


@dataclass(frozen=True)
class Command:
    """A command line and the exit code that the page says."""

    text: str
    exit_code: int


@dataclass(frozen=True)
class Provider:
    """From here on the provider is as `state` says."""

    state: str


@dataclass(frozen=True)
class File:
    """A file that the page shows."""

    name: str
    text: str


@dataclass(frozen=True)
class Page:
    """What a page has to be held to."""

    steps: tuple[Command | Provider | File, ...]
    printed: tuple[str, ...]
    """Lines that the commands are said to print."""
    infos: tuple[str, ...]
    """What stands behind the opening of every fenced block, in order."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands alone."""
        return tuple(step for step in self.steps if isinstance(step, Command))


@dataclass
class Played:
    """What became of the commands of a page."""

    output: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def read_page(text: str) -> Page:
    """The page of a Markdown text."""
    steps: list[Command | Provider | File] = []
    printed: list[str] = []
    infos: list[str] = []
    for found in _TOKEN.finditer(text):
        if found["provider"]:
            steps.append(Provider(found["provider"]))
            continue
        infos.append(found["info"])
        first, _, rest = found["body"].partition("\n")
        if found["info"] == "sh":
            steps.extend(commands_of(found["body"]))
        elif found["info"] == "text":
            printed.extend(line for line in found["body"].splitlines() if line.strip())
        elif _FILE.match(first):
            steps.append(File(first.removeprefix("# "), rest))
    last = max((place for place, step in enumerate(steps) if isinstance(step, Command)), default=-1)
    return Page((*steps[last + 1 :], *steps[: last + 1]), tuple(printed), tuple(infos))


def commands_of(block: str) -> list[Command]:
    """Each command of a block; a backslash at its end goes on with the next line, a line of `#` says something."""
    lines = re.sub(r"[ \t]*\\\n[ \t]*", " ", block).splitlines()
    found = []
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            said = _EXIT.search(line)
            found.append(Command(_EXIT.sub("", line).strip(), int(said[1]) if said else 0))
    return found


def play(
    page: Page,
    folder: Path,
    env: dict[str, str] | None = None,
    provider: Callable[[str], None] | None = None,
    enter: Callable[[Path], None] | None = None,
    timeout: float = 240,
) -> Played:
    """Run the page's commands in order in `folder`, and hold them to their exit codes.

    `enter` is told each folder that the page goes into.
    """
    done = Played()
    for step in page.steps:
        if isinstance(step, Provider):
            if provider is None:
                raise ValueError(f"a page speaks of a provider ({step.state}), and none is there")
            provider(step.state)
        elif isinstance(step, File):
            (folder / step.name).write_text(step.text, encoding="utf-8")
        elif moved := re.fullmatch(r"cd (\S+)", step.text):
            folder = folder / moved[1]
            if enter is not None:
                enter(folder)
        else:
            _run(step, folder, env or {}, done, timeout)
    return done


def _run(command: Command, folder: Path, env: dict[str, str], done: Played, timeout: float) -> None:
    known = _RUN_ID.findall(done.output)
    text = re.sub(r"\bRUN\b", known[-1], command.text) if known else command.text
    began = time.perf_counter()
    ran = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text],
        cwd=folder, env=environment(**{**COMPILED, **env}), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    done.seconds[command.text] = time.perf_counter() - began
    done.output += f"$ {command.text}\n{ran.stdout}{ran.stderr}"
    if ran.returncode != command.exit_code:
        said = ran.stderr[-2000:]
        done.wrong.append(f"`{command.text}` ended with {ran.returncode}, not {command.exit_code}: {said}")


def unprinted(page: Page, output: str) -> list[str]:
    """The lines that the page says are printed and that are not."""
    got = _shape(output)
    return [line for line in page.printed if not re.search(_pattern(line), got)]


def _shape(text: str) -> str:
    """A text without its numbers and run ids, and with single spaces."""
    return re.sub(r"[ \t]+", " ", _NUMBER.sub("0", _RUN_ID.sub("RUN", text)))


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in _shape(line.strip()).split("..."))


def is_shell(info: str) -> bool:
    """Whether a reader would take such a block for commands."""
    return info.split(" ", maxsplit=1)[0] in ("", "sh", "bash", "shell", "console", "zsh")
