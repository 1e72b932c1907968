"""A family of p-values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._inputs import Floats


def pvalues(p: npt.ArrayLike) -> Floats:
    """`p` as an array of numbers in [0, 1]; an empty family is allowed."""
    if np.asarray(p).size == 0:
        return np.zeros(0)
    values = np.asarray(p)
    if values.ndim != 1 or values.dtype.kind not in "biuf" or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p must be a one-dimensional array of numbers in [0, 1]")
    return values.astype(np.float64)
