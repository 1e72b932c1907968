"""Standard errors of a mean over planned cases: trials within cases, and cases within the plan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, whole
from ._student import without_rounding
from ._trials import CaseMoments
from .cluster_mean import cluster_mean

METHOD = "stratified by case, Welch-Satterthwaite df"


@dataclass(frozen=True, slots=True)
class Inference:
    """What a suite's estimate is made of; `se` None has a `reason`."""

    estimate: float
    se: float | None
    df: float
    reason: str | None
    method: str = METHOD


@dataclass(frozen=True, slots=True)
class _Within:
    """Variance of the estimate by trials alone, the sum of (its terms)^2 / their df, and the sum of df."""

    variance: float
    weight: float
    spare: float


def planned(planned_cases: int | None, clusters: npt.ArrayLike | None, n_cases: int) -> int | None:
    """`planned_cases`, if it is a number of at least the cases seen."""
    if planned_cases is None:
        if clusters is not None:
            raise ValueError("clusters need planned_cases: with all cases seen only trials are uncertain")
        return None
    number = whole("planned_cases", planned_cases, 1)
    if number < n_cases:
        raise ValueError(f"planned_cases must be at least the {n_cases} cases seen, not {number}")
    return number


def of_trials(estimate: float, share: Floats, sides: tuple[CaseMoments, ...], names: tuple[str, ...]) -> Inference:
    """All cases seen: the noise of trials alone."""
    why = _single(sides, names)
    if why is not None:
        return Inference(estimate, None, 0.0, why)
    scale = _largest(sides)
    within = _within(share, sides, scale)
    estimate, se = without_rounding(estimate, scale * math.sqrt(within.variance), scale)
    return Inference(estimate, se, within.variance**2 / within.weight if se else within.spare, None)


def of_planned(
    estimate: float,
    share: Floats,
    values: Floats,
    sides: tuple[CaseMoments, ...],
    plan: int,
    clusters: npt.ArrayLike | None,
) -> Inference:
    """Cases (n,) drawn at random, in whole clusters where given, from `plan`: (1 - n/N) first stage + n/N trials."""
    n = values.size
    repeated = _single(sides, ("",) * len(sides)) is None
    seen = n / plan
    scale = _largest(sides)
    first = cluster_mean(values / scale, clusters, None if np.ptp(share) == 0 else share)
    within = _within(share, sides, scale) if repeated else _Within(0.0, 0.0, 0.0)
    if first.se is None and (seen < 1.0 or not repeated):
        unit = "case" if clusters is None else "cluster"
        return Inference(
            estimate, None, 0.0, f"one {unit} of {plan} planned cases tells nothing of the spread of cases"
        )
    among = 0.0 if first.se is None else first.se**2
    by = ", Satterthwaite df" if clusters is None else " in whole clusters, Satterthwaite df"
    if not repeated:
        method = f"spread of case means (one trial a case: at most too wide), {n} of {plan} planned cases{by}"
        estimate, se = without_rounding(estimate, scale * math.sqrt(among), scale)
        return Inference(estimate, se, first.df, None, method)
    stage = (1.0 - seen) * among
    variance = stage + seen * within.variance
    weight = (stage**2 / first.df if stage else 0.0) + seen**2 * within.weight
    estimate, se = without_rounding(estimate, scale * math.sqrt(variance), scale)
    spare = within.spare + (first.df if seen < 1.0 else 0.0)
    return Inference(
        estimate, se, variance**2 / weight if se else spare, None, f"two-stage, {n} of {plan} planned cases{by}"
    )


def _single(sides: tuple[CaseMoments, ...], names: tuple[str, ...]) -> str | None:
    """Why the noise of trials is not known, if it is not."""
    for side, name in zip(sides, names, strict=True):
        single = int(np.sum(side.trials < 2))
        if single:
            return f"{single} of {side.ids.size} cases {name}have one trial, which tells nothing of the noise"
    return None


def _within(share: Floats, sides: tuple[CaseMoments, ...], scale: float) -> _Within:
    """In units of `scale`^2, as fourth powers of scores would overflow or vanish."""
    variance = weight = spare = 0.0
    for side in sides:
        parts = share**2 * (side.squares / scale**2) / (side.trials - 1.0) / side.trials
        variance += float(parts.sum())
        weight += float(np.sum(parts**2 / (side.trials - 1.0)))
        spare += float(np.sum(side.trials - 1.0))
    return _Within(variance, weight, spare)


def _largest(sides: tuple[CaseMoments, ...]) -> float:
    """The largest score in size; 1 where all are 0."""
    return max(side.largest for side in sides) or 1.0
