"""`evalplat plan`."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer

from evalplat.errors import InputError

from .console import write
from .grouped import grouped
from .groups import PastScores, StatedPolicy
from .options import Concurrency, JsonOut, SuiteOfPolicy

FIGURE = "[METRIC=]X"

Figures = list[str] | None

Rate = Annotated[Figures, typer.Option("--rate", metavar=FIGURE, help="Guess: the mean score.")]
Discordance = Annotated[
    Figures, typer.Option("--discordance", metavar=FIGURE, help="Guess: share of cases on which two trials differ.")
]
Sd = Annotated[
    Figures,
    typer.Option("--sd", metavar=FIGURE, help="Guess: standard deviation of a case's difference between two trials."),
]
Icc = Annotated[
    Figures, typer.Option("--icc", metavar=FIGURE, help="Guess: correlation of differences within a cluster.")
]
TrialShare = Annotated[
    Figures,
    typer.Option("--trial-share", metavar=FIGURE, help="Guess: part of that variance that is noise of trials."),
]
Effect = Annotated[
    Figures, typer.Option("--effect", metavar=FIGURE, help="True change for the better, for rule superiority.")
]

Cases = Annotated[int | None, typer.Option("--cases", help="Cases of the suite; default: the history's.")]
Clusters = Annotated[int | None, typer.Option("--clusters", help="Their clusters; default: the history's.")]
Trials = Annotated[int | None, typer.Option("--trials", help="Trials a case; default: the history's.")]
BaselineTrials = Annotated[
    int | None, typer.Option("--baseline-trials", help="Of the baseline; default: as many as of the candidate.")
]
KeptBaseline = Annotated[
    bool, typer.Option("--kept-baseline", help="The baseline is run once and kept: its calls are not counted.")
]
Power = Annotated[float, typer.Option("--power", help="Chance that the policy passes an unchanged candidate.")]
SpendCalls = Annotated[float | None, typer.Option("--spend", metavar="CALLS", help="Best use of so many trials.")]
SpendUsd = Annotated[float | None, typer.Option("--spend-usd", metavar="USD", help="Best use of so much.")]
CaseCost = Annotated[
    float, typer.Option("--case-cost", metavar="X", help="What a new case costs, in the unit of the spend.")
]
Estimand = Annotated[Literal["population", "suite"] | None, typer.Option("--estimand", help="Replaces the policy's.")]


@dataclass(frozen=True, slots=True)
class Guessed:
    """Figures that stand in the place of a history, as they were written."""

    rate: Rate = None
    discordance: Discordance = None
    sd: Sd = None
    icc: Icc = None
    trial_share: TrialShare = None

    def read(self) -> dict[str, dict[str, float]]:
        """Each figure by metric. Raises InputError."""
        return {name: _figures(name, texts) for name, texts in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Sizes, power and spend: fields of `evalplat.gates.planning.Asked`."""

    cases: Cases = None
    clusters: Clusters = None
    trials: Trials = None
    baseline_trials: BaselineTrials = None
    kept_baseline: KeptBaseline = False
    power: Power = 0.8
    spend: SpendCalls = None
    spend_usd: SpendUsd = None
    case_cost: CaseCost = 0.0


@grouped
def plan(
    *,
    past: PastScores,
    guessed: Guessed,
    effect: Effect = None,
    wanted: Wanted,
    suite: SuiteOfPolicy = None,
    stated: StatedPolicy,
    estimand: Estimand = None,
    concurrency: Concurrency = 4,
    json: JsonOut = None,
) -> None:
    """Before a run: cases, clusters, trials and calls for the policy's power; the smallest effect that is seen."""
    from evalplat.gates.planning import Asked
    from evalplat.sdk.plan import plan as verb

    found = verb(
        policy=stated.read(suite),
        scores=past.scores or (),
        history=past.history or (),
        baseline=past.baseline,
        candidate=past.candidate,
        guesses=guessed.read(),
        effect=_figures("effect", effect),
        estimand=estimand,
        asked=Asked(**asdict(wanted), concurrency=concurrency),
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
