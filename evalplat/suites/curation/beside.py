"""The files beside a dataset: NAME.pending.jsonl, NAME.curated.jsonl, NAME.retired.jsonl; and lines of the dataset.

None of them is a dataset: their lines are no cases, so a suite that names one is refused, and the hash of the dataset
is of its own file alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Decided, PendingCase, Record, RetiredCase, build
from evalplat.suites.dataset.dataset import as_line
from evalplat.suites.files import read_text, replaced
from evalplat.suites.json_lines import json_lines

_MAX_BYTES = 512 * 2**20

R = TypeVar("R", bound=Record)


class Beside:
    """What lies beside the dataset file `path`. Reading what is not there gives nothing."""

    def __init__(self, path: Path) -> None:
        self.dataset = path

    @property
    def pending_path(self) -> Path:
        """Cases that wait."""
        return self._named("pending")

    @property
    def curated_path(self) -> Path:
        """What was decided about cases that waited."""
        return self._named("curated")

    @property
    def retired_path(self) -> Path:
        """Cases that left, with the figures."""
        return self._named("retired")

    def pending(self) -> tuple[PendingCase, ...]:
        """Raises CaseError naming line and field."""
        return _read(self.pending_path, PendingCase)

    def decided(self) -> tuple[Decided, ...]:
        """Raises CaseError naming line and field."""
        return _read(self.curated_path, Decided)

    def retired(self) -> tuple[RetiredCase, ...]:
        """Raises CaseError naming line and field."""
        return _read(self.retired_path, RetiredCase)

    def put_pending(self, waiting: Collection[PendingCase]) -> None:
        """All cases that wait from now on; no file where none does."""
        if waiting:
            _write(self.pending_path, waiting)
        else:
            self.pending_path.unlink(missing_ok=True)

    def log(self, decided: Iterable[Decided]) -> None:
        """Add what was decided."""
        _write(self.curated_path, decided, after=self.curated_path)

    def put_retired(self, gone: Collection[RetiredCase]) -> None:
        """All cases that left; no file where none did."""
        if gone:
            _write(self.retired_path, gone)
        else:
            self.retired_path.unlink(missing_ok=True)

    def add(self, cases: Iterable[Case]) -> None:
        """Add cases at the end of the dataset, a line each; the lines that are there stay as they are, to the byte."""
        with replaced(self.dataset) as file:
            last = b"\n"
            for last in _raw_lines(self.dataset):
                file.write(last)
            if not last.endswith(b"\n"):
                file.write(b"\n")
            file.writelines(as_line(case).encode() for case in cases)

    def change(self, lines: Mapping[int, Case | None]) -> None:
        """Put other cases on these lines of the dataset (from 1), or none; all others stay as they are, to the byte."""
        with replaced(self.dataset) as file:
            for number, raw in enumerate(_raw_lines(self.dataset), start=1):
                case = lines.get(number)
                if number not in lines:
                    file.write(raw)
                elif case is not None:
                    file.write(as_line(case).encode())

    @contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        """One curator of a project at a time: what is read inside stays so until it is written. The lock is in
        `folder`, and stays there: one that was taken away could be held twice. Raises InputError for a packed file."""
        if self.dataset.suffix == ".gz":
            raise InputError("is packed: unpack it before it is curated", where=str(self.dataset))
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(str(self.dataset.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        with FileLock(folder / f"{name}.lock"):
            yield

    def _named(self, what: str) -> Path:
        return self.dataset.with_name(f"{self.dataset.stem}.{what}.jsonl")


def _read(path: Path, kind: type[R]) -> tuple[R, ...]:
    if not path.is_file():
        return ()
    where = str(path)
    lines = json_lines(read_text(path, limit=_MAX_BYTES, error=CaseError), where=where, error=CaseError)
    return tuple(build(kind, data, where=f"{where}:{number}", error=CaseError) for number, data in lines)


def _write(path: Path, records: Iterable[Record], *, after: Path | None = None) -> None:
    with replaced(path) as file:
        if after is not None:
            for raw in _raw_lines(after):
                file.write(raw if raw.endswith(b"\n") else raw + b"\n")
        for record in records:
            file.write(record.model_dump_json(exclude_defaults=True).encode() + b"\n")


def _raw_lines(path: Path) -> Iterator[bytes]:
    if path.is_file():
        with path.open("rb") as file:
            yield from file
