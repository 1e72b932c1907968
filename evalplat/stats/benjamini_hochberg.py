"""Benjamini and Hochberg's step-up adjustment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._inputs import Floats
from ._pvalues import pvalues


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Adjusted p-values (m,), in the order given, that control the expected share of false claims among the claims.

    The k-th smallest becomes the running minimum, from the largest down, of m p_(k) / k, at most 1. Valid under
    independence or positive dependence. An empty family stays empty. Raises ValueError for values outside [0, 1].

    Benjamini & Hochberg, Controlling the false discovery rate: a practical and powerful approach to multiple testing,
    J. Royal Statistical Society B 57 (1995) 289-300.
    """
    values = pvalues(p)
    order = np.argsort(values, kind="stable")[::-1]
    ranks = np.arange(values.size, 0, -1)
    adjusted = np.minimum(1.0, np.minimum.accumulate(values[order] * values.size / ranks))
    result = np.empty_like(values)
    result[order] = adjusted
    return result
