"""FewDiffer: the chance that the rule of few differing clusters lets a pass through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalplat.stats import clopper_pearson

from .limits import FEWEST_DIFFERING


@dataclass(frozen=True, slots=True)
class FewDiffer:
    """With fewer than 5 differing clusters a pass needs the Clopper-Pearson bound at `alpha` on the share that got
    worse, times `width` (what a cluster can lose at most), to be below `allowance`. `worse` is the share of differing
    clusters that got worse, `evenness` the effective over the actual number of clusters."""

    allowance: float
    width: float
    alpha: float
    worse: float = 0.5
    evenness: float = 1.0

    def chance(self, clusters: float, share: float) -> float:
        """Chance, with so many clusters of which each differs with probability `share`, that this is no obstacle."""
        return self.chances(clusters, (share,))[0]

    def chances(self, clusters: float, shares: tuple[float, ...]) -> tuple[float, ...]:
        """The same for several shares."""
        whole = max(1, math.floor(clusters + 1e-9))
        effective = max(1, math.floor(clusters * self.evenness + 1e-9))
        most = self._most_worse(effective)
        found = []
        for share in shares:
            chance = 1.0
            for differing in range(min(FEWEST_DIFFERING, whole + 1)):
                refused = sum(_mass(worse, differing, self.worse) for worse in range(most + 1, differing + 1))
                chance -= _mass(differing, whole, share) * refused
            found.append(min(1.0, max(0.0, chance)))
        return tuple(found)

    def _most_worse(self, effective: int) -> int:
        """Worse clusters, of fewer than 5 that differ, with which the bound still allows a pass; -1: with none."""
        for worse in range(FEWEST_DIFFERING):
            bound = clopper_pearson(min(worse, effective), effective).upper(self.alpha) * self.width
            if bound >= self.allowance:
                return worse - 1
        return FEWEST_DIFFERING - 1


def _mass(k: int, n: int, p: float) -> float:
    """P(X = k) for a binomial; k is small."""
    if p in (0.0, 1.0):
        return float(k == n * p)
    return math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) * p**k * (1 - p) ** (n - k)
