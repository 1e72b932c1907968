"""Dimension: which side of an agent a metric is about; Light: how a dimension stands."""

from __future__ import annotations

from typing import Literal, get_args

from .base import Record

Dimension = Literal["quality", "safety", "reliability", "cost", "speed"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
"""In the order in which they are shown."""


class Light(Record):
    """How a dimension stands. `verdict` is the worst of its gating metrics, or where it has none, of the informative
    ones; None: it is not measured, which is not the same as fine. `metrics` are places in the decision's metrics."""

    dimension: Dimension
    verdict: Literal["pass", "fail", "inconclusive"] | None = None
    gating: bool = False
    metrics: tuple[int, ...] = ()
