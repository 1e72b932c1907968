"""The cells of the error study: how often the gate's own measure and decide are wrong on data whose truth is known."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

import numpy as np

from evalplat.gates import Binary, Latent, Lognormal, Normal, Shape, SimulatedModel, judge, pairs_of
from evalplat.records import GatePolicy, MetricRule
from evalplat.stats import clopper_pearson

ALPHA = 0.05
LIMIT = 0.065
"""No cell's 99 % lower Monte Carlo bound may lie above it."""

Z_PLANNED = 1.6448536269514722 + 0.8416212335729143
"""Standard errors that the textbook asks for: one-sided .05 and 80 % power."""

SIZES = {
    "30 x 1": [1] * 30,
    "100 in fives": [5] * 20,
    "300 in fives": [5] * 60,
    "160 in twenties": [20] * 8,
    "200 in twenties": [20] * 10,
    "300 in twenties": [20] * 15,
    "200, largest 30 %": [60, *2 * [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]],
}
"""Cluster sizes; the last is one of 60 beside 20 of 2 to 12."""

OUTCOMES = ("0.65", "0.95", "normal", "lognormal")
TRIALS = (1, 5)
NULLS = ("sharp", "weak")

SHARED = {
    "0.65": {"cluster": 0.1, "case": 0.3},
    "0.95": {"cluster": 0.1, "case": 0.3},
    "normal": {"cluster": 0.5, "case": 0.5, "trial": 1.0},
    "lognormal": {"cluster": 0.5, "case": 0.5, "trial": 0.5},
}
"""What both arms share: shares of a rate's largest variance; standard deviations, for lognormal of the logarithm."""

OWN = {
    "0.65": {"cluster_shock": 0.1, "case_shock": 0.05},
    "0.95": {"cluster_shock": 0.1, "case_shock": 0.05},
    "normal": {"cluster_shock": 0.4, "case_shock": 0.2},
    "lognormal": {"cluster_shock": 0.3, "case_shock": 0.2},
}
"""What each arm has of its own under the weak null: clusters get better or worse, on average not."""

Truth = Literal["unchanged", "worse"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the study."""

    size: str
    trials: int
    outcome: str
    null: str

    @property
    def name(self) -> str:
        """Key of the results file."""
        return f"{self.size} | {self.trials} | {self.outcome} | {self.null}"

    @property
    def lower_is_better(self) -> bool:
        """Lognormal scores are costs: a dearer candidate has the longer tail, which is the harder direction."""
        return self.outcome == "lognormal"

    def rng(self, *stream: int) -> np.random.Generator:
        """Reproducible and its own."""
        digest = hashlib.sha256(self.name.encode()).digest()
        return np.random.default_rng([int.from_bytes(digest[:8], "big"), *stream])

    def policy(self, margin: float) -> GatePolicy:
        """One gating metric."""
        return GatePolicy(
            metrics=(
                MetricRule(
                    metric="m",
                    margin=margin,
                    alpha=ALPHA,
                    direction="lower" if self.lower_is_better else "higher",
                    range=self.model().value_range,
                ),
            )
        )

    def shape(self) -> Shape:
        """Cases, clusters, trials."""
        return _shape(self.size, self.trials)

    def model(self) -> SimulatedModel:
        """How scores come about."""
        levels = SHARED[self.outcome] | (OWN[self.outcome] if self.null == "weak" else {})
        if self.outcome == "normal":
            return Normal(**levels)
        return Lognormal(**levels) if self.outcome == "lognormal" else Binary(float(self.outcome), **levels)


@cache
def _shape(size: str, trials: int) -> Shape:
    return Shape.of_sizes(SIZES[size], (trials, trials))


def cells() -> Iterator[Cell]:
    """All of them."""
    for size, trials, outcome, null in product(SIZES, TRIALS, OUTCOMES, NULLS):
        yield Cell(size, trials, outcome, null)


@cache
def planned_margin(cell: Cell, draws: int = 4000) -> float:
    """The margin for which the textbook promises 80 % power to pass an unchanged agent: 2.486 true standard errors."""
    rng, shape, model = cell.rng(0), cell.shape(), cell.model()
    found = [model.arms(shape, Latent.draw(shape, rng), 0.0) for _ in range(draws)]
    return Z_PLANNED * float(np.std([cand.mean() - base.mean() for base, cand in found]))


def gates(cell: Cell, chunk: int, count: int, margin: float | None = None) -> dict[Truth, Counter[str]]:
    """Verdicts of `count` gates of an unchanged candidate, and of one that is worse by exactly the (planned) margin."""
    margin, rng = planned_margin(cell) if margin is None else margin, cell.rng(1, chunk)
    shape, model, policy = cell.shape(), cell.model(), cell.policy(margin)
    worse = margin if cell.lower_is_better else -margin
    found: dict[Truth, Counter[str]] = {"unchanged": Counter(), "worse": Counter()}
    for _ in range(count):
        latent = Latent.draw(shape, rng)  # serves both truths
        found["unchanged"][judge([pairs_of(shape, model, latent, 0.0)], policy).verdict] += 1
        found["worse"][judge([pairs_of(shape, model, latent, worse)], policy).verdict] += 1
    return found


def lower_bound(errors: int, count: int) -> float:
    """99 % lower Monte Carlo bound of an error rate."""
    return clopper_pearson(errors, count).lower(0.01)
