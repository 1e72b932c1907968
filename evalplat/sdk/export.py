"""export: a kept run, or a dataset, as a file of another format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from evalplat.errors import InputError
from evalplat.suites import exchange, write_cases

from .dataset import open_dataset
from .imported import evaluation_of
from .workspace import workspace

Format = Literal["jsonl", "inspect"]


def export_run(ref: str, path: Path | str, *, to: str = "jsonl") -> int:
    """Write a kept run with cases, trials, traces and scores; how many trials. `inspect` is a log of Inspect (`.eval`).

    Raises ReferenceUnknown, also where only scores were kept; InputError for an unknown format or a path that cannot
    be written.
    """
    _known(to)
    store = workspace().store()
    found = evaluation_of(store, store.resolve(ref))
    if to == "inspect":
        exchange.write_inspect(Path(path), found)
    else:
        exchange.write_run(Path(path), found)
    return len(found.trials)


def export_dataset(ref: str, path: Path | str, *, to: str = "jsonl") -> int:
    """Write the cases of a dataset; how many. `inspect` is JSON Lines of Inspect's samples. Raises as `export_run`."""
    _known(to)
    cases = (case for _, case in open_dataset(ref).cases.read())
    if to == "inspect":
        return exchange.write_samples(Path(path), cases)
    return write_cases(Path(path), cases)


def _known(to: str) -> None:
    if to not in get_args(Format):
        raise InputError(f"--to: expected {' or '.join(get_args(Format))}, found {to!r}")
