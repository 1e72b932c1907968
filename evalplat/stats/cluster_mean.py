"""Mean over clusters: CR2 standard error with Satterthwaite degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Codes, Floats, clusters_of, positive, sizes, sums, vector
from ._student import StudentT, without_rounding


@dataclass(frozen=True, slots=True)
class ClusterMean(StudentT):
    """A mean, its cluster-robust standard error and its degrees of freedom; intervals are Student's t.

    With one cluster, or one that holds all weight up to rounding, nothing is known of the spread: `se` is None and
    `df` 0.
    `skewness` is that of the clusters' contributions to the estimate (moment coefficient g1), None where they do
    not vary or are fewer than 3.
    """

    n: int
    n_clusters: int
    estimate: float
    se: float | None
    df: float
    skewness: float | None
    method: str


def cluster_mean(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> ClusterMean:
    """Mean of `values` (n,) where values of one cluster are not independent.

    `clusters` (n,) are whole numbers from 0; None makes each value its own cluster, which is the one-sample (paired)
    t test. `weights` (n,) above 0 are weights of importance, in any unit: the working model has one variance.
    The standard error is CR2, unbiased under the working model, and robust to any dependence within clusters; the
    degrees of freedom match the first two moments of its distribution there. With equal groups and no weights that
    is CR1 with G - 1. Linear in n; no matrix of cases or clusters is formed.

    Raises ValueError for input that is empty, not finite or of unequal lengths.

    Bell & McCaffrey, Bias reduction in standard errors for linear regression with multi-stage samples, Survey
    Methodology 28 (2002) 169-181; Pustejovsky & Tipton, Small-sample methods for cluster-robust variance estimation
    and hypothesis testing in fixed effects models, J. Business & Economic Statistics 36 (2018) 672-683.
    """
    y = vector("values", values)
    groups, n_groups = clusters_of(clusters, y.size)
    w = None if weights is None else positive("weights", weights, y.size)
    w = None if w is None else w / w.max()
    name = "CR2 standard error, Satterthwaite df" if groups is not None else "one-sample t"
    if groups is None and w is not None:
        name = "HC2 standard error, Satterthwaite df"
    estimate = float(np.mean(y)) if w is None else float(np.dot(w, y) / w.sum())
    if y.min() == y.max():
        estimate = float(y[0])
    if n_groups == 1:
        return ClusterMean(y.size, 1, estimate, None, 0.0, None, name)
    if w is not None and sums(w, groups, n_groups).max() > (1.0 - 1e-12) * w.sum():
        return ClusterMean(y.size, n_groups, estimate, None, 0.0, None, name)
    residuals = y - estimate
    parts = _unweighted(residuals, groups, n_groups) if w is None else _weighted(residuals, w, groups, n_groups)
    contributions, df = parts
    se = math.sqrt(float(np.dot(contributions, contributions)))
    estimate, se = without_rounding(estimate, se, float(np.abs(y).max()))
    return ClusterMean(y.size, n_groups, estimate, se, df, skewness(contributions) if se else None, name)


def skewness(contributions: Floats) -> float | None:
    """Moment coefficient g1; None for fewer than 3 values, or values that do not vary."""
    centred = contributions - contributions.mean()
    variance = float(np.mean(centred**2))
    if contributions.size < 3 or variance <= 0:
        return None
    z = centred / math.sqrt(variance)
    return float(np.dot(z * z, z) / z.size)


def _unweighted(residuals: Floats, groups: Codes | None, n_groups: int) -> tuple[Floats, float]:
    """CR2 contributions whose sum of squares is the variance, and the degrees of freedom."""
    m = sizes(groups, n_groups)
    n = residuals.size
    contributions = sums(residuals, groups, n_groups) / (n * np.sqrt(1.0 - m / n))
    # Gram matrix of the contributions under one variance: m_g / n^2 on the diagonal, -a_g a_h / n off it.
    if m.min() == m.max():
        return contributions, float(n_groups - 1)
    s = m**2 / (1.0 - m / n) / n**2
    trace2 = float(np.sum(m**2)) / n**4 + (float(s.sum()) ** 2 - float(np.sum(s**2))) / n**2
    return contributions, 1.0 / n**2 / trace2


def _weighted(residuals: Floats, w: Floats, groups: Codes | None, n_groups: int) -> tuple[Floats, float]:
    """The same with weights.

    With H = 1 w' / W, cluster g's adjustment is B_g^-1/2 with B_g = [(I - H)(I - H)']_gg = I + U C U', where
    U = [1, w_g] and C = [[q, -1/W], [-1/W, 0]], q = w'w / W^2. As B_g^-1/2 U = U (I + C U'U)^-1/2, a root of a
    two by two matrix for each cluster suffices: w_g' B_g^-1/2 = alpha w_g' + beta 1'.
    """
    total = float(w.sum())
    alpha, beta, m, s1, s2 = adjustment(w, groups, n_groups)
    q = float(s2.sum()) / total**2
    contributions = (alpha * sums(w * residuals, groups, n_groups) + beta * sums(residuals, groups, n_groups)) / total
    # Gram matrix of the contributions under one variance: s2_g / W^2 on the diagonal, z_g' C z_h / W^2 off it.
    tau, omega = alpha * s1 + beta * m, alpha * s2 + beta * s1
    k = np.array([[q, -1.0 / total], [-1.0 / total, 0.0]])
    z = np.stack([tau, omega])
    kz = k @ (z @ z.T)
    own = q * tau**2 - 2.0 * tau * omega / total
    off = float(np.trace(kz @ kz)) - float(np.sum(own**2))
    trace2 = (float(np.sum(s2**2)) + off) / total**4
    # The limit, where the terms of the traces cancel to nothing.
    if float(s1.max()) > (1.0 - 1e-3) * total or trace2 <= 0:
        return contributions, 1.0
    return contributions, max(1.0, (float(s2.sum()) / total**2) ** 2 / trace2)


def adjustment(w: Floats, groups: Codes | None, n_groups: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """CR2's adjustment of each cluster (alpha, beta), and its size and sums of weights and of their squares."""
    total = float(w.sum())
    m, s1, s2 = sizes(groups, n_groups), sums(w, groups, n_groups), sums(w**2, groups, n_groups)
    q = float(s2.sum()) / total**2
    # I + C U'U = [[a, b], [-m / W, d]], its determinant written without cancellation.
    a, b, d = 1.0 + q * m - s1 / total, q * s1 - s2 / total, 1.0 - s1 / total
    root_det = np.sqrt(d**2 + m * np.maximum(0.0, q - s2 / total**2))
    scale = 1.0 / (root_det * np.sqrt(a + d + 2.0 * root_det))
    return (a + root_det) * scale, -b * scale, m, s1, s2
