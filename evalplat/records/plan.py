"""Plan: what a gate will need, before it is run. Field names are those of plan.json."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Name, Record
from .policy import Direction, Estimand, Rule

Reach = Literal["now", "by trials", "by clusters", "no"]


class PlanRange(Record):
    """A number with the range that its inputs leave (80 %). None: no number does, or it is not known."""

    low: float | None
    estimate: float | None
    high: float | None


class Spend(Record):
    """What a design costs. `calls` are trials to be run; the rest is None where the history has no such figure."""

    calls: int
    baseline_calls: int = Field(description="Part of `calls`; where the baseline is kept they are paid once, apart.")
    candidate_calls: int
    baseline_kept: bool
    tokens: PlanRange | None = None
    cost_usd: PlanRange | None = None
    minutes: PlanRange | None = Field(default=None, description="At `concurrency` trials at once.")


class PlanDesign(Record):
    """A run that might be made, the chance that the policy passes an unchanged candidate, and what it costs."""

    cases: int
    clusters: int
    trials: float = Field(description="Of the candidate, a case.")
    baseline_trials: float
    power: PlanRange
    spend: Spend


class PlanSize(Record):
    """The smallest design that gives the power; `low` and `high` span the uncertainty of the inputs."""

    low: PlanDesign | None
    estimate: PlanDesign | None
    high: PlanDesign | None


class NoiseShares(Record):
    """Where one case's variance comes from, at the trials that were seen. None: not told apart from the rest."""

    clusters: float
    cases: float
    baseline_trials: float | None
    candidate_trials: float | None


class PlanMetric(Record):
    """One gating metric. `se`, `noise` and `assumed_change` are on the scale of its effect (ratio: on the logarithm),
    limits on that of its rule."""

    metric: Name
    rule: Rule
    statistic: str
    direction: Direction
    alpha: float
    margin: float | None = None
    bound: float | None = None
    max_rate: float | None = None
    effect: float | None = None
    n_cases: int
    n_clusters: int
    assumed_change: float = Field(description="Turned so that higher is better: stated, less what failed trials cost.")
    se: PlanRange
    df: float
    noise: NoiseShares | None = None
    power: PlanRange
    smallest_margin: float | None = Field(
        default=None,
        description="Margin (rule zero: max_rate; bounds: distance) that an unchanged candidate passes at the power.",
    )
    smallest_drop: float | None = Field(
        default=None, description="True drop that this metric alone finds at the power."
    )
    clusters: PlanRange | None = Field(description="That this metric alone would need; None under estimand suite.")
    trials: PlanRange | None = Field(
        default=None, description="Trials a case that it alone would need; None: not known."
    )


class PlanAllocation(Record):
    """Neyman's: the same trials of the candidate, more of them where a case's trials vary more."""

    metric: Name = Field(description="By whose spread the trials are allotted.")
    calls: int
    variance_ratio: float = Field(description="Trial noise of this allocation over that of even trials.")
    trials: dict[str, int] = Field(description="By case.")
    method: str


class EarlyStop(Record):
    """What looking early saves, as shares of the calls of a fixed run of the same power, by the metric that decides
    last; a policy of several metrics goes on until all have passed, or one has failed."""

    metric: Name
    looks: int
    inflation: float = Field(description="Largest size over that of a fixed run.")
    unchanged: float = Field(description="Expected calls with no change, as a share of the fixed run's.")
    worse: float = Field(description="The same with a candidate worse by the margin.")
    power: PlanRange | None = Field(
        default=None, description="Of the policy as it is, were it looked at so often: about that at size / inflation."
    )
    method: str


class Plan(Record):
    """What the policy needs for its power, were the truth no change."""

    source: Literal["scores", "runs", "guesses"]
    baseline: str | None = None
    candidate: str | None = None
    estimand: Estimand
    power: float
    confidence: float = Field(description="Of every range.")
    concurrency: int
    now: PlanDesign
    reachable: Reach
    by_clusters: PlanSize | None = Field(default=None, description="None under estimand suite.")
    by_trials: PlanSize | None = Field(default=None, description="On these cases; None: not known.")
    options: tuple[PlanDesign, ...] = Field(default=(), description="Designs of the asked power, by trials a case.")
    cheapest: PlanDesign | None = None
    best_for_spend: PlanDesign | None = None
    best_here_for_spend: PlanDesign | None = Field(default=None, description="The same on these very cases.")
    allocation: PlanAllocation | None = None
    early_stop: EarlyStop | None = None
    metrics: tuple[PlanMetric, ...]
    correlation: tuple[tuple[float, ...], ...] | None = Field(
        default=None, description="Of the gating metrics' cluster contributions; None: stated guesses do not tell."
    )
    notes: tuple[str, ...] = ()
    policy_sha256: str
    version: str
