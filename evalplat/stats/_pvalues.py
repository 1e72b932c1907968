"""A family of p-values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, vector


def pvalues(p: npt.ArrayLike) -> Floats:
    """`p` as an array of numbers in [0, 1]; an empty family is allowed."""
    if np.asarray(p).size == 0:
        return np.zeros(0)
    values = vector("p", p)
    if values.min() < 0 or values.max() > 1:
        raise ValueError("p must lie in [0, 1]")
    return values
