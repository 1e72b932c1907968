"""Estimand `suite`: exactly these cases, so that only the noise between trials is uncertain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, positive
from ._student import StudentT
from ._trials import case_moments, same_cases
from ._two_stage import METHOD, of_planned, of_trials, planned


@dataclass(frozen=True, slots=True)
class SuiteMean(StudentT):
    """Mean over these cases of the expected score. `se` is None, and `reason` says why, where it is not known.

    `planned_cases` None means that all cases were seen; else the mean is that over so many.
    """

    n_cases: int
    n_trials: int
    estimate: float
    se: float | None
    df: float
    reason: str | None
    method: str = METHOD
    planned_cases: int | None = None


@dataclass(frozen=True, slots=True)
class SuiteDifference(StudentT):
    """Candidate minus baseline over these cases. `se` is None, and `reason` says why, where it is not known.

    `planned_cases` None means that all cases were seen; else the difference is that over so many.
    """

    n_cases: int
    n_trials: tuple[int, int]
    baseline: float
    candidate: float
    estimate: float
    se: float | None
    df: float
    reason: str | None
    method: str = METHOD
    planned_cases: int | None = None


def suite_mean(
    values: npt.ArrayLike,
    cases: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    planned_cases: int | None = None,
    clusters: npt.ArrayLike | None = None,
) -> SuiteMean:
    """Mean over cases of the mean over trials, uncertain by trials alone, and by the cases still to come.

    `values` (n,) are trial scores, `cases` (n,) whole numbers from 0, `weights` (n_cases,) above 0, in the order of the
    case codes. Variance: sum of (weight share)^2 s_i^2 / K_i, s_i^2 case i's variance over its K_i trials. A case with
    one trial says nothing of its noise: then `se` is None.

    `planned_cases` N makes the n cases seen a random subset of the suite's N, drawn in whole `clusters` (n_cases,)
    where given. Two-stage variance: (1 - n/N) x that of cluster_mean on the case means + n/N x the one above; at n = N
    it is the one above. Where some case has one trial it is that of cluster_mean alone, which holds the trials' noise
    and all true differences between cases: too wide if anything.

    Raises ValueError for input that is empty, not finite or of unequal lengths, and for fewer planned cases than seen.

    Cochran, Sampling techniques, 3rd ed., Wiley (1977), 5.4 (stratified mean, its effective degrees of freedom), 10.3
    (two stages); Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2
    (1946) 110.
    """
    side = case_moments("", values, cases)
    share = _shares(weights, side.ids.size)
    plan = planned(planned_cases, clusters, side.ids.size)
    estimate = float(np.dot(share, side.means))
    if plan is None:
        found = of_trials(estimate, share, (side,), ("",))
    else:
        found = of_planned(estimate, share, side.means, (side,), plan, clusters)
    return SuiteMean(
        side.ids.size, int(side.trials.sum()), found.estimate, found.se, found.df, found.reason, found.method, plan
    )


def suite_difference(
    base_values: npt.ArrayLike,
    base_cases: npt.ArrayLike,
    cand_values: npt.ArrayLike,
    cand_cases: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    planned_cases: int | None = None,
    clusters: npt.ArrayLike | None = None,
) -> SuiteDifference:
    """Difference of two such means over the same cases, candidate minus baseline; the sides' trials are independent.

    Arguments, source and errors as for `suite_mean`, case means being case differences; also ValueError where the sides
    do not hold the same cases.
    """
    base, cand = case_moments("base_", base_values, base_cases), case_moments("cand_", cand_values, cand_cases)
    same_cases(base, cand)
    share = _shares(weights, base.ids.size)
    plan = planned(planned_cases, clusters, base.ids.size)
    difference = cand.means - base.means
    estimate = float(np.dot(share, difference))
    if plan is None:
        found = of_trials(estimate, share, (base, cand), ("of the baseline ", "of the candidate "))
    else:
        found = of_planned(estimate, share, difference, (base, cand), plan, clusters)
    trials = int(base.trials.sum()), int(cand.trials.sum())
    means = float(np.dot(share, base.means)), float(np.dot(share, cand.means))
    return SuiteDifference(
        base.ids.size, trials, *means, found.estimate, found.se, found.df, found.reason, found.method, plan
    )


def _shares(weights: npt.ArrayLike | None, n_cases: int) -> Floats:
    w = np.ones(n_cases) if weights is None else positive("weights", weights, n_cases)
    return w / float(w.sum())
