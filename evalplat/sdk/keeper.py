"""Keeper: the kept file of one gate, restored before it, written at each look and after it, however it ends."""

from __future__ import annotations

import getpass
import hashlib
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from evalplat.errors import EvalplatError, InputError, StoreError
from evalplat.records import Run

from .kept import KEEP, Change, Restored, gather, restore
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.store import KeptFile, Store


class Keeper:
    """Keeps one suite in one file. Killing a gate loses no more than the look that was under way.

    Several gates may keep their suite in one file at once: what another one wrote meanwhile is taken over, then both
    are written.
    """

    def __init__(self, path: Path, suite: str, *, place: Workspace, store: Store, keep: int = KEEP) -> None:
        self.path, self.suite = path, suite
        self._place, self._store, self._keep = place, store, keep
        self._gathered: KeptFile | None = None
        self._seen: tuple[int, int, int] | None = None

    def restored(self) -> Restored | None:
        """What the file had that was not here; None where there is no file yet. Raises InputError."""
        with self._alone():
            return self._taken_over()

    def looked(self, run_id: str) -> None:
        """Write the file with the trials that a gate's run has by now; all else is as it was at the first look."""
        with self._alone():
            if self._taken_over() is not None or self._gathered is None:
                self._gathered = gather(self.suite, place=self._place, store=self._store, keep=self._keep)
            else:
                with self._place.ledger() as ledger:
                    run = Run(info=ledger.run_info(run_id), trials=tuple(ledger.trials(run_id)))
                runs = tuple(replace(one, run=run) if one.id == run_id else one for one in self._gathered.runs)
                self._gathered = replace(self._gathered, runs=runs)
            self._write(self._gathered)

    def save(self, change: Change | None = None) -> int:
        """Write the file as things stand; its size in bytes. All attempts at `change` are in it."""
        with self._alone():
            self._taken_over()
            return self._write(
                gather(self.suite, place=self._place, store=self._store, keep=self._keep, change=change)
            )  # fmt: skip

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Where what is done inside ends early, for whatever cause, what there is by then is kept all the same."""
        try:
            yield
        except BaseException as ended:
            with undisturbed():
                self._rescue(ended)
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock(_lock_of(self.path))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except OSError as err:
            raise InputError(f"cannot be written: {err.strerror or err}", where=str(self.path)) from err
        try:
            yield
        finally:
            lock.release()

    def _taken_over(self) -> Restored | None:
        """What the file has of which this gate does not know; None where it is as this gate left it, or not there."""
        now = _stamp(self.path)
        if now is None or now == self._seen:
            return None
        found = restore(self.path, place=self._place, store=self._store, suite=self.suite)
        self._seen = now
        return found

    def _write(self, file: KeptFile) -> int:
        size = file.write(self.path)
        self._seen = _stamp(self.path)
        return size

    def _rescue(self, ended: BaseException) -> None:
        try:
            self.save()
        except InputError as err:
            if err.where is None:
                return  # there is nothing yet
            raise InputError(f"{err}; and the gate itself had ended: {ended or type(ended).__name__}") from ended
        except EvalplatError as err:
            raise StoreError(f"{err}; and the gate itself had ended: {ended or type(ended).__name__}") from ended


def _lock_of(path: Path) -> Path:
    """Where the lock of a kept file is: not beside it, where a checkout would find it new."""
    name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(tempfile.gettempdir(), f"evalplat-{getpass.getuser()}-{name}.lock")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes with each writing, which replaces the file; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C and termination wait: a machine that is being taken away asks more than once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
