"""`evalplat gate` of several candidates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from .console import printable, write
from .tables import decision_lines, show_table

if TYPE_CHECKING:
    from evalplat.records import GatePolicy
    from evalplat.sdk.several import GatedSeveral

    from .gate import Outputs

EXIT = {"pass": 0, "fail": 1, "inconclusive": 3}


def several(
    baseline: str,
    candidates: Sequence[str],
    *,
    policy: GatePolicy | None,
    suite: Path | None,
    scores: Sequence[Path],
    intersect: bool,
    rank_by: str | None,
    outputs: Outputs,
) -> NoReturn:
    """Decide on each and rank them: ends with 0 where one may ship, 4 where one may once it is approved, 1 where all
    fail, else 3."""
    from evalplat.sdk.several import gate_several
    from evalplat.suites import load_suite

    found = gate_several(
        baseline,
        candidates,
        policy=policy,
        suite=None if suite is None else load_suite(suite).name,
        scores=scores,
        intersect=intersect,
        rank_by=rank_by,
    )
    asked = (
        (outputs.json, found.json),
        (outputs.html, found.html),
        (outputs.junit, found.junit),
        (outputs.markdown, found.markdown),
    )
    for target, render in asked:
        if target is not None:
            write(target, render())
    if "-" not in (target for target, _ in asked):
        several_lines(found)
    waits = found.verdict == "pass" and not any(one.decision == "ship" for one in found.decisions)
    raise typer.Exit(4 if waits else EXIT[found.verdict])


def several_lines(found: GatedSeveral) -> None:
    """What is real, the ranking, and the decision on each."""
    from evalplat.reports import headline, level_of, of_all, places

    ranking = found.ranking
    typer.echo(typer.style(printable(headline(found.report)), bold=True))
    for sentence in ranking.sentences:
        typer.echo(printable(sentence))
    typer.echo(f"\nranking by {printable(ranking.metric)}:")
    verdicts = {one.candidate.ref: one.verdict for one in found.decisions}
    rows = [
        (
            printable(one.system),
            level_of(ranking, one.value),
            one.letters,
            places(one),
            printable(", ".join(one.better_than)) or "-",
            verdicts.get(one.system, "baseline"),
        )
        for one in ranking.systems
    ]
    show_table(
        ("system", "value", "letters", "place", "better than", "gate"),
        rows,
        left=("system", "letters", "place", "better than", "gate"),
    )
    typer.echo(of_all(ranking) + "\n")
    for decision in found.decisions:
        typer.echo(f"{printable(decision.candidate.ref)}:")
        decision_lines(decision)
