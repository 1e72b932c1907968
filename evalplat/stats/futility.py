"""Futility: whether it still pays to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._distributions import normal_cdf
from ._inputs import between, finite
from .spending import EARLY, Spending

LEAST_HOPE = 0.30
"""Chance of a pass below which going on does not pay; measured in this room's README."""


@dataclass(frozen=True, slots=True)
class Futility:
    """The chance that a test still ends above its last bound, and whether to stop for the lack of it."""

    z: float
    effect: float
    share: float
    bound: float
    spending: Spending
    least: float
    conditional_power: float
    futile: bool
    method: str = "conditional power at the last look, were nothing changed"


def conditional_power(z: float, effect: float, share: float, bound: float) -> float:
    """Chance that a z statistic, which is `z` at `share` in (0, 1) of the plan, is at least `bound` at its end.

    `effect` is the effect supposed for what is to come, as a distance from the null in standard errors at `share`:
    for non-inferiority, were nothing changed, margin / se. Infinite z gives 0 or 1.

    Raises ValueError for malformed input.

    Lan, Simon & Halperin, Stochastically curtailed tests in long-term clinical trials, Sequential Analysis 1 (1982)
    207-219; Jennison & Turnbull, Group sequential methods with applications to clinical trials (2000), chapter 10.
    """
    t, bound = between("share", share), finite("bound", bound)
    effect, z = finite("effect", effect), float(z)
    if math.isnan(z):
        raise ValueError(f"z must be a number, not {z!r}")
    if math.isinf(z):
        return 1.0 if z > 0 else 0.0
    # In Brownian time the statistic stands at z sqrt(t), and drifts by effect / sqrt(t) a unit.
    return normal_cdf((z * math.sqrt(t) + effect / math.sqrt(t) * (1.0 - t) - bound) / math.sqrt(1.0 - t))


def futility(
    z: float, effect: float, share: float, bound: float, *, spending: Spending = EARLY, least: float = LEAST_HOPE
) -> Futility:
    """Whether to stop at `share` because the pass test, at `z` now, will hardly reach its last `bound`.

    `z` is (estimate + margin) / se on the normal scale, `effect` margin / se: the hope is that nothing changed. Going
    on also pays as long as the fail test has most of its error to spend, so before the horizon of its `spending`
    nothing is futile. The bounds of both tests take no account of this: it can be overruled, and stopping for it, which
    ends as inconclusive, only lowers their errors.

    Raises ValueError for malformed input. Source as for `conditional_power`.
    """
    chance = conditional_power(z, effect, share, bound)
    least = between("least", least)
    late = share >= spending.horizon * (1.0 - 1e-9)
    return Futility(
        float(z), float(effect), float(share), float(bound), spending, least, chance, late and chance < least
    )


def futile_below(effect: float, share: float, bound: float, least: float = LEAST_HOPE) -> float:
    """The z at `share` below which `conditional_power` is less than `least`."""
    from ._distributions import normal_quantile

    t = share
    need = normal_quantile(least) * math.sqrt(1.0 - t) + bound
    return (need - effect / math.sqrt(t) * (1.0 - t)) / math.sqrt(t)
