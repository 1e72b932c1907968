"""How many clusters, or trials, would settle a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._distributions import chi2_cdf, chi2_quantile, noncentral_t_cdf, t_quantile
from ._inputs import between, finite, whole
from .variance import VarianceComponents

_MOST = 10**15
_FAR = 36.0  # standard errors beyond which the noncentral t underflows, and only the estimated spread matters


@dataclass(frozen=True, slots=True)
class NeededClusters:
    """Clusters that give the power; `low` and `high` span the uncertainty of the variance at `confidence`."""

    clusters: int
    low: int
    high: int
    se: float
    n_clusters: int
    target_effect: float
    alpha: float
    power: float
    confidence: float
    method: str = "one-sided t test, noncentral t"


@dataclass(frozen=True, slots=True)
class NeededTrials:
    """Trials per case that give the power on these very cases and clusters.

    `candidate`: of the candidate, the baseline's staying as they are; `both`: of each side. None where no number
    of trials will do; `reason` then says why.
    """

    candidate: int | None
    both: int | None
    target_effect: float
    alpha: float
    power: float
    reason: str | None
    method: str = "one-sided t test, noncentral t, variance components"


def power_of(se: float, df: float, target_effect: float, alpha: float) -> float:
    """Chance that a one-sided t test at `alpha` finds a true effect of `target_effect` > 0, given its `se` and `df`.

    For non-inferiority with margin m and no true change, `target_effect` is m. Raises ValueError for malformed input.

    Owen, The power of Student's t-test, J. American Statistical Association 60 (1965) 320-333.
    """
    effect, spread = finite("target_effect", target_effect, above=0.0), finite("se", se)
    if spread < 0:
        raise ValueError(f"se must not be negative, not {se!r}")
    return _power(spread, finite("df", df, above=0.0), effect, between("alpha", alpha))


def needed_clusters(
    se: float,
    n_clusters: int,
    target_effect: float,
    alpha: float = 0.05,
    power: float = 0.80,
    *,
    df: float | None = None,
    confidence: float = 0.80,
) -> NeededClusters:
    """Smallest number of clusters like these that gives `power` to find `target_effect` > 0 at one-sided `alpha`.

    `se` is the standard error seen with `n_clusters` (at least 2), `df` its degrees of freedom (n_clusters - 1 if
    not given). With G clusters the standard error is se sqrt(n_clusters / G), and the degrees of freedom grow with
    G - 1. The range puts the ends of the variance's chi-square interval at `confidence` in its place. At se 0 it is 2.

    Raises ValueError for malformed input: no number of clusters finds an effect of 0.

    Owen (1965), as for `power_of`; Chow, Shao & Wang, Sample size calculations in clinical research (2008), 3.1.
    """
    seen = whole("n_clusters", n_clusters, 2)
    spread = finite("se", se)
    effect = finite("target_effect", target_effect, above=0.0)
    alpha, power = between("alpha", alpha), between("power", power, alpha)
    freedom = seen - 1.0 if df is None else finite("df", df, above=0.0)
    tail = (1.0 - between("confidence", confidence)) / 2.0
    if spread < 0:
        raise ValueError(f"se must not be negative, not {se!r}")

    def smallest(spread: float) -> int:
        def enough(clusters: int) -> bool:
            scaled = freedom * (clusters - 1) / (seen - 1)
            return _power(spread * math.sqrt(seen / clusters), scaled, effect, alpha) >= power

        high = 2
        while not enough(high):
            if high > _MOST:
                raise ValueError(f"target_effect {effect:g} is out of reach of any number of clusters at se {se:g}")
            high *= 2
        low = max(1, high // 2)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high

    factors = [math.sqrt(freedom / chi2_quantile(freedom, p)) for p in (1.0 - tail, tail)]
    return NeededClusters(
        smallest(spread), smallest(spread * factors[0]), smallest(spread * factors[1]),
        spread, seen, effect, alpha, power, confidence,
    )  # fmt: skip


def needed_trials(
    components: VarianceComponents,
    target_effect: float,
    alpha: float = 0.05,
    power: float = 0.80,
    *,
    df: float | None = None,
) -> NeededTrials:
    """Smallest number of trials per case that gives `power` to find `target_effect` > 0 at one-sided `alpha`.

    Cases and clusters stay; `df` defaults to effective clusters - 1. More trials take off only the trials' share of
    the variance: where clusters and cases alone are too noisy, no number will do.

    Raises ValueError for malformed input.
    """
    effect = finite("target_effect", target_effect, above=0.0)
    alpha, power = between("alpha", alpha), between("power", power, alpha)
    freedom = max(1.0, components.effective_clusters - 1.0) if df is None else finite("df", df, above=0.0)
    base, cand = components.trial_baseline, components.trial_candidate
    if cand is None:
        unknown = "no case has two trials of the candidate, so what more trials would do is not known"
        return NeededTrials(None, None, effect, alpha, power, unknown)

    # Largest variance that leaves the power, less what trials cannot change, in units of one trial per case.
    largest = _largest_se(freedom, effect, alpha, power) ** 2 * components.n_cases
    room = largest - components.between_cases
    room -= components.between_clusters * components.n_cases / components.effective_clusters
    now = components.trials[0]
    candidate = _trials(cand, room - (base or 0.0) / now)
    both = None if base is None else _trials(base + cand, room)
    reason: str | None = None
    if candidate is None:
        alone = both is not None or base is None
        reason = "the candidate's trials alone do not suffice" if alone else "clusters and cases alone are too noisy"
    return NeededTrials(candidate, both, effect, alpha, power, reason)


def _trials(variance: float, room: float) -> int | None:
    """Smallest whole K >= 1 with variance / K <= room."""
    if variance == 0:
        return 1 if room >= 0 else None
    if room <= 0 or variance / room > _MOST:
        return None
    return max(1, math.ceil(variance / room * (1.0 - 1e-12)))


def _power(se: float, df: float, effect: float, alpha: float) -> float:
    if se == 0:
        return 1.0
    critical, ncp = -t_quantile(df, alpha), effect / se
    if ncp > _FAR:
        return 1.0 if critical <= 0 else chi2_cdf(df, df * min(ncp / critical, 1e100) ** 2)
    return 1.0 - noncentral_t_cdf(df, ncp, critical)


def _largest_se(df: float, effect: float, alpha: float, power: float) -> float:
    """The standard error at which the power is just enough: bisection, as power falls in se."""
    low, high = 0.0, effect
    while _power(high, df, effect, alpha) >= power:
        high *= 2.0
    while high - low > 1e-13 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _power(middle, df, effect, alpha) >= power else (low, middle)
    return low
