"""Latent: the random numbers behind simulated scores, with the shape of a suite.

Every one is a standard normal, one for each cluster, case and trial, so that several metrics can share them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evalplat.gates.pairing import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Cases, their clusters (codes from 0, (n_cases,), or None), the trials a case of (baseline, candidate), and the
    cases' weights (n_cases,) where they differ."""

    n_cases: int
    clusters: Ints | None = None
    trials: tuple[int, int] = (1, 1)
    weights: Floats | None = None
    case_ids: tuple[str, ...] = field(init=False)
    rows: tuple[Ints, Ints] = field(init=False)
    """By arm, (n_cases x trials,): the case of each trial."""

    def __post_init__(self) -> None:
        if self.n_cases < 1:
            raise ValueError(f"n_cases must be at least 1, not {self.n_cases}")
        if min(self.trials) < 1:
            raise ValueError(f"trials must be at least 1, not {self.trials}")
        if self.clusters is not None and self.clusters.shape != (self.n_cases,):
            raise ValueError(f"clusters must have the length {self.n_cases}, not {self.clusters.shape}")
        if self.weights is not None and self.weights.shape != (self.n_cases,):
            raise ValueError(f"weights must have the length {self.n_cases}, not {self.weights.shape}")
        cases = np.arange(self.n_cases)
        object.__setattr__(self, "case_ids", tuple(f"case-{i:06d}" for i in range(self.n_cases)))
        object.__setattr__(self, "rows", (np.repeat(cases, self.trials[0]), np.repeat(cases, self.trials[1])))

    @classmethod
    def of_sizes(cls, sizes: npt.ArrayLike, trials: tuple[int, int] = (1, 1)) -> Shape:
        """Clusters of these sizes; clusters of one case each are none."""
        counts = np.asarray(sizes, dtype=np.int64)
        codes = np.repeat(np.arange(len(counts)), counts)
        return cls(len(codes), None if (counts == 1).all() else codes, trials)

    @property
    def groups(self) -> Ints:
        """Cluster code of each case; unclustered cases are their own."""
        return np.arange(self.n_cases) if self.clusters is None else self.clusters

    @property
    def n_clusters(self) -> int:
        """Number of clusters; of cases where there are none."""
        return self.n_cases if self.clusters is None else int(self.clusters.max()) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """Standard normals: what is shared by both arms, and what is each arm's own. Axis 0 of the latter is the arm."""

    cluster: Floats
    """(n_clusters,)"""
    case: Floats
    """(n_cases,)"""
    cluster_shock: Floats
    """(2, n_clusters)"""
    case_shock: Floats
    """(2, n_cases)"""
    trials: tuple[Floats, Floats]
    """By arm, (n_cases, trials)."""

    @classmethod
    def draw(cls, shape: Shape, rng: np.random.Generator) -> Latent:
        """Independent ones."""
        g, n = shape.n_clusters, shape.n_cases
        return cls(
            cluster=rng.standard_normal(g),
            case=rng.standard_normal(n),
            cluster_shock=rng.standard_normal((2, g)),
            case_shock=rng.standard_normal((2, n)),
            trials=(rng.standard_normal((n, shape.trials[0])), rng.standard_normal((n, shape.trials[1]))),
        )
