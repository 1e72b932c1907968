"""Keeper: the kept file of one gate, restored before it, written at each look and after it, however it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import EvalplatError, InputError, StoreError
from evalplat.records import Run

from .kept import KEEP, Change, Restored, gather, restore
from .workspace import Workspace

if TYPE_CHECKING:
    from evalplat.store import KeptFile, Store


class Keeper:
    """Keeps one suite in one file. Killing a gate loses no more than the look that was under way."""

    def __init__(self, path: Path, suite: str, *, place: Workspace, store: Store, keep: int = KEEP) -> None:
        self.path, self.suite = path, suite
        self._place, self._store, self._keep = place, store, keep
        self._gathered: KeptFile | None = None

    def restored(self) -> Restored | None:
        """What the file had that was not here; None where there is no file yet. Raises InputError."""
        if not self.path.exists():
            return None
        return restore(self.path, place=self._place, store=self._store, suite=self.suite)

    def looked(self, run_id: str) -> None:
        """Write the file with the trials that a gate's run has by now; all else is as it was at the first look."""
        if self._gathered is None:
            self._gathered = gather(self.suite, place=self._place, store=self._store, keep=self._keep)
        else:
            with self._place.ledger() as ledger:
                run = Run(info=ledger.run_info(run_id), trials=tuple(ledger.trials(run_id)))
            runs = tuple(replace(one, run=run) if one.id == run_id else one for one in self._gathered.runs)
            self._gathered = replace(self._gathered, runs=runs)
        self._gathered.write(self.path)

    def save(self, change: Change | None = None) -> int:
        """Write the file as things stand; its size in bytes. All attempts at `change` are in it."""
        return gather(self.suite, place=self._place, store=self._store, keep=self._keep, change=change).write(self.path)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Where what is done inside ends early, for whatever cause, what there is by then is kept all the same."""
        try:
            yield
        except BaseException as ended:
            with undisturbed():
                self._rescue(ended)
            raise

    def _rescue(self, ended: BaseException) -> None:
        try:
            self.save()
        except InputError as err:
            if err.where is None:
                return  # there is nothing yet
            raise InputError(f"{err}; and the gate itself had ended: {ended or type(ended).__name__}") from ended
        except EvalplatError as err:
            raise StoreError(f"{err}; and the gate itself had ended: {ended or type(ended).__name__}") from ended


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
