"""Pages of the documentation: their commands as a reader would type them, and what they promise of these.

In a page

- a fenced block `sh` holds commands, each ending with 0 unless `# exit N` stands behind it;
- a fenced block whose first line is `# NAME` (`# gate.yaml`, `# tools.py`) is a file of that name, there from the start;
- a fenced block `text` holds lines that the page's commands print; numbers, run ids and what `...` leaves out may differ;
- `RUN` in a command is the run id that was printed last;
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
class Page:
    """What a page has to be held to."""

    steps: tuple[Command | Provider, ...]
    files: dict[str, str]
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
    steps: list[Command | Provider] = []
    files: dict[str, str] = {}
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
            files[first.removeprefix("# ")] = rest
    return Page(tuple(steps), files, tuple(printed), tuple(infos))


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
    timeout: float = 240,
) -> Played:
    """Run the page's commands in order in `folder`, and hold them to their exit codes."""
    done = Played()
    for name, text in page.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for step in page.steps:
        if isinstance(step, Provider):
            if provider is None:
                raise ValueError(f"a page speaks of a provider ({step.state}), and none is there")
            provider(step.state)
            continue
        known = _RUN_ID.findall(done.output)
        text = re.sub(r"\bRUN\b", known[-1], step.text) if known else step.text
        began = time.perf_counter()
        ran = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", text],
            cwd=folder, env=environment(**(env or {})), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout,
        )  # fmt: skip
        done.seconds[step.text] = time.perf_counter() - began
        done.output += f"$ {step.text}\n{ran.stdout}{ran.stderr}"
        if ran.returncode != step.exit_code:
            done.wrong.append(f"`{step.text}` ended with {ran.returncode}, not {step.exit_code}: {ran.stderr[-2000:]}")
    return done


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
    return info.split(" ")[0] in ("", "sh", "bash", "shell", "console", "zsh")
