"""Curation on a terminal. Nothing is computed here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from evalplat.records import counted

from .console import printable
from .tables import show_table

if TYPE_CHECKING:
    from pathlib import Path

    from evalplat.records import Case, Curated, FailureGroups, PendingCase, Retirement

SHOWN = 20
_CHARS = 100


def curated_lines(done: Curated) -> None:
    """What was found, what was there already, and what is pending now."""
    for note in done.notes:
        _say(f"left out: {note}" if not note.startswith("left out") else note, err=True)
    there = f", {len(done.duplicates):,} as good as there" if done.duplicates else ""
    _say(f"{done.source}: {done.n_found:,} cases{there}, {len(done.pending):,} pending now -> {done.path}")
    for one in done.duplicates[:SHOWN]:
        _say(f"= {one.case_id}: {one.of} ({one.place}; similarity {one.similarity:.2f})")
    _more(len(done.duplicates) - SHOWN, "that are there")
    _cases(done.pending)
    if done.pending:
        _say(
            f"`evalplat dataset accept {done.dataset} CASE --answer TEXT` puts one into the dataset; `reject` drops it"
        )


def pending_lines(waiting: Sequence[PendingCase]) -> None:
    """What waits."""
    _say(f"{len(waiting):,} pending, {sum(not one.lacks for one in waiting):,} of them ready to be accepted")
    _cases(waiting)


def pending_json(waiting: Sequence[PendingCase]) -> str:
    """All of it as JSON, with what each lacks."""
    cases = [{**one.model_dump(mode="json"), "lacks": one.lacks, "notes": one.notes} for one in waiting]
    return json.dumps({"schema": "evalplat.dataset-pending/1", "pending": cases}, indent=2)


def accepted_lines(cases: Sequence[Case]) -> None:
    """Ids to standard output; data about people that is still there, to standard error."""
    from evalplat.suites.curation import leaks_of

    for case in cases:
        for place, kind in leaks_of(case):
            _say(f"warning: {case.id}: {place} holds data about people ({kind})", err=True)
        _say(case.id)


def group_lines(found: FailureGroups) -> None:
    """A line a group, then its cases' ids."""
    apart = f"; silhouette {found.silhouette:.2f}" if found.silhouette is not None else ""
    _say(
        f"run {found.run}: {found.n_failed:,} of {found.n_cases:,} cases failed, in {len(found.groups):,} groups{apart}"
    )
    for one in found.groups:
        failed = ", ".join(f"{what} {count:,}" for what, count in one.failed.items())
        _say(f"{one.id}  {one.name}  ({len(one.cases):,} cases; {failed}; for example {one.example})")
        for label in one.labels:
            note = f" {label.note}" if label.note else ""
            _say(f"    {label.name}: {label.value} (by {label.by}, {label.at:%Y-%m-%d}){note}")
        _say("    " + ", ".join(one.cases[:SHOWN]) + (", …" if len(one.cases) > SHOWN else ""))


def sliced_lines(changed: int, missing: Sequence[str], path: Path) -> None:
    """How many cases changed, and who is not there."""
    if missing:
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        _say(f"{len(missing):,} cases of the groups are not in the dataset: {some}", err=True)
    _say(f"{counted(changed, 'case')} changed -> {path}")


def retirement_lines(found: Retirement) -> None:
    """The figures of each case, what they would save and cost, warnings."""
    _say(
        f"{found.dataset}: {found.n_judged:,} of {found.n_cases:,} cases judged by {', '.join(found.metrics)} on "
        f"{counted(len(found.systems), 'system')}"
    )
    if found.proposed:
        show_table(
            ("case", "always", "systems", "trials", "upper bound", "of systems", "calls"),
            [
                (
                    printable(one.case_id),
                    one.always,
                    str(one.n_systems),
                    str(one.n_trials),
                    f"{one.upper:.1%}",
                    f"{one.upper_systems:.0%}",
                    f"{one.share_of_calls:.1%}",
                )
                for one in found.proposed
            ],
        )
        _say(
            f"upper bound: of the chance that a trial differs, one-sided {found.confidence:.0%} ({found.method}), "
            "trials taken as independent; of systems: that another system differs"
        )
    what = "retired" if found.applied else "could be retired"
    _say(
        f"{len(found.proposed):,} cases {what}: {found.share_saved:.1%} of the calls of a run, "
        f"{found.n_clusters:,} -> {found.n_clusters_left:,} clusters"
    )
    if found.like_these:
        _say(f"{found.like_these:,} more are the same so far; the bound takes {found.trials_needed:,} trials each")
    if found.guarded:
        _say(
            f"{len(found.guarded):,} more are about safety, or to be kept, and stay: {', '.join(found.guarded[:5])}"
            + (", …" if len(found.guarded) > 5 else "")
        )
    if found.stale:
        _say(f"{found.stale:,} cases of runs asked or expected something else then, and were left out")
    for warning in found.warnings:
        _say(f"warning: {warning}")
    if found.proposed and not found.applied:
        _say("nothing was changed; --apply moves them to the retired file")


def _cases(waiting: Sequence[PendingCase]) -> None:
    for one in waiting[:SHOWN]:
        lacks = f"lacks {' and '.join(one.lacks)}" if one.lacks else "ready"
        failed = f"; failed: {', '.join(one.provenance.failed)}" if one.provenance.failed else ""
        typer.echo(typer.style(printable(f"? {one.case.id}"), fg=typer.colors.YELLOW) + printable(f"  {lacks}{failed}"))
        _say(f"    {_short(one.case.input)}")
        for note in one.notes:
            _say(f"    note: {note}")
    _more(len(waiting) - SHOWN, "pending")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CHARS else line[: _CHARS - 1] + "…"


def _more(count: int, what: str) -> None:
    if count > 0:
        typer.echo(f"  and {count:,} more {what}; --json has all")


def _say(line: str, *, err: bool = False) -> None:
    typer.echo(printable(re.sub(r"[\r\n\t]+", " ", line)), err=err)
