"""An interrupted verb: what is finished is on disk, and the message says how to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptible(how: Callable[[], str]) -> Iterator[None]:
    """Lets a KeyboardInterrupt say how to go on, as its last line; it stays a KeyboardInterrupt."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(how()) from None


def kept_so_far(run_id: str) -> str:
    """`120 trials are kept`: those that the ledger has of a run."""
    from evalplat.sdk.workspace import workspace

    with workspace().ledger() as ledger:
        done = ledger.tally(run_id).done
    return "1 trial is kept" if done == 1 else f"{done:,} trials are kept"
