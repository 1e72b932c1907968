"""How often a bootstrap's resamples draw each unit; kept for the next call with the same seed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ._inputs import Floats

_CHUNK = 1 << 17  # cells drawn or converted at a time: stays in the cache, and bounds memory
_KEPT = 40 * 2**20  # bytes of counts kept in all, one byte a cell

_Bytes = npt.NDArray[np.uint8]
_kept: OrderedDict[tuple[int, int, int], tuple[_Bytes, ...]] = OrderedDict()
_lock = threading.Lock()


def resampled_counts(seed: int, units: int, resamples: int) -> Iterator[Floats]:
    """How often each of `units` is drawn in each of `resamples`: chunks (rows, units) of bounded size.

    Drawing costs ten times what using the counts does, and gates use one seed, simulations one shape; so counts are
    kept, the latest used, up to 40 MB in all. The counts are the same whether they were kept or not.
    """
    key = (seed, units, resamples)
    with _lock:
        chunks = _kept.get(key)
        if chunks is not None:
            _kept.move_to_end(key)
    if chunks is not None:
        for chunk in chunks:
            yield chunk.astype(np.float64)
        return
    keep = units * resamples <= _KEPT
    drawn: list[_Bytes] = []
    for counts in _drawn(np.random.default_rng(seed), units, resamples):
        # A unit drawn over 255 times in one resample is no event of this world, but a byte could not hold it.
        keep = keep and int(counts.max()) < 256
        if keep:
            drawn.append(counts.astype(np.uint8))
        yield counts.astype(np.float64)
    if keep:
        _keep(key, tuple(drawn))


def _drawn(rng: np.random.Generator, units: int, resamples: int) -> Iterator[npt.NDArray[np.int64]]:
    rows = max(1, _CHUNK // units)
    offsets = np.arange(rows, dtype=np.int64)[:, None] * units
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        picks = rng.integers(0, units, size=(size, units)) + offsets[:size]
        yield np.bincount(picks.ravel(), minlength=size * units).reshape(size, units)


def _keep(key: tuple[int, int, int], chunks: tuple[_Bytes, ...]) -> None:
    with _lock:
        _kept[key] = chunks
        _kept.move_to_end(key)
        while sum(units * resamples for _, units, resamples in _kept) > _KEPT:
            _kept.popitem(last=False)
