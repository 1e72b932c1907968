"""Futility: whether a metric can still be hoped to end in pass, or in fail."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri

from evalplat.records import MetricComparison

HOPE = 0.10


def hopeless(found: MetricComparison, share: float) -> bool:
    """Whether neither pass, were nothing changed, nor fail, were all as it looks, is likely at the end."""
    if found.unusable is not None or found.difference is None or not found.se or found.rule != "non_inferiority":
        return False
    s = -1.0 if found.direction == "lower" and found.statistic == "mean" else 1.0
    if found.statistic in ("ratio", "p50", "p95"):
        return False
    estimate, margin = s * found.difference, found.margin or 0.0
    last = found.se * math.sqrt(share)
    critical, left = float(ndtri(1 - found.alpha)), math.sqrt(1 - share)
    passing = (estimate + margin) / found.se * math.sqrt(share) + margin / last * (1 - share)
    failing = -estimate / found.se * math.sqrt(share) + max(0.0, -estimate) / last * (1 - share)
    return max(float(ndtr((z - critical) / left)) for z in (passing, failing)) < HOPE
