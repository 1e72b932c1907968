"""Where the noise of a paired difference comes from: clusters, cases, trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._inputs import Floats, clusters_of, finite
from ._trials import CaseMoments, case_moments, same_cases


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Variances of the difference of case means, candidate minus baseline.

    `between_clusters` and `between_cases` (within clusters) are of the true difference of a case; `trial_baseline`
    and `trial_candidate` are those of one trial around its case, None where no case has two trials on that side: the
    noise is then part of `between_cases`. `trials` are the harmonic mean numbers of trials a case, so that a case's
    mean varies by trial variance / trials. `truncated` names components whose estimate was below 0 and is set to 0.
    """

    n_cases: int
    n_clusters: int
    effective_clusters: float
    trials: tuple[float, float]
    estimate: float
    between_clusters: float
    between_cases: float
    trial_baseline: float | None
    trial_candidate: float | None
    truncated: tuple[str, ...]
    method: str = "analysis of variance, method of moments"

    def se_at(
        self, n_clusters: float, cases_per_cluster: float, trials_baseline: float, trials_candidate: float
    ) -> float:
        """Standard error of the mean difference with equal clusters of that many cases and trials a case.

        Raises ValueError for a number of trials other than 1 on a side whose trial variance is not known.
        """
        clusters = finite("n_clusters", n_clusters, above=0.0)
        cases = clusters * finite("cases_per_cluster", cases_per_cluster, above=0.0)
        return self._se(clusters, cases, trials_baseline, trials_candidate)

    def se_here(self, trials_baseline: float, trials_candidate: float) -> float:
        """Standard error on these very cases and clusters with that many trials a case; errors as for `se_at`."""
        return self._se(self.effective_clusters, self.n_cases, trials_baseline, trials_candidate)

    def _se(self, clusters: float, cases: float, trials_baseline: float, trials_candidate: float) -> float:
        noise = _mean_noise("trials_baseline", self.trial_baseline, trials_baseline)
        noise += _mean_noise("trials_candidate", self.trial_candidate, trials_candidate)
        return math.sqrt(self.between_clusters / clusters + (self.between_cases + noise) / cases)


def variance_components(
    base_values: npt.ArrayLike,
    base_cases: npt.ArrayLike,
    cand_values: npt.ArrayLike,
    cand_cases: npt.ArrayLike,
    clusters_of_case: npt.ArrayLike | None = None,
) -> VarianceComponents:
    """Variance components of paired differences of case means, from trial scores.

    `*_values` (n,) are trial scores, `*_cases` (n,) whole numbers from 0, the same cases on both sides;
    `clusters_of_case` (n_cases,), in the order of the case codes, or None. Unbalanced one-way analysis of variance,
    with the trials' known share taken off each mean square. Where every cluster holds one case the two cannot be told
    apart, and all is `between_cases`.

    Raises ValueError for malformed input, for differing sets of cases, and for fewer than two clusters.

    Searle, Casella & McCulloch, Variance components, Wiley (1992), 3.6 (unbalanced one-way).
    """
    base, cand = case_moments("base_", base_values, base_cases), case_moments("cand_", cand_values, cand_cases)
    same_cases(base, cand)
    n = base.ids.size
    groups, n_groups = clusters_of(clusters_of_case, n)
    if n_groups < 2:
        raise ValueError("variance components need at least 2 clusters")
    trial = _trial_variance(base), _trial_variance(cand)
    noise = sum(((v or 0.0) / side.trials for v, side in zip(trial, (base, cand), strict=True)), np.zeros(n))
    codes = np.arange(n) if groups is None else groups
    size = np.bincount(codes, minlength=n_groups).astype(np.float64)
    raw_clusters, raw_cases = _anova(cand.means - base.means, codes, size, noise)
    raw = {"between_clusters": raw_clusters, "between_cases": raw_cases}
    return VarianceComponents(
        n_cases=n,
        n_clusters=n_groups,
        effective_clusters=n**2 / float(np.sum(size**2)),
        trials=(n / float(np.sum(1.0 / base.trials)), n / float(np.sum(1.0 / cand.trials))),
        estimate=float(np.mean(cand.means - base.means)),
        between_clusters=max(0.0, raw_clusters),
        between_cases=max(0.0, raw_cases),
        trial_baseline=trial[0],
        trial_candidate=trial[1],
        truncated=tuple(name for name, value in raw.items() if value < 0),
    )


def _trial_variance(side: CaseMoments) -> float | None:
    """Pooled variance of a trial around its case; None where no case has two."""
    spare = float(np.sum(side.trials - 1.0))
    return None if spare == 0 else float(side.squares.sum()) / spare


def _anova(d: Floats, codes: npt.NDArray[np.int64], size: Floats, noise: Floats) -> tuple[float, float]:
    """Untruncated (between clusters, between cases), by equating sums of squares with their expectations."""
    n, n_groups = d.size, size.size
    d = d - d.mean()
    means = np.bincount(codes, weights=d, minlength=n_groups) / size
    ss_between = float(np.sum(size * means**2))
    own = 1.0 / size[codes]
    if n == n_groups:
        return 0.0, (ss_between - float(np.sum(noise)) * (1.0 - 1.0 / n)) / (n - 1)
    ss_within = float(np.sum((d - means[codes]) ** 2))
    cases = (ss_within - float(np.sum((1.0 - own) * noise))) / (n - n_groups)
    expected = (n_groups - 1) * cases + float(np.sum((own - 1.0 / n) * noise))
    return (ss_between - expected) / (n - float(np.sum(size**2)) / n), cases


def _mean_noise(name: str, variance: float | None, trials: float) -> float:
    count = finite(name, trials, above=0.0)
    if variance is None:
        if count != 1:
            raise ValueError(f"{name} cannot vary: no case has two trials, so their variance is not known")
        return 0.0
    return variance / count
