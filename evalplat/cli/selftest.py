"""`evalplat selftest`."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from .console import write
from .grouped import grouped
from .groups import PastScores, StatedPolicy
from .options import HtmlOut, JsonOut, SuiteOfPolicy

_EVERY = 5.0
"""Seconds between two lines of progress."""


@grouped
def selftest(
    *,
    past: PastScores,
    suite: SuiteOfPolicy = None,
    stated: StatedPolicy,
    draws: Annotated[int, typer.Option("--draws", help="Simulated gates of each kind.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same result.")] = 20_000,
    workers: Annotated[int, typer.Option("--workers", help="Processes that simulate; 0: one for each core.")] = 0,
    json: JsonOut = None,
    html: HtmlOut = None,
) -> None:
    """How often this very gate is wrong on this suite's shape: false alarms, false passes, power, by simulation."""
    from evalplat.sdk.selftest import cores
    from evalplat.sdk.selftest import selftest as verb

    found = verb(
        policy=stated.read(suite),
        scores=past.scores or (),
        history=past.history or (),
        baseline=past.baseline,
        candidate=past.candidate,
        draws=draws,
        seed=seed,
        workers=workers or cores(),
        progress=_Lines(),
    )
    if json is not None:
        from evalplat.reports import selftest_json

        write(json, selftest_json(found))
    if html is not None:
        from evalplat.sdk.selftest import page

        write(html, page(found))
    if "-" not in (json, html):
        from .selftest_tables import selftest_tables

        selftest_tables(found)


class _Lines:
    """How far the simulation is: a line on standard error every few seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= _EVERY and done < total:
            self._last = now
            typer.echo(f"selftest: {100 * done // total} % done", file=sys.stderr)
