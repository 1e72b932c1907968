"""The best split of a spend between cases and trials of each case."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ._inputs import finite, whole
from .variance import VarianceComponents

Sides = Literal["both", "candidate"]


@dataclass(frozen=True, slots=True)
class Split:
    """`trials` of each case on each side that is run, `cases` that the spend buys, and the standard error they give.

    `exact_trials` is the best number before rounding, infinite where cases do not differ. `efficiency` is the variance
    at one trial a case for the same spend over the variance at `trials` (1: one trial is best). `cases` and `se` are
    None without a spend. `cost` is what `cases` and `trials` cost, at most `spend`.
    """

    trials: int
    exact_trials: float
    cases: int | None
    se: float | None
    cost: float | None
    efficiency: float
    spend: float | None
    cost_case: float
    cost_trial: float
    sides: Sides
    method: str = "two-stage optimum, Cochran 10.6"


def best_split(
    components: VarianceComponents,
    cost_case: float,
    cost_trial: float,
    spend: float | None = None,
    *,
    sides: Sides = "both",
    most_trials: int = 100,
) -> Split:
    """Number of trials of each case with the smallest standard error of the mean difference for what is spent.

    A case costs `cost_case` >= 0 once (authoring, setting up) and `cost_trial` > 0 for each trial, in any one unit;
    with `sides` both, trials are run on both sides and each costs that; with `candidate` the baseline is kept with as
    many trials a case as in `components`. Clusters keep their sizes, so new cases come with new clusters. Closed form:
    sqrt(trial variance / variance between cases x cost_case / cost of a trial round), then the best whole number from
    1 to `most_trials`, with the whole number of cases that `spend` buys.

    Raises ValueError for malformed input, where no case has two trials on a side that is run, so that the trials'
    variance is not known, and where `spend` does not buy one case.

    Cochran, Sampling techniques, 3rd ed., Wiley (1977), 10.6.
    """
    case, trial = finite("cost_case", cost_case), finite("cost_trial", cost_trial, above=0.0)
    if case < 0:
        raise ValueError(f"cost_case must not be negative, not {cost_case!r}")
    if sides not in get_args(Sides):
        raise ValueError(f"sides must be both or candidate, not {sides!r}")
    most = whole("most_trials", most_trials, 1)
    among, noise = _per_case(components, sides)
    round_cost = 2.0 * trial if sides == "both" else trial
    budget = None if spend is None else finite("spend", spend, above=0.0)
    if budget is not None and budget < case + round_cost:
        raise ValueError(f"spend must be at least {case + round_cost:g}, the cost of one case, not {budget:g}")

    k = np.arange(1.0, most + 1.0)
    variance, price = among + noise / k, case + round_cost * k
    if budget is None:
        loss, cases = variance * price, None
    else:
        cases = np.floor(budget / price * (1.0 + 1e-12))
        loss = np.where(cases > 0, variance / np.maximum(cases, 1.0), math.inf)
    at = int(np.argmin(loss))
    exact = 1.0
    if noise > 0 and case > 0:
        exact = max(1.0, math.sqrt(noise / among * case / round_cost)) if among > 0 else math.inf
    number = None if cases is None else int(cases[at])
    return Split(
        trials=at + 1,
        exact_trials=exact,
        cases=number,
        se=None if number is None else math.sqrt(float(loss[at])),
        cost=None if number is None else number * float(price[at]),
        efficiency=float(loss[0] / loss[at]) if loss[at] > 0 else 1.0,
        spend=budget,
        cost_case=case,
        cost_trial=trial,
        sides=sides,
    )


def _per_case(components: VarianceComponents, sides: Sides) -> tuple[float, float]:
    """Variance of the mean x cases, and the part of it that one more round of trials divides."""
    base, cand = components.trial_baseline, components.trial_candidate
    if cand is None or (base is None and sides == "both"):
        side = "candidate" if cand is None else "baseline"
        raise ValueError(f"components hold no trial variance of the {side}: no case has two trials on that side")
    among = components.between_clusters * components.n_cases / components.effective_clusters + components.between_cases
    if sides == "candidate":
        return among + (base or 0.0) / components.trials[0], cand
    return among, cand + (base or 0.0)
