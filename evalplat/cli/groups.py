"""Groups of options that several commands share (see `grouped`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .options import (
    Alpha,
    BaselineSystem,
    CandidateSystem,
    Cluster,
    Direction,
    History,
    Margin,
    Metric,
    PolicyFile,
    Scores,
    ValueRange,
)

if TYPE_CHECKING:
    from evalplat.records import GatePolicy


@dataclass(frozen=True, slots=True)
class PastScores:
    """What the noise is learned from: systems of score tables, or kept runs."""

    scores: Scores = None
    history: History = None
    baseline: BaselineSystem = None
    candidate: CandidateSystem = None


@dataclass(frozen=True, slots=True)
class StatedPolicy:
    """A policy's file, or one metric with its rule."""

    policy: PolicyFile = None
    metric: Metric = None
    margin: Margin = None
    direction: Direction = None
    alpha: Alpha = None
    value_range: ValueRange = None
    cluster: Cluster = None

    def read(
        self, suite: Path | None = None, *, anchor: str | None = None, looks: int | None = None
    ) -> GatePolicy | None:
        """The policy; None where nothing was stated. Raises InputError where too much or too little is."""
        from evalplat.sdk.policy import policy_of

        return policy_of(
            policy=self.policy,
            suite=suite,
            metric=self.metric,
            margin=self.margin,
            direction=self.direction,
            alpha=self.alpha,
            value_range=self.value_range,
            cluster=self.cluster,
            anchor=anchor,
            looks=looks,
        )
