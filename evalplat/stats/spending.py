"""Error spending: how much of alpha may be used up by a share of the planned clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._distributions import normal_cdf, normal_quantile
from ._inputs import between, vector

CLOSEST = 0.01
"""Least distance of two looks, in shares of the whole: closer ones are the same look."""


@dataclass(frozen=True, slots=True)
class Spending:
    """When error is spent, all of the O'Brien-Fleming kind; a choice made before the first look.

    1 - `reserve` of alpha is spent by the share `horizon` of the plan, as if the plan ended there; `reserve` by its
    end. The defaults are the plain function of Lan & DeMets.
    """

    horizon: float = 1.0
    reserve: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.horizon <= 1.0:
            raise ValueError(f"horizon must be above 0 and at most 1, not {self.horizon!r}")
        if not 0.0 <= self.reserve <= 1.0:
            raise ValueError(f"reserve must lie in 0 to 1, not {self.reserve!r}")

    def spent(self, share: float, alpha: float) -> float:
        """One-sided error that may have been spent at `share`; at share 1 it is `alpha` itself, not rounded."""
        if share >= 1.0:
            return obrien_fleming_spending(share, alpha)
        early = obrien_fleming_spending(min(1.0, share / self.horizon), alpha)
        return early if not self.reserve else _mix(early, obrien_fleming_spending(share, alpha), self.reserve)


STEADY = Spending()
"""Spends up to the end of the plan: what a test needs that goes on for its own sake."""

EARLY = Spending(horizon=0.44, reserve=0.05)
"""Spends 95 % of alpha in the first 44 % of the plan: a second test, that ends when the first is futile."""


def obrien_fleming_spending(share: float, alpha: float) -> float:
    """One-sided error that may have been spent at `share` t in (0, 1] of the plan: 2 (1 - Phi(z_{alpha/2} / sqrt t)).

    At share 1 it is `alpha` itself, not rounded; at the smallest shares it is 0.

    Raises ValueError for malformed input.

    Lan & DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70 (1983) 659-663.
    """
    t, alpha = float(share), between("alpha", alpha)
    if not 0.0 < t <= 1.0:
        raise ValueError(f"share must be above 0 and at most 1, not {share!r}")
    if t == 1.0:
        return alpha
    return min(alpha, 2.0 * normal_cdf(normal_quantile(alpha / 2.0) / math.sqrt(t)))


def tested_shares(shares: npt.ArrayLike) -> tuple[float, ...]:
    """`shares` (k,) of the planned clusters at the looks at which a test was made: increasing, in (0, 1]."""
    t = vector("shares", shares)
    if t[0] <= 0 or t[-1] > 1.0:
        raise ValueError(f"shares must be above 0 and at most 1, not {t.tolist()}")
    if t.size > 1 and float(np.diff(t).min()) < CLOSEST * (1.0 - 1e-9):
        raise ValueError(f"shares must grow by at least {CLOSEST:g} from look to look, not {t.tolist()}")
    return tuple(t.tolist())


def _mix(early: float, late: float, reserve: float) -> float:
    return early + reserve * (late - early)
