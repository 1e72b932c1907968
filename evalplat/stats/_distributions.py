"""Distribution functions, from scipy.special: scipy.stats would cost every gate two seconds of import.

scipy.special itself is imported at the first call, so that importing evalplat.stats costs numpy alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def normal_cdf(x: float) -> float:
    """P(Z <= x)."""
    from scipy.special import ndtr

    return float(ndtr(x))


def normal_quantile(p: float) -> float:
    """The z with P(Z <= z) = p."""
    from scipy.special import ndtri

    return float(ndtri(p))


def t_cdf(df: float, x: float) -> float:
    """P(T <= x) for Student's t; `df` need not be whole."""
    from scipy.special import stdtr

    return float(stdtr(df, x))


def t_quantile(df: float, p: float) -> float:
    """The t with P(T <= t) = p."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def noncentral_t_cdf(df: float, ncp: float, x: float) -> float:
    """P(T <= x) for the noncentral t."""
    from scipy.special import nctdtr

    return float(nctdtr(df, ncp, x))


def chi2_cdf(df: float, x: float) -> float:
    """P(X <= x) for chi-square."""
    from scipy.special import gammainc

    return float(gammainc(df / 2.0, x / 2.0))


def chi2_quantile(df: float, p: float) -> float:
    """The x with P(X <= x) = p for chi-square; `df` need not be whole."""
    from scipy.special import gammaincinv

    return 2.0 * float(gammaincinv(df / 2.0, p))


def beta_quantile(a: float, b: float, p: float) -> float:
    """The x with P(X <= x) = p for the beta distribution."""
    from scipy.special import betaincinv

    return float(betaincinv(a, b, p))


def beta_quantile_upper(a: float, b: float, p: float) -> float:
    """The x with P(X > x) = p for the beta distribution; exact where 1 - p would round."""
    from scipy.special import betainccinv

    return float(betainccinv(a, b, p))


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for a binomial of n trials."""
    from scipy.special import betainc

    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(betainc(n - k, k + 1, 1.0 - p))


def binomial_sf(k: int, n: int, p: float) -> float:
    """P(X >= k) for a binomial of n trials."""
    from scipy.special import betainc

    if k <= 0:
        return 1.0
    return 0.0 if k > n else float(betainc(k, n - k + 1, p))


def log_binomial(n: int, k: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """log C(n, k) for each k."""
    from scipy.special import gammaln

    found: npt.NDArray[np.float64] = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return found
