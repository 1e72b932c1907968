"""A ranking as it stands in the JSON of several candidates: flat pairs, numbers unrounded."""

from __future__ import annotations

from typing import Any

from evalplat.records import RankedPair, Ranking

_OF_PAIR = ("n_cases", "n_clusters", "difference", "ci_low", "ci_high", "confidence", "p_value", "method", "unusable")


def ranking_document(ranking: Ranking) -> dict[str, Any]:
    """`systems` from the best on, `pairs` with the better side as `ahead`; `difference` is ahead minus behind."""
    plain = ranking.model_dump(mode="json", exclude={"pairs"})
    return {**plain, "pairs": [_pair(one) for one in ranking.pairs]}


def _pair(one: RankedPair) -> dict[str, Any]:
    found = one.comparison.model_dump(mode="json", include=set(_OF_PAIR))
    numbers = {name: found[name] for name in _OF_PAIR}
    return {"ahead": one.ahead, "behind": one.behind, "real": one.real, "p_adjusted": one.p_adjusted, **numbers}
