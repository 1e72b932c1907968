"""Holm's step-down adjustment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._inputs import Floats
from ._pvalues import pvalues


def holm(p: npt.ArrayLike) -> Floats:
    """Adjusted p-values (m,), in the order given, that control the chance of any false claim among the m.

    The k-th smallest becomes the running maximum of (m - k + 1) p_(k), at most 1. Valid under any dependence.
    An empty family stays empty. Raises ValueError for values outside [0, 1].

    Holm, A simple sequentially rejective multiple test procedure, Scandinavian J. Statistics 6 (1979) 65-70.
    """
    values = pvalues(p)
    order = np.argsort(values, kind="stable")
    adjusted = np.minimum(1.0, np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1)))
    result = np.empty_like(values)
    result[order] = adjusted
    return result
