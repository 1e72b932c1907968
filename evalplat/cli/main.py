"""`evalplat`: the commands, and what an error looks like to a user."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from evalplat import __version__
from evalplat.errors import EvalplatError

from . import (
    baseline,
    dataset,
    demo,
    doctor,
    export,
    gate,
    history,
    import_,
    init,
    plan,
    report,
    run,
    scenario,
    selftest,
    summarize,
)
from .console import complain

INTERRUPTED = 130

app = typer.Typer(
    name="evalplat",
    help="Tells whether a change made an AI agent worse, how sure that is, and ships or stops it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("run")(run.run)
app.add_typer(import_.app, name="import")
app.command("export")(export.export)
app.add_typer(dataset.app, name="dataset")
app.add_typer(scenario.app, name="scenario")
app.command("summarize")(summarize.summarize)
app.command("gate")(gate.gate)
app.add_typer(baseline.app, name="baseline")
app.command("plan")(plan.plan)
app.command("selftest")(selftest.selftest)
app.command("report")(report.report)
app.command("history")(history.history)
app.command("doctor")(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"evalplat {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    del version  # its callback has dealt with it
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Entry point of the console script. Ends with 2 and one line on standard error where nothing can be decided."""
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # what typer makes of KeyboardInterrupt
            complain("interrupted; what is finished is kept. The same gate goes on; a run with --resume RUN")
        sys.exit(code)
    except EvalplatError as err:
        complain(str(err))
        sys.exit(err.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as err:  # noqa: BLE001 - told, and never taken for a verdict
        # Wrong use of the command line: typer's own exceptions, whose class it does not publish.
        if not hasattr(err, "format_message"):
            # A fault of ours. Python would end with 1, and 1 is a failed gate.
            traceback.print_exc()
            complain(f"{type(err).__name__}: this is a fault of evalplat; no decision was made")
            sys.exit(2)
        complain(err.format_message().strip() or "say which command; `evalplat --help` lists them")
        sys.exit(2)


if __name__ == "__main__":
    main()
