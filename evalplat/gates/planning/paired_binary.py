"""Exact power of the gate on one binary trial a case, unclustered: Tango's bound and the rule of few differences."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaln, ndtri, xlog1py, xlogy

from evalplat.gates.limits import FEWEST_DIFFERING
from evalplat.gates.pairing import Floats, Ints
from evalplat.stats import clopper_pearson

_SPREAD = 7.0
"""Standard deviations of the number of differing cases that are summed over; beyond lies less than 1e-10."""


def paired_binary_power(n: int, discordance: float, truth: float, margin: float, alpha: float) -> float:
    """Chance that Tango's lower bound at `alpha` lies above -`margin`, and that few differences do not forbid it.

    `n` cases differ with probability `discordance`, and the success rate changes by `truth` on average. Sums the
    binomial distribution of the differing cases and, within it, of those that got worse. A policy's pass needs both
    (gates.rules): with fewer than 5 differing cases the Clopper-Pearson bound of the worse ones lies below the margin.
    """
    q = min(1.0, max(discordance, abs(truth)))
    if q == 0:
        differing = np.zeros(1, dtype=np.int64)
    else:
        middle, spread = n * q, _SPREAD * math.sqrt(n * q * (1 - q)) + _SPREAD
        differing = np.arange(max(0, math.floor(middle - spread)), min(n, math.ceil(middle + spread)) + 1)
    most = _most_lost(differing, n, margin, alpha)
    lost = 0.5 if q == 0 else 0.5 * (1.0 - truth / q)
    return float(np.sum(_binomial(differing, n, q) * _at_most(most, differing, lost)))


def _most_lost(differing: Ints, n: int, margin: float, alpha: float) -> Ints:
    """By number of differing cases, with how many lost ones the gate still passes; -1 where with none."""
    z = -float(ndtri(alpha))
    low, high = np.full(len(differing), -1, dtype=np.int64), differing.copy()
    while bool((low < high).any()):  # the score falls as more are lost
        middle = (low + high + 1) // 2
        passes = _passes(differing - middle, middle, n, margin, z)
        low, high = np.where(passes, middle, low), np.where(passes, high, middle - 1)
    for i in np.flatnonzero(differing < FEWEST_DIFFERING):
        while low[i] >= 0 and clopper_pearson(int(low[i]), n).upper(alpha) >= margin:
            low[i] -= 1
    return low


def _passes(gained: Ints, lost: Ints, n: int, margin: float, z: float) -> npt.NDArray[np.bool_]:
    """Whether Tango's score at -margin exceeds z: the arithmetic of stats.tango, for many tables at once."""
    d = -margin
    linear = -gained - lost + (2 * n - gained + lost) * d
    root = np.sqrt(np.maximum(0.0, linear * linear + 8.0 * n * lost * d * (1.0 - d)))
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(linear > 0, 2.0 * lost * d * (1.0 - d) / (root + linear), (root - linear) / (4.0 * n))
    variance = np.maximum(0.0, n * (2.0 * q + d * (1.0 - d)))
    distance = gained - lost - n * d
    passed: npt.NDArray[np.bool_] = (distance > 0) & (distance > z * np.sqrt(variance))
    return passed


def _binomial(k: Ints, n: int, p: float) -> Floats:
    log = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0) + xlogy(k, p) + xlog1py(n - k, -p)
    mass: Floats = np.exp(log)
    return mass


def _at_most(k: Ints, n: Ints, p: float) -> Floats:
    """P(X <= k) for binomials of `n` trials; k may be -1."""
    inner = (k >= 0) & (k < n)
    safe = np.where(inner, n - k, 1), np.where(inner, k + 1, 1)
    chance: Floats = np.where(inner, betainc(*safe, 1.0 - p), np.where(k >= n, 1.0, 0.0))
    return chance
