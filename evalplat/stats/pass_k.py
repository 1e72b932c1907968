"""pass^k and pass@k: the chance that all, or any, of k trials of a case succeed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ._inputs import Codes, Floats, codes, whole
from .cluster_mean import ClusterMean, cluster_mean


def pass_hat_k(successes: npt.ArrayLike, trials: npt.ArrayLike, k: int) -> Floats:
    """Unbiased estimate, case by case (n,), of the chance that k trials all succeed: C(c, k) / C(n, k).

    `successes` and `trials` (n,) are whole numbers, with successes <= trials and k <= trials for each case.

    Raises ValueError otherwise: a case with fewer than k trials has no such estimate.

    Yao, Shinn, Razavi & Narasimhan, tau-bench: a benchmark for tool-agent-user interaction in real-world domains,
    arXiv:2406.12045 (2024).
    """
    c, n, k = _counts(successes, trials, k)
    return _all_of(c, n, k)


def pass_at_k(successes: npt.ArrayLike, trials: npt.ArrayLike, k: int) -> Floats:
    """Unbiased estimate, case by case (n,), of the chance that any of k trials succeeds: 1 - C(n - c, k) / C(n, k).

    Arguments and errors as for `pass_hat_k`.

    Chen et al., Evaluating large language models trained on code, arXiv:2107.03374 (2021).
    """
    c, n, k = _counts(successes, trials, k)
    return 1.0 - _all_of(n - c, n, k)


def pass_hat(
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    k: int,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> ClusterMean:
    """Mean over cases of `pass_hat_k`, with cluster_mean's standard error and interval.

    `clusters` and `weights` are as for `cluster_mean`: unbiased as each case's estimate is, so is their mean, and the
    spread of the estimates between cases holds both the cases' differences and their trials' noise. The interval is t's
    and not cut at 0 or 1. Where nearly all cases are at one end it is too short (pass@3 of .93 over 12 clusters: 84 in
    100 where 90 are nominal), and where all are it is a point: there `clopper_pearson` on the number of cases
    (clusters) at the other end says what the data can exclude.

    Raises ValueError as `pass_hat_k` and `cluster_mean` do.

    Yao et al. (2024), as for `pass_hat_k`; Bell & McCaffrey (2002), as for `cluster_mean`.
    """
    found = cluster_mean(pass_hat_k(successes, trials, k), clusters, weights)
    return replace(found, method=f"pass^{k}: {found.method}")


def pass_at(
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    k: int,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> ClusterMean:
    """Mean over cases of `pass_at_k`, with cluster_mean's standard error and interval.

    Arguments, limits and errors as for `pass_hat`.

    Chen et al. (2021), as for `pass_at_k`; Bell & McCaffrey (2002), as for `cluster_mean`.
    """
    found = cluster_mean(pass_at_k(successes, trials, k), clusters, weights)
    return replace(found, method=f"pass@{k}: {found.method}")


def _counts(successes: npt.ArrayLike, trials: npt.ArrayLike, k: int) -> tuple[Codes, Codes, int]:
    size = np.asarray(successes).size
    if size == 0:
        raise ValueError("successes must not be empty")
    c, n, k = codes("successes", successes, size), codes("trials", trials, size), whole("k", k, 1)
    if (c > n).any():
        raise ValueError(f"successes must not exceed trials; entry {int(np.argmax(c > n))} does")
    if n.min() < k:
        raise ValueError(f"pass^{k} needs {k} trials of every case; entry {int(np.argmin(n))} has {int(n.min())}")
    return c, n, k


def _all_of(c: Codes, n: Codes, k: int) -> Floats:
    """C(c, k) / C(n, k) as a product of k ratios, which cannot overflow."""
    result = np.ones(c.size)
    for i in range(k):
        result *= np.maximum(c - i, 0) / (n - i)
    return result
