"""The sums behind a sign-flip test: all of them, or random ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._distributions import log_binomial
from ._inputs import Floats, clusters_of, positive, sizes, sums
from .cluster_mean import adjustment

_LOG2_STATES = 17.0001  # 2^17 signs are enumerated; by symmetry, 2^16 different ones
_DISTINCT = 64  # so many different clusters or fewer are flipped by binomial counts
_CHUNK = 1 << 20  # random bytes drawn at a time, 8 signs each


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """What each cluster adds to the two sums of which the statistic is made, equal clusters taken together.

    A flip s gives the mean's distance S / W, S = sum s_g T_g, and cluster g's CR2 contribution
    (s_g P_g - S / W Q_g) / W. So its variance needs one more sum, of s_g P_g Q_g. `parts` (K, 2) are the different
    (T, PQ), with T > 0 or T = 0 <= PQ, `counts` (K,) how many clusters have each; clusters at (0, 0) are left out, as
    no flip of them shows.
    """

    parts: Floats
    counts: npt.NDArray[np.int64]
    observed: Floats
    squares: Floats  # sum of P^2, of Q^2
    weight: float
    n_clusters: int

    @classmethod
    def of(cls, y: Floats, clusters: npt.ArrayLike | None, weights: npt.ArrayLike | None, null: float) -> Flips:
        groups, n_groups = clusters_of(clusters, y.size)
        centred = y - null
        centred[np.abs(centred) <= 4.0 * math.ulp(abs(null))] = 0.0
        if weights is None:
            m, total = sizes(groups, n_groups), sums(centred, groups, n_groups)
            root = 1.0 / np.sqrt(1.0 - m / y.size)
            p, q, weight = root * total, root * m, float(y.size)
        else:
            w = positive("weights", weights, y.size)
            w = w / w.max()
            alpha, beta, m, s1, _ = adjustment(w, groups, n_groups)
            total, weight = sums(w * centred, groups, n_groups), float(w.sum())
            p, q = alpha * total + beta * sums(centred, groups, n_groups), alpha * s1 + beta * m
        noise = 8.0 * math.ulp(1.0) * sums(np.abs(centred), groups, n_groups)
        if groups is not None and weights is None:  # members that cancel leave nothing
            total = np.where(np.abs(total) <= noise, 0.0, total)
            p = np.where(total == 0.0, 0.0, p)
        parts = np.stack([total, p * q], axis=1)
        observed = parts.sum(axis=0, keepdims=True)
        squares = np.array([float(p @ p), float(q @ q)])
        parts = parts[(parts != 0.0).any(axis=1)]
        parts *= np.where((parts[:, 0] < 0) | ((parts[:, 0] == 0) & (parts[:, 1] < 0)), -1.0, 1.0)[:, None]
        return cls(*_alike(parts), observed, squares, weight, n_groups)

    @property
    def few(self) -> bool:
        """Whether the different sums are so few that all can be counted."""
        return float(np.sum(np.log2(self.counts + 1.0))) <= _LOG2_STATES

    def statistic(self, drawn: Floats) -> Floats:
        """t / sqrt(t^2 + G - 1) of each row of sums (rows, 2): ranks as t does, and finite where nothing varies."""
        distance = drawn[:, 0] / self.weight
        variance = self.squares[0] - 2.0 * distance * drawn[:, 1] + distance**2 * self.squares[1]
        scale = drawn[:, 0] ** 2 + (self.n_clusters - 1.0) * np.maximum(0.0, variance)
        return drawn[:, 0] / np.sqrt(np.where(scale > 0, scale, 1.0))

    def enumerated(self) -> Iterator[tuple[Floats, Floats]]:
        """All sums (states, 2) with their chances (states,)."""
        drawn, log_chance = np.zeros((1, 2)), np.zeros(1)
        for part, count in zip(self.parts, self.counts.tolist(), strict=True):
            up = np.arange(count + 1.0)
            drawn = (drawn[:, None, :] + np.multiply.outer(2.0 * up - count, part)).reshape(-1, 2)
            chance = log_binomial(count, up) - count * math.log(2.0)
            log_chance = (log_chance[:, None] + chance).ravel()
        yield drawn, np.exp(log_chance)

    def drawn(self, rng: np.random.Generator, draws: int) -> Iterator[tuple[Floats, Floats]]:
        """Sums (draws, 2) of random flips, each counted once."""
        if self.counts.size <= _DISTINCT:
            ups = [2.0 * rng.binomial(count, 0.5, draws) - count for count in self.counts.tolist()]
            yield np.stack(ups, axis=1) @ self.parts, np.ones(draws)
            return
        parts = np.repeat(self.parts, self.counts, axis=0)
        found = np.zeros((2, draws))
        # Eight signs at a time: a random byte picks one of the 256 sums of eight clusters.
        signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1.0
        parts = np.concatenate([parts, np.zeros((-len(parts) % 8, 2))]).reshape(-1, 8, 2)
        # Where clusters are alike in size the second sum is a multiple of the first.
        ratio = self.parts[:, 1] / np.where(self.parts[:, 0] > 0, self.parts[:, 0], 1.0)
        single = bool(np.ptp(ratio) <= 1e-12 * np.abs(ratio).max() and (self.parts[:, 0] > 0).all())
        step = max(1, _CHUNK // draws)
        for start in range(0, len(parts), step):
            block = parts[start : start + step]
            tables = np.einsum("bs,cst->ctb", signs, block)
            picks = np.frombuffer(rng.bytes(len(block) * draws), dtype=np.uint8).reshape(len(block), draws)
            for table, pick in zip(tables, picks, strict=True):
                found[0] += table[0][pick]
                if not single:
                    found[1] += table[1][pick]
        if single:
            found[1] = found[0] * ratio[0]
        yield found.T, np.ones(draws)


def _alike(parts: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The different rows of `parts` (G, 2), and how often each occurs."""
    order = np.lexsort((parts[:, 1], parts[:, 0]))
    ordered = parts[order]
    new = np.ones(len(parts), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.flatnonzero(new)
    return ordered[first], np.diff(np.append(first, len(parts)))
