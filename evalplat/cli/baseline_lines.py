"""What is said of a kept file and of kept baselines."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import typer

from .console import printable

if TYPE_CHECKING:
    from types import FrameType

    from evalplat.records import Standing
    from evalplat.sdk.baseline_kept import Saved
    from evalplat.sdk.kept import Restored


def restored_line(found: Restored) -> None:
    """On standard error: what came out of a kept file."""
    if found.runs or found.decisions:
        new = f"{found.runs:,} runs and {found.decisions:,} decisions that were not here"
        typer.echo(f"kept: {found.path} of suite {printable(found.suite)}: {new}", err=True)
    if found.left:
        names = ", ".join(printable(alias) for alias in found.left)
        typer.echo(f"kept: the alias {names} names another run here, and still does", err=True)


def saved_line(saved: Saved) -> None:
    """What a kept file has by now."""
    begun = f", {saved.begun:,} of them of gates that were cut short" if saved.begun else ""
    typer.echo(
        f"{saved.path}: suite {printable(saved.suite)}, {saved.runs:,} runs{begun}, {saved.decisions:,} decisions, "
        f"{saved.size / 1000:,.0f} kB"
    )


def standing_lines(found: Standing) -> None:
    """Kept baselines, gated changes and gates begun, a line each."""
    from evalplat.records import counted

    if not found.baselines:
        typer.echo(f"suite {printable(found.suite)}: no run is kept; the next gate runs its baseline")
    for one in found.baselines:
        names = f" ({', '.join(printable(alias) for alias in one.aliases)})" if one.aliases else ""
        cost = "cost unknown" if one.cost_usd is None else f"{one.cost_usd:.4g} USD"
        failed = f", {one.n_failures:,} of them failed" if one.n_failures else ""
        typer.echo(
            f"{one.run_id}{names}: {printable(one.target)}, fingerprint {one.fingerprint[:12]}, "
            f"{one.age_days:.1f} days old, {one.n_trials:,} trials of {one.n_cases:,} cases{failed}, {cost}"
        )
        if one.useless is not None:
            typer.echo(
                f"  of no use to today's suite: {printable(one.useless)}; "
                f"`evalplat baseline refresh` runs it anew, as does a gate that names {printable(one.target)}"
            )
        elif one.unchecked is not None:
            typer.echo(f"  not checked: {printable(one.unchecked)}")
        else:
            typer.echo("  holds: the same questions, the same target")
    for change in found.changes:
        verdicts = ", then ".join(change.verdicts[-5:])
        typer.echo(
            f"{printable(change.baseline)} -> {printable(change.candidate)} ({change.candidate_fingerprint[:12]}): "
            f"{counted(len(change.verdicts), 'attempt')}, {verdicts}; last on {change.last_at:%Y-%m-%d %H:%M} UTC"
        )
    for gate in found.begun:
        typer.echo(
            f"{gate.run_id}: {printable(gate.candidate)}, begun {gate.begun_at:%Y-%m-%d %H:%M} UTC and cut short after "
            f"{gate.n_trials:,} trials; the same gate goes on with it"
        )


def terminate_as_interrupt() -> None:
    """SIGTERM, by which CI ends a job, ends a command as Ctrl-C does: what is there by then is kept."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)
