"""Walk: the sub-density of a Brownian path that has not stopped yet, look by look.

The path is S(t) = drift t + B(t), seen at shares t_1 < t_2 < ...; S(t) / sqrt(t) is the z statistic. Between looks the
sub-density is convolved with the normal density of the increment, by Gauss-Legendre quadrature over what goes on.

Armitage, McPherson & Rowe, Repeated significance tests on accumulating data, JRSS A 132 (1969) 235-244; Jennison &
Turnbull, Group sequential methods with applications to clinical trials (2000), chapter 19.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from ._inputs import Floats

_NODES, _PANEL = 24, 6.0
_FAR = 8.5
_ROOT_2PI = math.sqrt(2.0 * math.pi)

Region = tuple[float, float]


class Walk:
    """What still goes on at share `t`: `mass` (n,) of probability at the points `at` (n,) of S."""

    __slots__ = ("at", "drift", "mass", "t")

    def __init__(self, drift: float = 0.0) -> None:
        self.t, self.drift = 0.0, drift
        self.at: Floats = np.zeros(1)
        self.mass: Floats = np.ones(1)

    def above(self, s: float, t: float) -> float:
        """P(not stopped before, S(t) >= s)."""
        from scipy.special import ndtr

        dt = t - self.t
        return float(self.mass @ ndtr((self.at + (self.drift * dt - s)) / math.sqrt(dt)))

    def density(self, s: float | Floats, t: float) -> Floats:
        """Sub-density of S(t) at `s`."""
        dt = t - self.t
        z = (np.atleast_1d(s)[:, None] - (self.at + self.drift * dt)[None, :]) / math.sqrt(dt)
        return np.asarray(np.exp(-0.5 * z * z) @ self.mass / (_ROOT_2PI * math.sqrt(dt)))

    def going_on(self, regions: Sequence[Region], t: float, following: float, reach: float = _FAR) -> None:
        """Moves on to share `t`, keeping the paths with S(t) in one of `regions` (disjoint, may be unbounded).

        `following` is the share of the next look, which sets how fine the points must lie; `reach` is how many
        standard deviations above the mean still matter.
        """
        centre, sd = self.drift * t, math.sqrt(t)
        width = math.sqrt(min(t - self.t, max(following - t, 0.0) or math.inf))
        parts = [(max(low, centre - _FAR * sd), min(high, centre + reach * sd)) for low, high in regions]
        grids = [_grid(low, high, width) for low, high in parts if low < high]
        if not grids:
            self.at, self.mass, self.t = np.zeros(1), np.zeros(1), t
            return
        at = np.concatenate([points for points, _ in grids])
        weights = np.concatenate([weights for _, weights in grids])
        self.mass = self.density(at, t) * weights
        self.at, self.t = at, t


@cache
def _legendre() -> tuple[Floats, Floats]:
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (points + 1.0), 0.5 * weights


def _grid(low: float, high: float, width: float) -> tuple[Floats, Floats]:
    """Points and weights on [low, high], panels at most `_PANEL` times `width` long."""
    panels = max(1, math.ceil((high - low) / (_PANEL * width)))
    step = (high - low) / panels
    points, weights = _legendre()
    at = (low + step * np.arange(panels))[:, None] + step * points[None, :]
    return at.ravel(), np.tile(step * weights, panels)
