"""`evalplat plan`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from evalplat.errors import InputError

from .console import write
from .options import Cluster, Concurrency, JsonOut, Scores

FIGURE = "[METRIC=]X"

Figures = list[str] | None


def plan(
    scores: Scores = None,
    history: Annotated[
        list[str] | None, typer.Option("--history", metavar="RUN", help="A kept run; again for a second one.")
    ] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="SYSTEM", help="System of the scores.")] = None,
    candidate: Annotated[
        str | None,
        typer.Option("--candidate", metavar="SYSTEM", help="A second one, to learn how two versions differ."),
    ] = None,
    rate: Annotated[Figures, typer.Option("--rate", metavar=FIGURE, help="Guess: the mean score.")] = None,
    discordance: Annotated[
        Figures, typer.Option("--discordance", metavar=FIGURE, help="Guess: share of cases on which two trials differ.")
    ] = None,
    sd: Annotated[
        Figures,
        typer.Option(
            "--sd", metavar=FIGURE, help="Guess: standard deviation of a case's difference between two trials."
        ),
    ] = None,
    icc: Annotated[
        Figures, typer.Option("--icc", metavar=FIGURE, help="Guess: correlation of differences within a cluster.")
    ] = None,
    trial_share: Annotated[
        Figures,
        typer.Option("--trial-share", metavar=FIGURE, help="Guess: part of that variance that is noise of trials."),
    ] = None,
    effect: Annotated[
        Figures, typer.Option("--effect", metavar=FIGURE, help="True change for the better, for rule superiority.")
    ] = None,
    cases: Annotated[int | None, typer.Option("--cases", help="Cases of the suite; default: the history's.")] = None,
    clusters: Annotated[int | None, typer.Option("--clusters", help="Their clusters; default: the history's.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", help="Trials a case; default: the history's.")] = None,
    baseline_trials: Annotated[
        int | None, typer.Option("--baseline-trials", help="Of the baseline; default: as many as of the candidate.")
    ] = None,
    kept_baseline: Annotated[
        bool, typer.Option("--kept-baseline", help="The baseline is run once and kept: its calls are not counted.")
    ] = False,
    power: Annotated[
        float, typer.Option("--power", help="Chance that the policy passes an unchanged candidate.")
    ] = 0.8,
    spend: Annotated[float | None, typer.Option("--spend", metavar="CALLS", help="Best use of so many trials.")] = None,
    spend_usd: Annotated[float | None, typer.Option("--spend-usd", metavar="USD", help="Best use of so much.")] = None,
    case_cost: Annotated[
        float, typer.Option("--case-cost", metavar="X", help="What a new case costs, in the unit of the spend.")
    ] = 0.0,
    policy: Annotated[Path | None, typer.Option("--policy", help="gate.yaml")] = None,
    suite: Annotated[Path | None, typer.Option("--suite", help="suite.yaml, for its policy.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="This metric alone, without a policy.")] = None,
    margin: Annotated[float | None, typer.Option("--margin", min=0, help="Largest drop that is tolerated.")] = None,
    direction: Annotated[Literal["higher", "lower"], typer.Option("--direction", help="Which is better.")] = "higher",
    alpha: Annotated[float, typer.Option("--alpha", help="Error rate of a pass, and of a fail.")] = 0.05,
    value_range: Annotated[
        str | None, typer.Option("--range", metavar="binary|LO,HI", help="What the metric's scores can be.")
    ] = None,
    estimand: Annotated[
        Literal["population", "suite"] | None, typer.Option("--estimand", help="Replaces the policy's.")
    ] = None,
    cluster: Cluster = None,
    concurrency: Concurrency = 4,
    json: JsonOut = None,
) -> None:
    """Before a run: cases, clusters, trials and calls for the policy's power; the smallest effect that is seen."""
    from evalplat.gates.planning import Asked
    from evalplat.sdk.plan import plan as verb
    from evalplat.sdk.policy import policy_of

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
    guesses = {"rate": rate, "discordance": discordance, "sd": sd, "icc": icc, "trial_share": trial_share}
    found = verb(
        policy=rule,
        scores=scores or (),
        history=history or (),
        baseline=baseline,
        candidate=candidate,
        guesses={name: _figures(name, texts) for name, texts in guesses.items()},
        effect=_figures("effect", effect),
        estimand=estimand,
        asked=Asked(
            power=power,
            cases=cases,
            clusters=clusters,
            trials=trials,
            baseline_trials=baseline_trials,
            kept_baseline=kept_baseline,
            spend=spend,
            spend_usd=spend_usd,
            case_cost=case_cost,
            concurrency=concurrency,
        ),
    )
    if json is not None:
        from evalplat.reports import plan_json

        write(json, plan_json(found))
    if json != "-":
        from .plan_tables import plan_tables

        plan_tables(found)


def _figures(option: str, texts: Figures) -> dict[str, float]:
    """`[METRIC=]X` to X by metric; without a metric under ""."""
    found = {}
    for text in texts or ():
        name, of, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or (of and not name):
            raise InputError(f"--{option.replace('_', '-')}: expected {FIGURE} with a number, found {text!r}")
        if name in found:
            raise InputError(f"--{option.replace('_', '-')}: given twice for {name or 'every metric'}")
        found[name] = value
    return found
