"""`evalplat run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Concurrency, Model, Trials
from .progress import progress
from .tables import summary_table


def run(
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="suite.yaml")],
    agent: Annotated[
        str, typer.Option("--agent", metavar="TARGET", help="AGENT.yaml, module:function, or an http(s):// endpoint.")
    ],
    trials: Trials = None,
    model: Model = None,
    executor: Annotated[str, typer.Option("--executor", help="local")] = "local",
    resume: Annotated[str | None, typer.Option("--resume", metavar="RUN", help="Go on with this run.")] = None,
    alias: Annotated[
        str | None, typer.Option("--alias", help="A name for the run, such as `production`, to refer to it by.")
    ] = None,
    concurrency: Concurrency = 4,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", min=1, help="Hard budget of the run.")] = None,
    max_cost_usd: Annotated[float | None, typer.Option("--max-cost-usd", help="Hard budget of the run.")] = None,
) -> None:
    """Run a suite against a target, score it, keep it in the store; prints the run id last."""
    from evalplat.errors import InputError
    from evalplat.sdk.run import run as verb

    if executor != "local":
        raise InputError(f"--executor: {executor!r} is not available; `local` is")
    with progress() as bar:
        done = verb(
            suite,
            agent,
            trials=trials,
            model=model,
            resume=resume,
            alias=alias,
            concurrency=concurrency,
            max_tokens=max_tokens,
            max_cost_usd=max_cost_usd,
            progress=bar,
            started=lambda run_id: typer.echo(
                f"run {run_id}; if it is cut short, go on with --resume {run_id}", err=True
            ),
        )
    summary_table(done.summary)
    if done.run.info.target.is_instrument:
        typer.echo(f"{done.run.info.target.name}: a script that knows the scenarios, no system; it asked no model")
    if done.failures:
        typer.echo(f"{len(done.failures)} of {done.n_trials} trials failed: {done.commonest_failure}")
    typer.echo(done.run_id)
