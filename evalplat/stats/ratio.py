"""Ratio of totals: what the candidate's whole bill is of the baseline's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, Side, clusters_of, finite, positive, sizes, sums, vector, whole
from ._resample import MIN_UNITS, Studentised, replicates
from .cluster_mean import cluster_mean


@dataclass(frozen=True, slots=True, eq=False)
class _LogRatio(Studentised):
    """The logarithm of the ratio, on whose scale everything is computed."""

    estimate: float
    se: float | None
    df: float
    replicates: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class RatioOfTotals:
    """sum(numerator) / sum(denominator) with inference on the logarithm.

    `log_se` is the CR2 standard error of the logarithm, `se` that of the ratio by the delta method; both None where
    one cluster tells nothing. `skewness` is that of the clusters' contributions to the logarithm. `replicates` is
    None where t is used instead: with fewer than 8 clusters, or where nothing varies.
    """

    n: int
    n_clusters: int
    numerator: float
    denominator: float
    estimate: float
    log_se: float | None
    df: float
    skewness: float | None
    resamples: int
    seed: int
    method: str
    replicates: Floats | None = field(repr=False)

    @property
    def se(self) -> float | None:
        """Standard error of the ratio, by the delta method."""
        return None if self.log_se is None else self.estimate * self.log_se

    def interval(self, confidence: float) -> tuple[float, float]:
        """Two-sided, equal-tailed interval (low, high) of the ratio; 0 and inf are open ends."""
        low, high = self._log.interval(confidence)
        return _exp(low), _exp(high)

    def bound(self, alpha: float, side: Side) -> float:
        """One-sided confidence bound of the ratio at 1 - alpha."""
        return _exp(self._log.bound(alpha, side))

    def p_value(self, null: float = 1.0) -> float:
        """Two-sided p-value of H0: the ratio equals `null`, above 0."""
        return self._log.p_value(math.log(finite("null", null, above=0.0)))

    def p_below(self, null: float = 1.0) -> float:
        """One-sided p-value for H1: the ratio is below `null`, above 0."""
        return self._log.p_below(math.log(finite("null", null, above=0.0)))

    def p_above(self, null: float = 1.0) -> float:
        """One-sided p-value for H1: the ratio is above `null`, above 0."""
        return self._log.p_above(math.log(finite("null", null, above=0.0)))

    @property
    def _log(self) -> _LogRatio:
        centre = math.log(self.estimate)
        if self.log_se == 0 and abs(centre) < 1e-12:
            centre = 0.0
        return _LogRatio(centre, self.log_se, self.df, self.replicates)


def ratio_of_totals(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = 9999,
) -> RatioOfTotals:
    """Ratio of the totals of two paired amounts (n,), such as the cost of each case for candidate and baseline.

    `clusters` and `weights` are as for `cluster_mean`. The interval is a bootstrap-t over clusters on the logarithm,
    studentised by the linearised (delta method) standard error.

    Raises ValueError for input that is empty, not finite or of unequal lengths, for an amount below 0, and for a total
    that is not above 0: then there is no ratio.

    Cochran, Sampling techniques, 3rd ed., Wiley (1977), ch. 6; Hall, The bootstrap and Edgeworth expansion (1992).
    """
    resamples, seed = whole("resamples", resamples, 99), whole("seed", seed)
    top, bottom = _amounts("numerator", numerator), _amounts("denominator", denominator)
    vector("denominator", bottom, top.size)
    groups, n_groups = clusters_of(clusters, top.size)
    w = np.ones(top.size) if weights is None else positive("weights", weights, top.size)
    sum_top, sum_bottom = float(np.dot(w, top)), float(np.dot(w, bottom))
    mean_top, mean_bottom = sum_top / w.sum(), sum_bottom / w.sum()

    # The linearised logarithm: each case's relative share above minus its relative share below.
    base = cluster_mean(top / mean_top - bottom / mean_bottom, clusters, weights)
    log_se = base.se
    if log_se is not None and log_se < 1e-14 * max(top.max() / mean_top, bottom.max() / mean_bottom):
        log_se = 0.0  # proportional up to rounding
    drawn: Floats | None = None
    method = "ratio of totals, bootstrap-t of the logarithm"
    if log_se and n_groups >= MIN_UNITS:
        mass = sizes(groups, n_groups) if weights is None else sums(w, groups, n_groups)
        drawn = replicates(
            sums(w * top, groups, n_groups), sums(w * bottom, groups, n_groups), mass,
            log=True, seed=seed, resamples=resamples,
        )  # fmt: skip
    else:
        method = "ratio of totals, t interval of the linearised logarithm"
    return RatioOfTotals(
        top.size, n_groups, sum_top, sum_bottom, sum_top / sum_bottom, log_se, base.df, base.skewness,
        resamples, seed, method, drawn,
    )  # fmt: skip


def _amounts(name: str, values: npt.ArrayLike) -> Floats:
    amounts = vector(name, values)
    if amounts.min() < 0:
        raise ValueError(f"{name} must not be negative for a ratio of totals; entry {int(np.argmin(amounts))} is")
    if amounts.max() == 0:
        raise ValueError(f"{name} adds up to 0: a ratio of totals needs both above 0")
    return amounts


def _exp(x: float) -> float:
    return math.inf if x > 709.0 else math.exp(x)
