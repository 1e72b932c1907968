"""`evalplat gate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from evalplat.errors import InputError

from .console import printable, write
from .options import Cluster, Concurrency, HtmlOut, JsonOut, Model, Scores, Trials
from .progress import progress
from .tables import decision_lines

if TYPE_CHECKING:
    from evalplat.records import GatePolicy

EXIT = {"pass": 0, "fail": 1, "inconclusive": 3}


def gate(
    baseline: Annotated[str, typer.Option("--baseline", metavar="REF", help="Run id, alias, target or system.")],
    candidate: Annotated[
        list[str],
        typer.Option(
            "--candidate", metavar="REF", help="Run id, alias, target or system. Several: adjusted for their number."
        ),
    ],
    suite: Annotated[Path | None, typer.Option("--suite", help="suite.yaml: a REF may then be a target.")] = None,
    scores: Scores = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="gate.yaml")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Gate on this metric alone, without a policy.")] = None,
    margin: Annotated[float | None, typer.Option("--margin", min=0, help="Largest drop that is tolerated.")] = None,
    direction: Annotated[Literal["higher", "lower"], typer.Option("--direction", help="Which is better.")] = "higher",
    alpha: Annotated[float, typer.Option("--alpha", help="Error rate of a pass, and of a fail.")] = 0.05,
    value_range: Annotated[
        str | None, typer.Option("--range", metavar="binary|LO,HI", help="What the metric's scores can be.")
    ] = None,
    cluster: Cluster = None,
    cases: Annotated[
        Literal["all", "intersect"], typer.Option("--cases", help="intersect: leave out cases that one side lacks.")
    ] = "all",
    trials: Trials = None,
    baseline_trials: Annotated[
        int | None, typer.Option("--baseline-trials", min=1, help="Trials per case of a baseline that is to be run.")
    ] = None,
    looks: Annotated[
        int | None,
        typer.Option("--looks", min=1, max=20, help="Looks at most while a candidate target runs; 1: no early end."),
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option("--anchor", metavar="REF|none", help="An earlier release: all changes since are gated too."),
    ] = None,
    model: Model = None,
    concurrency: Concurrency = 4,
    json: JsonOut = None,
    html: HtmlOut = None,
    junit: Annotated[str | None, typer.Option("--junit", metavar="OUT", help="Write JUnit XML here.")] = None,
    markdown: Annotated[str | None, typer.Option("--markdown", metavar="OUT", help="Write Markdown here.")] = None,
) -> None:
    """Compare a candidate with a baseline and decide: 0 pass, 1 fail, 3 inconclusive, 2 no decision could be made.

    Of several candidates: 0 where one may ship, 1 where all fail, else 3.
    """
    from evalplat.sdk.gate import gate as verb
    from evalplat.sdk.policy import policy_of

    _check(
        scores, suite, {"--looks": looks, "--trials": trials, "--baseline-trials": baseline_trials, "--model": model}
    )
    _check_outputs(json, html, junit, markdown)
    rule = policy_of(
        policy=policy,
        suite=suite,
        metric=metric,
        margin=margin,
        direction=direction,
        alpha=alpha,
        value_range=value_range,
        cluster=cluster,
        anchor=anchor,
        looks=looks,
    )
    if len(candidate) > 1:
        if {html, junit, markdown} != {None}:
            raise InputError("several candidates have --json; for a page gate the chosen one alone")
        _several(baseline, candidate, rule, suite, scores or (), cases == "intersect", json)
    with progress() as bar:
        gated = verb(
            baseline,
            candidate[0],
            policy=rule,
            suite=suite,
            scores=scores or (),
            intersect=cases == "intersect",
            trials=trials,
            baseline_trials=baseline_trials,
            model=model,
            concurrency=concurrency,
            progress=bar,
        )
    outputs = [(json, gated.json), (html, gated.html), (junit, gated.junit), (markdown, gated.markdown)]
    for target, render in outputs:
        if target is not None:
            write(target, render())
    if "-" not in (json, html, junit, markdown):
        decision_lines(gated.decision)
    needs_approval = gated.decision.decision == "needs-approval"
    raise typer.Exit(4 if needs_approval else EXIT[gated.decision.verdict])


def _check(scores: Sequence[Path] | None, suite: Path | None, options: dict[str, object]) -> None:
    """What would be ignored is refused."""
    stated = [name for name, value in options.items() if value is not None]
    if stated and (scores or suite is None):
        what = "score tables are gated as they are" if scores else "kept runs are gated as they are"
        raise InputError(f"{', '.join(stated)} needs --suite and a target: {what}")


def _check_outputs(*outputs: str | None) -> None:
    named = [output for output in outputs if output is not None]
    if len(set(named)) < len(named):
        raise InputError("two outputs have the same name: one would overwrite the other")


def _several(
    baseline: str,
    candidates: list[str],
    policy: GatePolicy | None,
    suite: Path | None,
    scores: Sequence[Path],
    intersect: bool,
    json: str | None,
) -> NoReturn:
    """0 where one may ship, 1 where all fail, else 3."""
    from evalplat.sdk.several import gate_several
    from evalplat.suites import load_suite

    found = gate_several(
        baseline,
        candidates,
        policy=policy,
        suite=None if suite is None else load_suite(suite).name,
        scores=scores,
        intersect=intersect,
    )
    if json is not None:
        write(json, found.json())
    if json != "-":
        for decision in found.decisions:
            typer.echo(f"{printable(decision.candidate.ref)}:")
            decision_lines(decision)
    verdicts = [decision.verdict for decision in found.decisions]
    raise typer.Exit(0 if "pass" in verdicts else 1 if set(verdicts) == {"fail"} else 3)
