"""What every method asks of its inputs. A complaint is a ValueError that names the argument."""

from __future__ import annotations

import math
import operator
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Side = Literal["lower", "upper"]

# Squares and their sums stay finite and above 0: no overflow or underflow ends as a false certainty.
_HUGE, _TINY = 1e100, 1e-100


def vector(name: str, values: npt.ArrayLike, n: int | None = None) -> Floats:
    """`values` as a non-empty one-dimensional array of finite floats, of length `n` where given."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be one-dimensional and not empty, not of shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers, not {array.dtype}")
    array = array.astype(np.float64, copy=False)
    if n is not None and array.size != n:
        raise ValueError(f"{name} must have {n} entries, not {array.size}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; entry {int(np.argmin(np.isfinite(array)))} is not")
    largest = float(np.abs(array).max())
    if largest and not _TINY <= largest <= _HUGE:
        raise ValueError(f"{name} must be at most {_HUGE:g} and at least {_TINY:g} in size; change the unit")
    return array


def codes(name: str, values: npt.ArrayLike, n: int) -> Codes:
    """`values` as `n` whole numbers from 0; a negative code would mean `absent`, and is refused."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise ValueError(f"{name} must be a one-dimensional array of whole numbers, not {array.dtype}{array.shape}")
    if array.size != n:
        raise ValueError(f"{name} must have {n} entries, not {array.size}")
    array = array.astype(np.int64, copy=False)
    if array.size and array.min() < 0:
        raise ValueError(f"{name} must be codes from 0; entry {int(np.argmin(array))} is negative")
    return array


def compress(array: Codes) -> tuple[Codes, int]:
    """The same grouping with codes 0..G-1 in the order of the old codes, and G."""
    top = int(array.max())
    if top < 4 * array.size + 1024:
        present = np.bincount(array, minlength=top + 1) > 0
        if present.all():
            return array, top + 1
        return (np.cumsum(present) - 1)[array], int(present.sum())
    unique, inverse = np.unique(array, return_inverse=True)
    return inverse.astype(np.int64, copy=False), int(unique.size)


def clusters_of(clusters: npt.ArrayLike | None, n: int) -> tuple[Codes | None, int]:
    """Compressed cluster codes and their number; None where each of the `n` is its own cluster."""
    if clusters is None:
        return None, n
    compressed, groups = compress(codes("clusters", clusters, n))
    return (None, n) if groups == n else (compressed, groups)


def positive(name: str, values: npt.ArrayLike, n: int) -> Floats:
    """`values` as `n` finite floats above 0."""
    array = vector(name, values, n)
    if array.min() <= 0:
        raise ValueError(f"{name} must be above 0; entry {int(np.argmin(array))} is {array.min():g}")
    return array


def sums(values: Floats, groups: Codes | None, n_groups: int) -> Floats:
    """Sum of `values` in each group; `groups` None means that each is its own."""
    if groups is None:
        return values
    return np.bincount(groups, weights=values, minlength=n_groups).astype(np.float64, copy=False)


def sizes(groups: Codes | None, n_groups: int) -> Floats:
    """Number of entries in each group, as floats."""
    return np.ones(n_groups) if groups is None else np.bincount(groups, minlength=n_groups).astype(np.float64)


def whole(name: str, value: Any, low: int = 0) -> int:
    """`value` as an int of at least `low`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}") from None
    if number < low:
        raise ValueError(f"{name} must be at least {low}, not {number}")
    return number


def finite(name: str, value: float, *, above: float = -math.inf) -> float:
    """`value` as a finite float above `above`."""
    number = float(value)
    if not math.isfinite(number) or number <= above:
        bound = "" if above == -math.inf else f" above {above:g}"
        raise ValueError(f"{name} must be a finite number{bound}, not {value!r}")
    return number


def between(name: str, value: float, low: float = 0.0, high: float = 1.0) -> float:
    """`value` as a float strictly between `low` and `high`."""
    number = float(value)
    if not low < number < high:
        raise ValueError(f"{name} must lie strictly between {low:g} and {high:g}, not {value!r}")
    return number


def side_of(side: str) -> Side:
    """`side`, if it is one."""
    if side not in get_args(Side):
        raise ValueError(f"side must be lower or upper, not {side!r}")
    return side  # type: ignore[return-value]
