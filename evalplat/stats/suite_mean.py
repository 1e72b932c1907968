"""Estimand `suite`: exactly these cases, so that only the noise between trials is uncertain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, positive
from ._student import StudentT, without_rounding
from ._trials import CaseMoments, case_moments, same_cases


@dataclass(frozen=True, slots=True)
class SuiteMean(StudentT):
    """Mean over these cases of the expected score. `se` is None, and `reason` says why, where it is not known."""

    n_cases: int
    n_trials: int
    estimate: float
    se: float | None
    df: float
    reason: str | None
    method: str = "stratified by case, Welch-Satterthwaite df"


@dataclass(frozen=True, slots=True)
class SuiteDifference(StudentT):
    """Candidate minus baseline over these cases. `se` is None, and `reason` says why, where it is not known."""

    n_cases: int
    n_trials: tuple[int, int]
    baseline: float
    candidate: float
    estimate: float
    se: float | None
    df: float
    reason: str | None
    method: str = "stratified by case, Welch-Satterthwaite df"


def suite_mean(values: npt.ArrayLike, cases: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> SuiteMean:
    """Mean over cases of the mean over trials, uncertain by trials alone.

    `values` (n,) are trial scores, `cases` (n,) whole numbers from 0, `weights` (n_cases,) above 0, in the order of the
    case codes. Variance: sum of (weight share)^2 s_i^2 / K_i, s_i^2 case i's variance over its K_i trials. A case with
    one trial says nothing of its noise: then `se` is None.

    Raises ValueError for input that is empty, not finite or of unequal lengths.

    Cochran, Sampling techniques, 3rd ed., Wiley (1977), 5.4 (stratified mean, its effective degrees of freedom);
    Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946) 110.
    """
    side = case_moments("", values, cases)
    share = _shares(weights, side.ids.size)
    estimate = float(np.dot(share, side.means))
    estimate, se, df, reason = _inference(estimate, share, (side,), ("",))
    return SuiteMean(side.ids.size, int(side.trials.sum()), estimate, se, df, reason)


def suite_difference(
    base_values: npt.ArrayLike,
    base_cases: npt.ArrayLike,
    cand_values: npt.ArrayLike,
    cand_cases: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> SuiteDifference:
    """Difference of two such means over the same cases, candidate minus baseline; the sides' trials are independent.

    Arguments, source and errors as for `suite_mean`; also ValueError where the sides do not hold the same cases.
    """
    base, cand = case_moments("base_", base_values, base_cases), case_moments("cand_", cand_values, cand_cases)
    same_cases(base, cand)
    share = _shares(weights, base.ids.size)
    estimate = float(np.dot(share, cand.means - base.means))
    estimate, se, df, reason = _inference(estimate, share, (base, cand), ("of the baseline ", "of the candidate "))
    trials = int(base.trials.sum()), int(cand.trials.sum())
    means = float(np.dot(share, base.means)), float(np.dot(share, cand.means))
    return SuiteDifference(base.ids.size, trials, *means, estimate, se, df, reason)


def _shares(weights: npt.ArrayLike | None, n_cases: int) -> Floats:
    w = np.ones(n_cases) if weights is None else positive("weights", weights, n_cases)
    return w / float(w.sum())


def _inference(
    estimate: float, share: Floats, sides: tuple[CaseMoments, ...], names: tuple[str, ...]
) -> tuple[float, float | None, float, str | None]:
    """(estimate, se, df, reason)."""
    variance = weight = spare = 0.0
    for side, name in zip(sides, names, strict=True):
        single = int(np.sum(side.trials < 2))
        if single:
            reason = f"{single} of {side.ids.size} cases {name}have one trial, which tells nothing of the noise"
            return estimate, None, 0.0, reason
        parts = share**2 * side.squares / (side.trials - 1.0) / side.trials
        variance += float(parts.sum())
        weight += float(np.sum(parts**2 / (side.trials - 1.0)))
        spare += float(np.sum(side.trials - 1.0))
    estimate, se = without_rounding(estimate, math.sqrt(variance), max(side.largest for side in sides))
    return estimate, se, variance**2 / weight if se else spare, None
