"""Operating characteristics of a gate that looks several times, before the first trial."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from ._distributions import normal_quantile
from ._inputs import between, whole
from ._root import root
from ._walk import Walk
from .boundaries import boundaries
from .futility import futile_below
from .spending import EARLY, STEADY

_MOST_LOOKS = 20


@dataclass(frozen=True, slots=True)
class Truth:
    """What a gate does where one thing is true. `calls` is their expectation in units of the fixed sample."""

    passes: float
    fails: float
    inconclusive: float
    calls: float


@dataclass(frozen=True, slots=True)
class Operating:
    """A gate of equal looks, its pass test with `power` where nothing changed; all as shares of the fixed sample.

    `inflation` is the largest sample over that of one look with the same power: plan that many clusters more.
    """

    looks: int
    alpha: float
    power: float
    futility: bool
    inflation: float
    no_change: Truth
    half_margin: Truth
    at_margin: Truth
    method: str = "Brownian path, numerical integration"


def operating(looks: int, alpha: float = 0.05, power: float = 0.80, *, futility: bool = True) -> Operating:
    """What `looks` equal looks cost and save, against one look at the sample that gives the pass test `power`.

    The gate tests pass (H0: worse by the margin) and fail (H0: no change), each at one-sided `alpha`, and with
    `futility` stops where `futility` of this room says so, its fail test then spending EARLY. Expectations by numerical
    integration of the limiting normal process: small samples and few clusters cost more.

    Raises ValueError for malformed input.

    Jennison & Turnbull, Group sequential methods with applications to clinical trials (2000), chapters 2 and 19.
    """
    k, alpha = whole("looks", looks, 1), between("alpha", alpha, 0.0, 0.5)
    if k > _MOST_LOOKS:
        raise ValueError(f"looks must be at most {_MOST_LOOKS}, not {k}")
    return _operating(k, alpha, between("power", power, alpha), futility and k > 1)


@lru_cache(maxsize=256)
def _operating(looks: int, alpha: float, power: float, futility: bool) -> Operating:
    fixed = normal_quantile(1.0 - alpha) + normal_quantile(power)
    design = _Design(tuple((look + 1) / looks for look in range(looks)), alpha, fixed, futility)

    def surplus(inflation: float) -> float:
        return design.truth(inflation, 0.0).passes - power

    high = 1.5
    while surplus(high) < 0:
        high *= 1.5
    inflation = 1.0 if looks == 1 else root(surplus, 1.0, high)
    no_change, half, whole_margin = (design.truth(inflation, change) for change in (0.0, -0.5, -1.0))
    return Operating(looks, alpha, power, futility, inflation, no_change, half, whole_margin)


@dataclass(frozen=True, slots=True)
class _Design:
    shares: tuple[float, ...]
    alpha: float
    fixed: float
    """The margin in standard errors of the fixed sample."""
    futility: bool

    def truth(self, inflation: float, change: float) -> Truth:
        """What happens where the change is `change` margins; S is that of estimate / se."""
        margin = self.fixed * math.sqrt(inflation)
        to_pass = boundaries(self.shares, self.alpha).z
        to_fail = boundaries(self.shares, self.alpha, EARLY if self.futility else STEADY).z
        walk, left = Walk(change * margin), 1.0
        passes = fails = calls = 0.0
        for look, t in enumerate(self.shares):
            size = math.sqrt(t)
            high = to_pass[look] * size - margin * t
            low = min(high, -to_fail[look] * size)
            passing = walk.above(high, t)
            passes, fails = passes + passing, fails + float(walk.mass.sum()) - walk.above(low, t)
            if look + 1 == len(self.shares):
                break
            if self.futility and t >= EARLY.horizon:
                effect = margin * size
                low = max(low, futile_below(effect, t, to_pass[-1]) * size - margin * t)
            walk.going_on([(low, max(low, high))], t, self.shares[look + 1])
            going = float(walk.mass.sum())
            calls, left = calls + inflation * t * (left - going), going
        return Truth(passes, fails, max(0.0, 1.0 - passes - fails), calls + inflation * left)
