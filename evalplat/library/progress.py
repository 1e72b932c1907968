"""Live progress: one line that renews itself in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalplat.harness import Progress, ProgressState

EVERY_S = 0.25
"""A notebook's line is renewed no more often: each time is a message to the browser."""


def progress_of(wanted: Progress | bool) -> Progress | None:
    """Who is told: nobody (False), whoever is named, or (True) the notebook's cell, else standard error."""
    if not isinstance(wanted, bool):
        return wanted
    if not wanted:
        return None
    from evalplat.harness import PlainProgress

    return CellProgress() if in_notebook() else PlainProgress(sys.stderr)


def in_notebook() -> bool:
    """Whether this runs in a kernel, whose cells can be written to again."""
    shell = _shell()
    return shell is not None and hasattr(shell, "kernel")


def _shell() -> Any:
    """IPython's shell, if this is one; IPython is not loaded for it."""
    core = sys.modules.get("IPython.core.getipython")
    return None if core is None else core.get_ipython()


class CellProgress:
    """A line of plain text in the cell's output. The last one has no times: a notebook run again is the same."""

    def __init__(self) -> None:
        from IPython.display import display

        # The handle is made here, in the cell's thread: the cell is then known to be the one to write to.
        show: Any = display  # untyped
        self._handle = show(_text(""), raw=True, display_id=True)
        self._next_s = 0.0

    def update(self, state: ProgressState) -> None:
        """Renew the line when it is time; always at the end."""
        from evalplat.harness import progress_line

        ended, now = state.done >= state.total, time.monotonic()
        if ended:
            self._handle.update(_text(f"{state.done}/{state.total} trials, {state.failed} failed"), raw=True)
        elif now >= self._next_s:
            self._next_s = now + EVERY_S
            self._handle.update(_text(progress_line(state)), raw=True)


def _text(line: str) -> dict[str, str]:
    return {"text/plain": line}
