"""Selftest: what the gate does, by simulation, on a suite's own shape. Field names are those of selftest.json."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Record
from .policy import Direction, Estimand, Rule

Step = Literal["unchanged", "half", "worse"]
Setting = Literal["history", "ceiling"]

SelftestCode = Literal[
    "never_passes",
    "never_fails",
    "rarely_passes",
    "rarely_fails",
    "false_alarms",
    "false_passes",
    "undercoverage",
    "unreachable",
]


class SimulatedShare(Record):
    """A share of simulated gates with its Monte Carlo standard error."""

    share: float
    se: float
    draws: int


class SelftestShape(Record):
    """The suite as it is simulated. `calls` are those of one gate: of the baseline, of the candidate."""

    n_cases: int
    n_clusters: int
    clustered: bool
    largest_cluster: float = Field(description="Share of the cases that the largest cluster holds.")
    trials: tuple[int, int]
    calls: tuple[int, int]


class SelftestMetric(Record):
    """One gating metric: how it is simulated, and how its interval and its own rule fare, before Holm."""

    metric: str
    statistic: str
    rule: Rule
    direction: Direction
    alpha: float
    setting: Setting
    model: str = Field(description="How its scores are simulated, in a line.")
    level: float = Field(description="Mean score of an unchanged agent.")
    drop: float | None = Field(description="What `worse` is: a change of the mean score; None where none can be.")
    se: float | None = Field(description="Standard deviation of the observed difference over unchanged agents.")
    passes: dict[Step, SimulatedShare]
    fails: dict[Step, SimulatedShare]
    coverage: dict[Step, SimulatedShare] = Field(description="Of the interval at 1 - 2 alpha; empty for rule zero.")
    confidence: float


class SelftestScenario(Record):
    """The policy's verdicts where one metric is worse and the others unchanged, or none is."""

    setting: Setting
    step: Step
    metric: str | None = Field(default=None, description="Which metric is worse; None where nothing changed.")
    passes: SimulatedShare
    fails: SimulatedShare
    inconclusive: SimulatedShare


class SelftestStopping(Record):
    """The same agents through the gate that runs the candidate itself and looks early."""

    step: Step
    metric: str | None = Field(default=None, description="Which metric is worse; None where nothing changed.")
    passes: SimulatedShare
    fails: SimulatedShare
    inconclusive: SimulatedShare
    calls: float = Field(description="Mean candidate calls until it ends.")
    calls_se: float
    share: float = Field(description="Of the calls of a gate that runs all cases.")


class SelftestWarning(Record):
    """What a reader of the suite must know."""

    code: SelftestCode
    message: str
    metric: str | None = None


class Selftest(Record):
    """The gate, checked on a suite's own shape and with the policy itself."""

    shape: SelftestShape
    estimand: Estimand
    draws: int
    seed: int
    history: tuple[str, ...] = Field(description="The systems or the run that the shape was learned from.")
    scenarios: tuple[SelftestScenario, ...]
    metrics: tuple[SelftestMetric, ...]
    looks: tuple[int, ...] = Field(
        description="Cases after each look of a gate that stops early; empty: it looks once."
    )
    stopping: tuple[SelftestStopping, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[SelftestWarning, ...]
    policy_sha256: str
    version: str

    def scenario(self, setting: Setting, step: Step, metric: str | None = None) -> SelftestScenario:
        """The scenario of that name. Raises KeyError where it was not simulated."""
        for one in self.scenarios:
            if (one.setting, one.step, one.metric) == (setting, step, metric):
                return one
        raise KeyError(f"{setting}, {step}, {metric}")
