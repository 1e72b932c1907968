"""Where output goes: people's lines and tables to standard output, complaints and progress to standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import typer

from evalplat.errors import InputError


def complain(message: str) -> None:
    """One line on standard error."""
    line = " ".join(message.split())
    typer.echo(f"evalplat: {printable(line)}", err=True)


def printable(text: str) -> str:
    """Without control characters: a terminal obeys them, and the text may be a model's."""
    return "".join(c if c in "\n\t" or (c.isprintable() and not "\ud800" <= c <= "\udfff") else "\ufffd" for c in text)


def told(json: str | None, as_json: Callable[[], str], lines: Callable[[], None]) -> None:
    """What a command found: as JSON where that is asked for, and as lines but where JSON takes standard output."""
    if json is not None:
        write(json, as_json())
    if json != "-":
        lines()


def write(target: str, text: str) -> None:
    """Write `text` to a file, or to standard output where the target is `-`. Raises InputError where it cannot be."""
    if target == "-":
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", errors="replace")
    except OSError as err:
        raise InputError(f"cannot be written: {err.strerror or err}", where=target) from err
