"""Blocked: why a simulated metric does not pass though nothing changed, other than by too wide an interval."""

from __future__ import annotations

import math

from evalplat.gates.limits import FEWEST_CASES, FEWEST_CLUSTERS, FEWEST_DF, FEWEST_DIFFERING
from evalplat.gates.rules import VISIBLE, turned
from evalplat.gates.simulation import Shape
from evalplat.records import MetricComparison, MetricRule

FEW_CASES, FEW_CLUSTERS, FEW_DF, FEW_DIFFER = "few_cases", "few_clusters", "few_df", "few_differ"


def blocked(found: MetricComparison) -> str | None:
    """The code of the reason, or its text where there is no code; None where nothing but the interval decides.

    By code, as texts name each draw's own numbers and no two would add up.
    """
    if found.unusable is not None:
        if found.n_cases < FEWEST_CASES:
            return FEW_CASES
        if found.n_clusters < FEWEST_CLUSTERS:
            return FEW_CLUSTERS
        return FEW_DF if found.df is not None and found.df < FEWEST_DF else found.unusable
    return FEW_DIFFER if _few_differ(found) else None


def _few_differ(found: MetricComparison) -> bool:
    """Whether the interval would do, and too few clusters differ to rely on it."""
    ends, allowance = turned(found), found.margin if found.rule == "non_inferiority" else found.effect
    if found.worse_share_upper is None or ends is None or not allowance:
        return False
    would_do = ends.pass_low > -allowance
    if found.rule == "no_significant_drop":
        would_do = VISIBLE * (found.se or 0.0) <= allowance
    return would_do and found.worse_share_upper * (1.0 if found.width is None else found.width) >= allowance


def in_words(code: str, rule: MetricRule, shape: Shape, width: float) -> str:
    """The reason for people. `width` is what a cluster can lose at most."""
    if code == FEW_CASES:
        return f"{shape.n_cases} paired cases are too few; at least {FEWEST_CASES} are needed"
    if code == FEW_CLUSTERS:
        return f"{shape.n_clusters} clusters are too few; at least {FEWEST_CLUSTERS} are needed"
    if code == FEW_DF:
        return f"fewer than {FEWEST_DF:g} degrees of freedom are too few; clusters of more even size are needed"
    if code != FEW_DIFFER:
        return code
    what = "cases" if shape.clusters is None else "clusters"
    allowance = (rule.margin if rule.rule == "non_inferiority" else rule.effect) or 0.0
    clean = ""
    if allowance < width < math.inf:
        least = math.ceil(math.log(rule.alpha) / math.log1p(-allowance / width))
        clean = f", which takes {least} {what} even if none differs"
    return (
        f"too few of the {shape.n_clusters} {what} differ: until {FEWEST_DIFFERING} {what} differ a pass needs proof "
        f"that the share that got worse is below the margin{clean}"
    )
