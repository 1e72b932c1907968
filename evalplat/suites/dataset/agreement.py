"""Agreement of those who labelled: Krippendorff's alpha by `krippendorff`, Cohen's kappa by `statsmodels`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evalplat.errors import DependencyMissing, InputError
from evalplat.records import Agreement

Level = Literal["nominal", "ordinal", "interval"]
_SAME = "everyone said the same of every case: agreement beyond chance has nothing to be measured on"


def agreement(name: str, by_case: Mapping[str, Mapping[str, Any]], *, level: Level = "nominal") -> Agreement:
    """Agreement on one label, from values by case and person; a person may have left cases out.

    alpha is Krippendorff's (2004, ch. 11) at this level; kappa is Cohen's (1960), unweighted, with the 95 % interval of
    Fleiss, Cohen and Everitt (1969), over the cases that both labelled, where exactly two people did. Raises InputError
    where values are no numbers and the level asks for them, DependencyMissing where the extra `labels` is not there.
    """
    people = Counter(person for values in by_case.values() for person in values)
    pairable = {case: values for case, values in by_case.items() if len(values) > 1}
    disputed = tuple(sorted(case for case, values in pairable.items() if len({_key(v) for v in values.values()}) > 1))
    matrix = _matrix(name, by_case, sorted(people), level)
    alpha, why = _alpha(matrix, level, len(pairable))
    kappa, interval, why_not = _kappa(matrix)
    return Agreement(
        label=name,
        level=level,
        n_cases=len(by_case),
        n_pairable=len(pairable),
        people=dict(sorted(people.items())),
        share_agreed=1 - len(disputed) / len(pairable) if pairable else None,
        alpha=alpha,
        alpha_reason=why,
        kappa=kappa,
        kappa_low=interval[0],
        kappa_high=interval[1],
        kappa_reason=why_not,
        disputed=disputed,
    )


def _key(value: Any) -> tuple[str, Any]:
    """true and 1 are different answers, 1 and 1.0 the same."""
    return (type(value).__name__ if isinstance(value, bool | str) else "number", value)


def _matrix(
    name: str, by_case: Mapping[str, Mapping[str, Any]], people: list[str], level: Level
) -> npt.NDArray[np.float64]:
    """People x cases; a number for each value, NaN where there is none. Categories are numbered in order."""
    if level != "nominal":
        for case, values in by_case.items():
            for person, value in values.items():
                if isinstance(value, bool | str):
                    raise InputError(
                        f"--level {level}: label {name!r} of case {case!r} by {person} is no number: {value!r}"
                    )
    keys = sorted({_key(value) for values in by_case.values() for value in values.values()})
    codes = {key: float(code) if level == "nominal" else float(key[1]) for code, key in enumerate(keys)}
    rows = [[codes[_key(v[person])] if person in v else math.nan for v in by_case.values()] for person in people]
    return np.array(rows, dtype=float)


def _alpha(matrix: npt.NDArray[np.float64], level: Level, n_pairable: int) -> tuple[float | None, str | None]:
    if n_pairable == 0:
        return None, "no case was labelled by two people"
    both = matrix[:, np.count_nonzero(~np.isnan(matrix), axis=0) > 1]
    if len(np.unique(both[~np.isnan(both)])) == 1:
        return None, _SAME
    try:
        import krippendorff
    except ImportError as err:
        raise DependencyMissing("krippendorff", extra="labels") from err
    return float(krippendorff.alpha(reliability_data=both, level_of_measurement=level)), None


def _kappa(
    matrix: npt.NDArray[np.float64],
) -> tuple[float | None, tuple[float | None, float | None], str | None]:
    none = (None, None)
    if len(matrix) != 2:
        return None, none, f"kappa is of two people; {len(matrix)} labelled"
    first, second = matrix[:, ~np.isnan(matrix).any(axis=0)]
    kinds, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    if not len(first):
        return None, none, "no case was labelled by two people"
    if len(kinds) == 1:
        return None, none, _SAME
    try:
        from statsmodels.stats.inter_rater import cohens_kappa
    except ImportError as err:
        raise DependencyMissing("statsmodels", extra="labels") from err
    table = np.zeros((len(kinds), len(kinds)))
    np.add.at(table, (codes[: len(first)], codes[len(first) :]), 1)
    with np.errstate(all="ignore"):  # its z-value, which is not used, may be 0 / 0
        found = cohens_kappa(table)
    low, high = float(found.kappa_low), float(found.kappa_upp)
    # Where its variance is estimated as 0, as in full agreement, the interval would be a point: it knows nothing.
    known = math.isfinite(low) and math.isfinite(high) and low < high
    return float(found.kappa), ((low, high) if known else none), None
