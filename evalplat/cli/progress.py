"""A bar on a terminal, plain lines elsewhere; both on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalplat.harness import Progress, ProgressState


@contextmanager
def progress() -> Iterator[Progress]:
    """A reporter of how far a run is."""
    from evalplat.harness import PlainProgress

    if not sys.stderr.isatty():
        yield PlainProgress(sys.stderr)
        return
    with _Bar() as bar:
        yield bar


class _Bar:
    """Rich's progress bar: trials, rate, errors, spend and time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True))
        self._task: int | None = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._rich.stop()

    def update(self, state: ProgressState) -> None:
        """Show a new state; a finished bar stays and the next run gets one of its own."""
        from evalplat.harness import progress_line

        if self._task is None:
            self._rich.start()
            self._task = self._rich.add_task("", total=state.total)
        self._rich.update(self._task, completed=state.done, description=progress_line(state))  # type: ignore[arg-type]
        if state.done >= state.total:
            self._task = None
