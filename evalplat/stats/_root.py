"""Root of a growing function."""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 100


def root(f: Callable[[float], float], low: float, high: float, tolerance: float = 1e-12) -> float:
    """Where the growing `f`, above 0 at `high`, comes to 0: false position, a kept end scaled (Anderson-Bjorck)."""
    at_low, at_high = f(low), f(high)
    if at_low >= 0:
        return low
    for _ in range(_STEPS):
        share = 0.5 if math.isinf(at_low) else at_low / (at_low - at_high)
        middle = low + share * (high - low)
        value = f(middle)
        if abs(value) < tolerance or high - low < 0.1 * tolerance:
            return middle
        if value < 0:
            at_high *= 0.5 if math.isinf(at_low) else max(1.0 - value / at_low, 0.0) or 0.5
            low, at_low = middle, value
        else:
            at_low *= max(1.0 - value / at_high, 0.0) or 0.5
            high, at_high = middle, value
    return high
