"""Design: how many cases, clusters and trials a run has; and how it grows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Design:
    """A run that might be made. `trials` a case: of the baseline, of the candidate. Sizes need not be whole."""

    cases: float
    clusters: float
    trials: tuple[float, float]

    @property
    def cluster_size(self) -> float:
        """Cases of a cluster."""
        return self.cases / self.clusters

    def with_clusters(self, clusters: int) -> Design:
        """As many clusters, of the same size."""
        return replace(self, clusters=clusters, cases=math.ceil(clusters * self.cluster_size - 1e-9))

    def with_trials(self, candidate: float, baseline: float | None) -> Design:
        """Other trials a case; the baseline's fixed, or None: as many as the candidate's."""
        return replace(self, trials=(candidate if baseline is None else baseline, candidate))

    def calls(self, *, kept: bool) -> int:
        """Trials to be run: the candidate's, and the baseline's where it is not `kept` already."""
        return math.ceil(self.cases * (self.trials[1] + (0.0 if kept else self.trials[0])) - 1e-9)
