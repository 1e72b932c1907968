"""Fisher's exact test of two proportions, many small tables at a time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, codes


def fisher_less(
    successes: npt.ArrayLike, trials: npt.ArrayLike, base_successes: npt.ArrayLike, base_trials: npt.ArrayLike
) -> Floats:
    """One-sided p-values (n,) that a rate is below the baseline's: hypergeometric, given all successes of both.

    Whole numbers (n,), successes <= trials. A side without trials gives 1. Each distinct table is computed once.

    Raises ValueError for malformed input.

    Fisher, Statistical methods for research workers, 5th ed. (1934), 21.02.
    """
    c = codes("successes", successes, np.asarray(successes).size)
    n, b, m = (
        codes(name, values, c.size)
        for name, values in (("trials", trials), ("base_successes", base_successes), ("base_trials", base_trials))
    )
    if (c > n).any() or (b > m).any():
        raise ValueError("successes must not exceed trials")
    tables, place = np.unique(np.stack([c, n, b, m], axis=1), axis=0, return_inverse=True)
    p = np.array([_tail(*(int(value) for value in table)) for table in tables], dtype=np.float64)
    return p[place.reshape(-1)] if c.size else p


def _tail(c: int, n: int, b: int, m: int) -> float:
    """P(X <= c) of c + b successes drawn into a side of n of n + m trials."""
    total = c + b
    ways = sum(math.comb(n, x) * math.comb(m, total - x) for x in range(max(0, total - m), c + 1))
    return ways / math.comb(n + m, total)
