"""Means and variances of trials within cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, codes, compress, vector


@dataclass(frozen=True, slots=True, eq=False)
class CaseMoments:
    """For each case, in the order of its code: trials, mean, and sum of squares around the mean; all (n_cases,)."""

    ids: npt.NDArray[np.int64]
    trials: Floats
    means: Floats
    squares: Floats
    largest: float


def case_moments(name: str, values: npt.ArrayLike, cases: npt.ArrayLike) -> CaseMoments:
    """Moments of trial scores `values` (n,) by case codes `cases` (n,)."""
    y = vector(f"{name}values", values)
    raw = codes(f"{name}cases", cases, y.size)
    groups, n_groups = compress(raw)
    ids = np.zeros(n_groups, dtype=np.int64)
    ids[groups] = raw
    trials = np.bincount(groups, minlength=n_groups).astype(np.float64)
    # Around each case's first trial, so that equal trials have a mean that is their value and no spread at all.
    first = np.zeros(n_groups)
    first[groups[::-1]] = y[::-1]
    shift = y - first[groups]
    offset = np.bincount(groups, weights=shift, minlength=n_groups) / trials
    squares = np.bincount(groups, weights=(shift - offset[groups]) ** 2, minlength=n_groups).astype(np.float64)
    return CaseMoments(ids, trials, first + offset, squares, float(np.abs(y).max()))


def same_cases(baseline: CaseMoments, candidate: CaseMoments) -> None:
    """Refuse sides that do not hold the same cases."""
    if not np.array_equal(baseline.ids, candidate.ids):
        only = np.setxor1d(baseline.ids, candidate.ids)
        raise ValueError(f"both sides must hold the same cases; {only.size} occur on one side only, such as {only[0]}")
