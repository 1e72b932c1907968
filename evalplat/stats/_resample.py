"""Studentised replicates of a ratio of sums over resampled clusters: the engine of both bootstrap-t methods."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ._counts import resampled_counts
from ._inputs import Codes, Floats, sums
from ._student import StudentT

MIN_UNITS = 8
MAX_UNITS = 2_000
_MOST_KINDS = 64
_GLANCE = 1024
_ROWS = 1 << 14
_NOISE = 1e-13


class Studentised(StudentT):
    """StudentT with the critical values of sorted bootstrap `replicates` of (estimate - estimand) / se.

    Where there are none, those of t. Bound and p-value are two sides of one thing: the k-th of R replicates is
    the quantile of k / (R + 1), and a p-value counts the observed value in.
    """

    __slots__ = ()

    replicates: Floats | None

    def _critical(self, alpha: float, *, upper_tail: bool) -> float:
        if self.replicates is None:
            return StudentT._critical(self, alpha, upper_tail=upper_tail)
        count = self.replicates.size
        k = int(alpha * (count + 1) * (1.0 + 1e-12))
        if not 1 <= k <= count:  # more certain than so many resamples can be
            return math.inf if upper_tail else -math.inf
        return float(self.replicates[count - k if upper_tail else k - 1])

    def _tail(self, t: float, *, upper_tail: bool) -> float:
        if self.replicates is None:
            return StudentT._tail(self, t, upper_tail=upper_tail)
        count = self.replicates.size
        below = int(np.searchsorted(self.replicates, t, side="left" if upper_tail else "right"))
        return (1 + (count - below if upper_tail else below)) / (count + 1)


def replicates(
    numerators: Floats, denominators: Floats, sizes: Floats, *, log: bool, seed: int, resamples: int
) -> Floats:
    """Sorted (resamples,) replicates of the studentised sum(numerators) / sum(denominators), or of its logarithm.

    The arguments (G,) are sums over clusters. Each resample draws G of them with replacement; its standard error
    is the linearised one, each cluster's squared residual over 1 - its share of the sizes, as in CR2.
    A resample that does not vary counts as infinitely far out on its side, so that what data can not tell widens the
    interval. Clusters of a few kinds, such as binary pairs, are drawn by multinomial counts of the kinds. More than
    2,000 clusters of many kinds are first added up at random into 2,000 (random groups: the estimate and its skewness
    stay, the time is bounded).
    """
    kinds = kinds_of((numerators, denominators, sizes))
    if kinds is not None:
        columns, number = kinds
        draws = _draws_of_kinds(seed, number, resamples)
    else:
        units, n_units = units_of(seed, np.arange(numerators.size), numerators.size)
        columns = tuple(sums(column, units, n_units) for column in (numerators, denominators, sizes))
        number = np.ones(n_units)
        draws = resampled_counts(seed, n_units, resamples)
    top, bottom, size = columns
    centre = float(number @ top) / float(number @ bottom)
    residual, inflate = top - centre * bottom, 1.0 / (1.0 - size / float(number @ size))
    moments = np.stack(
        [top, bottom, residual, inflate * residual**2, inflate * residual * bottom, inflate * bottom**2], axis=1
    )
    drawn = np.concatenate([counts @ moments for counts in draws])
    return np.sort(_studentise(drawn, centre, log=log))


def units_of(seed: int, clusters: Codes, n_clusters: int) -> tuple[Codes, int]:
    """The unit to resample of each entry, and their number: its cluster, or its random group of clusters."""
    if n_clusters <= MAX_UNITS:
        return clusters, n_clusters
    return (np.random.default_rng(seed).permutation(n_clusters) % MAX_UNITS)[clusters], MAX_UNITS


def kinds_of(columns: tuple[Floats, ...]) -> tuple[tuple[Floats, ...], Floats] | None:
    """The different rows of `columns` (each (G,)), as columns (K,), and how many there are of each; None if not few."""
    size = columns[0].size
    most = min(_MOST_KINDS, size // 8)
    codes, levels_of = np.zeros(size, dtype=np.int64), []
    for column in columns:
        levels = _levels(column, most)
        if levels is None:
            return None
        codes = codes * levels.size + np.searchsorted(levels, column)
        levels_of.append(levels)
    shape = tuple(levels.size for levels in levels_of)
    number = np.bincount(codes, minlength=math.prod(shape))
    present = np.flatnonzero(number)
    if present.size > most:
        return None
    picked = np.unravel_index(present, shape)
    rows = tuple(levels[pick] for levels, pick in zip(levels_of, picked, strict=True))
    return rows, number[present].astype(np.float64)


def _levels(column: Floats, most: int) -> Floats | None:
    """The different values, sorted; None where they are more than `most`, as a glance at the first ones often tells."""
    levels, left = np.zeros(0), column
    while left.size:
        levels = np.union1d(levels, left[:_GLANCE])
        if levels.size > most:
            return None
        left = left[levels[np.searchsorted(levels, left).clip(max=levels.size - 1)] != left]
    return levels


def _draws_of_kinds(seed: int, number: Floats, resamples: int) -> Iterator[Floats]:
    """How often each kind is drawn in each resample: chunks (rows, K)."""
    rng, total = np.random.default_rng(seed), int(number.sum())
    for start in range(0, resamples, _ROWS):
        rows = min(_ROWS, resamples - start)
        yield rng.multinomial(total, number / total, size=rows).astype(np.float64)


def _studentise(drawn: Floats, centre: float, *, log: bool) -> Floats:
    """(value - centre) / se of each resample, from its sums (resamples, 6)."""
    top, bottom, residual, rr, rb, bb = drawn.T
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = residual / bottom
        squares = rr - 2.0 * distance * rb + distance**2 * bb
        flat = ~(squares > _NOISE * (rr + distance**2 * bb))
        # On the log scale a total of nothing is infinitely far out.
        t = (np.log(top / bottom / centre) * top if log else residual) / np.sqrt(np.where(flat, 1.0, squares))
    end = np.where(np.abs(distance) <= 1e-12 * abs(centre), 0.0, np.where(distance > 0, np.inf, -np.inf))
    if log:
        flat |= ~(bottom > 0)
        end = np.where(bottom > 0, np.where(top > 0, end, -np.inf), np.where(top > 0, np.inf, 0.0))
        flat |= ~(top > 0)
    return np.where(flat, end, t)
