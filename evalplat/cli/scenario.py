"""`evalplat scenario`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import scenario_generate
from .console import complain, printable, write
from .options import JsonOut, Model

app = typer.Typer(
    help="Scenarios: look, lint, play one, make attacks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(scenario_generate.app, name="generate")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file of scenarios, or a folder of them.")]
Id = Annotated[str | None, typer.Argument(metavar="ID", help="One scenario; an expanded one is ID-ROW.")]


@app.command("show")
def show(file: File, case_id: Id = None, json: JsonOut = None) -> None:
    """What scenarios say, parameters filled in: all in a line each, or one whole."""
    from evalplat.sdk.scenario import show as verb

    from .scenario_lines import cases_json, listed, whole

    cases = verb(file, case_id)
    if json is not None:
        write(json, cases_json(cases))
    if json != "-":
        typer.echo(printable(whole(cases[0]) if case_id is not None else listed(cases)))


@app.command("lint")
def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML files of scenarios, or folders.")],
    json: JsonOut = None,
) -> None:
    """What is ambiguous or can never fail, with the line and a way out. Ends with 0 clean, 1 findings, 2 unreadable."""
    from evalplat.sdk.scenario import lint as verb

    from .scenario_lines import lint_summary, linted_json

    done = verb(files)
    if json is not None:
        write(json, linted_json(done))
    if json != "-":
        for finding in done.findings:
            typer.echo(printable(str(finding)))
        if summary := lint_summary(done):
            typer.echo(summary)
    for error in done.errors:
        complain(error)
    if done.errors or done.findings:
        raise typer.Exit(2 if done.errors else 1)


@app.command("run")
def run(
    file: File,
    case_id: Id = None,
    agent: Annotated[
        str, typer.Option("--agent", metavar="TARGET", help="AGENT.yaml, or module:function that can converse.")
    ] = "evalplat.harness.simulate.instruments:reference",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the run.")] = 0,
    trial: Annotated[int, typer.Option("--trial", min=0, help="Number of the trial; each has its own seed.")] = 0,
    model: Model = None,
    json: JsonOut = None,
) -> None:
    """Play one scenario (the first without ID): transcript, tool calls, faults, checks. 1 where a check fails."""
    from evalplat.sdk.scenario import play as verb

    from .scenario_lines import played_json, transcript

    done = verb(file, agent, case_id, seed=seed, trial=trial, model=model)
    if json is not None:
        write(json, played_json(done))
    if json != "-":
        typer.echo(printable(transcript(done)))
    if not done.passed:
        raise typer.Exit(1)
