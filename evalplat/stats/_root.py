"""Root of a growing function."""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 100


def root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where the growing `f`, above 0 at `high`, comes to 0: false position, a kept end halved (Illinois)."""
    at_low, at_high = f(low), f(high)
    if at_low >= 0:
        return low
    for _ in range(_STEPS):
        share = 0.5 if math.isinf(at_low) else at_low / (at_low - at_high)
        middle = low + share * (high - low)
        value = f(middle)
        if abs(value) < 1e-12 or high - low < 1e-13:
            return middle
        if value < 0:
            low, at_low, at_high = middle, value, 0.5 * at_high
        else:
            high, at_high, at_low = middle, value, 0.5 * at_low
    return high
