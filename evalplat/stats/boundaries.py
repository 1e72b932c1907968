"""Boundaries of a one-sided test that is looked at several times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy.typing as npt

from ._distributions import normal_cdf, normal_quantile
from ._inputs import between
from ._walk import Walk
from .spending import STEADY, Spending, tested_shares

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Boundaries:
    """By look: the z that must be reached, its one-sided level `nominal`, and the error `spent` up to that look.

    With a t statistic compare its one-sided p-value with `nominal`, so that few degrees of freedom cost their due.
    An infinite z (nominal 0) means that nothing can be decided yet.
    """

    shares: tuple[float, ...]
    alpha: float
    z: tuple[float, ...]
    nominal: tuple[float, ...]
    spent: tuple[float, ...]
    spending: Spending = STEADY
    method: str = "Lan-DeMets spending of the O'Brien-Fleming kind"


def boundaries(shares: npt.ArrayLike, alpha: float, spending: Spending = STEADY) -> Boundaries:
    """Upper bounds for a one-sided test at `alpha` that is made at each of `shares` (k,) of the planned clusters.

    `shares` increase in (0, 1] and are those of the looks at which the test was made: the error of a look that was
    left out passes on to the next. A bound depends on the looks before it only, so the looks to come may move. The
    path is Brownian: under the null, z at look k has correlation sqrt(share_j / share_k) with z at look j. One look
    at share 1 is the fixed test, exactly. `spending` says when error may be spent, and is chosen before the first
    look; a look at which nothing is left to spend has an infinite z. Results are cached.

    Raises ValueError for malformed input.

    Lan & DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70 (1983) 659-663; numerical
    integration after Armitage, McPherson & Rowe, JRSS A 132 (1969) 235-244.
    """
    return _boundaries(tested_shares(shares), between("alpha", alpha), spending)


@lru_cache(maxsize=4096)
def _boundaries(shares: tuple[float, ...], alpha: float, spending: Spending) -> Boundaries:
    spent = tuple(spending.spent(t, alpha) for t in shares)
    # Far enough up for the paths that cross where next to nothing may be spent.
    reach = max(8.5, 2.0 - normal_quantile(max(min(s for s in (*spent, alpha) if s > 0), 1e-300)))
    walk, before = Walk(), 0.0
    z: list[float] = []
    nominal: list[float] = []
    for look, t in enumerate(shares):
        level = spent[look] - before
        before = spent[look]
        if look == 0:
            z.append(-normal_quantile(level) if level > 0 else math.inf)
            nominal.append(level)
        else:
            z.append(_crossing(walk, t, level, z[-1]))
            nominal.append(normal_cdf(-z[-1]))
        if look + 1 < len(shares):
            walk.going_on([(-math.inf, z[-1] * math.sqrt(t))], t, shares[look + 1], reach)
    return Boundaries(shares, alpha, tuple(z), tuple(nominal), spent, spending)


def _crossing(walk: Walk, t: float, level: float, previous: float) -> float:
    """The z that is first crossed at `t` with probability `level`.

    The logarithm of that probability is concave in z, and z of the level alone lies beyond the root: Newton's steps
    come down to it without overshooting.
    """
    if level <= 0.0:
        return math.inf
    root = math.sqrt(t)
    # Beyond 30 standard deviations of the step from the last bound, nothing is left that doubles can show.
    farthest = (previous * math.sqrt(walk.t) + 30.0 * math.sqrt(t - walk.t)) / root
    z, target = min(-normal_quantile(level), farthest), math.log(level)
    for _ in range(_STEPS):
        reached = walk.above(z * root, t)
        if reached <= 0.0:
            return math.inf
        slope = float(walk.density(z * root, t)[0]) * root / reached
        step = (math.log(reached) - target) / slope
        z += step
        if abs(step) <= 1e-12 * max(1.0, abs(z)):
            break
    return z
