"""Bootstrap-t for a mean over clusters: for skewed, unbounded metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy.typing as npt

from ._inputs import Floats, clusters_of, positive, sizes, sums, vector, whole
from ._resample import MIN_UNITS, Studentised, replicates
from .cluster_mean import cluster_mean


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapT(Studentised):
    """A mean with its CR2 standard error, and critical values from resampled clusters instead of t's.

    `replicates` are the sorted studentised resamples, None where t is used: with fewer than 8 clusters, or where
    nothing varies. A bound is infinite where too many resamples do not vary for the data to tell, or where alpha is
    below 1 / (resamples + 1).
    """

    n: int
    n_clusters: int
    estimate: float
    se: float | None
    df: float
    skewness: float | None
    resamples: int
    seed: int
    method: str
    replicates: Floats | None = field(repr=False)


def bootstrap_t(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = 9999,
) -> BootstrapT:
    """Mean of `values` (n,) with a second-order correct interval: it follows the skewness that t ignores.

    `clusters` and `weights` are as for `cluster_mean`. Clusters are resampled by their sums; one seed, one result.
    Beyond 2,000 clusters they are first added up at random into 2,000, which bounds time; memory is a few MB.

    Raises ValueError for input that is empty, not finite or of unequal lengths.

    Hall, The bootstrap and Edgeworth expansion, Springer (1992), 3.10; Cameron, Gelbach & Miller, Bootstrap-based
    improvements for inference with clustered errors, Review of Economics and Statistics 90 (2008) 414-427.
    """
    resamples, seed = whole("resamples", resamples, 99), whole("seed", seed)
    base = cluster_mean(values, clusters, weights)
    y = vector("values", values)
    groups, n_groups = clusters_of(clusters, y.size)
    drawn: Floats | None = None
    method = "bootstrap-t over clusters" if groups is not None else "bootstrap-t"
    if base.se and n_groups >= MIN_UNITS:
        if weights is None:
            totals, mass = sums(y, groups, n_groups), sizes(groups, n_groups)
        else:
            w = positive("weights", weights, y.size)
            totals, mass = sums(w * y, groups, n_groups), sums(w, groups, n_groups)
        drawn = replicates(totals, mass, mass, log=False, seed=seed, resamples=resamples)
    else:
        method = f"{base.method} (no bootstrap: {'nothing varies' if base.se == 0 else 'fewer than 8 clusters'})"
    return BootstrapT(
        base.n, n_groups, base.estimate, base.se, base.df, base.skewness, resamples, seed, method, drawn
    )  # fmt: skip
