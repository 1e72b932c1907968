"""`evalplat selftest`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from .console import write
from .options import Cluster, HtmlOut, JsonOut, Scores

_EVERY = 5.0
"""Seconds between two lines of progress."""


def selftest(
    scores: Scores = None,
    history: Annotated[
        list[str] | None, typer.Option("--history", metavar="RUN", help="A kept run; again for a second one.")
    ] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="SYSTEM", help="System of the scores.")] = None,
    candidate: Annotated[
        str | None,
        typer.Option("--candidate", metavar="SYSTEM", help="A second one, to learn how two versions differ."),
    ] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="gate.yaml")] = None,
    suite: Annotated[Path | None, typer.Option("--suite", help="suite.yaml, for its policy.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="This metric alone, without a policy.")] = None,
    margin: Annotated[float | None, typer.Option("--margin", min=0, help="Largest drop that is tolerated.")] = None,
    direction: Annotated[Literal["higher", "lower"], typer.Option("--direction", help="Which is better.")] = "higher",
    alpha: Annotated[float, typer.Option("--alpha", help="Error rate of a pass, and of a fail.")] = 0.05,
    value_range: Annotated[
        str | None, typer.Option("--range", metavar="binary|LO,HI", help="What the metric's scores can be.")
    ] = None,
    cluster: Cluster = None,
    draws: Annotated[int, typer.Option("--draws", help="Simulated gates of each kind.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same result.")] = 20_000,
    workers: Annotated[int, typer.Option("--workers", help="Processes that simulate; 0: one for each core.")] = 0,
    json: JsonOut = None,
    html: HtmlOut = None,
) -> None:
    """How often this very gate is wrong on this suite's shape: false alarms, false passes, power, by simulation."""
    from evalplat.sdk.policy import policy_of
    from evalplat.sdk.selftest import cores
    from evalplat.sdk.selftest import selftest as verb

    rule = policy_of(
        policy=policy,
        suite=suite,
        metric=metric,
        margin=margin,
        direction=direction,
        alpha=alpha,
        value_range=value_range,
        cluster=cluster,
    )
    found = verb(
        policy=rule,
        scores=scores or (),
        history=history or (),
        baseline=baseline,
        candidate=candidate,
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
