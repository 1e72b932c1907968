"""Search: the smallest number that is enough."""

from __future__ import annotations

import math
from collections.abc import Callable

_TEETH = 1_000
"""Numbers up to which the steps of exact tests are looked at one by one."""


def smallest(enough: Callable[[int], bool], first: int, most: int, *, teeth: bool, growth: float = 2.0) -> int | None:
    """Smallest number that is enough: growing steps, then bisection. `teeth`: so are those up to 5 % beyond it.

    Exact tests have a power that rises in teeth: a number on the tip of one would mislead who runs one case more.
    Small `growth` finds what is enough where more is too much again, as it is for a rule that forbids any failure.
    """
    if enough(first):
        return first
    low, high = first, math.ceil(first * growth)
    while not enough(high):
        if high >= most:
            return None
        low, high = high, min(most, math.ceil(high * growth))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    if not teeth or high > _TEETH:
        return high
    number = high
    for tried in range(high + 1, high + math.ceil(0.05 * high) + 1):
        if not enough(tried):
            number = tried + 1
    return number if number == high or enough(number) else high
