"""Comparison and Decision: what was found, and what follows. Field names are those of decision.json."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from .base import Name, Record
from .dimension import Dimension
from .policy import Direction, Estimand, Rule
from .sequential import Calls, Look

Verdict = Literal["pass", "fail", "inconclusive"]

WarningCode = Literal[
    "case_sets_differ",
    "trial_counts_differ",
    "missing_scores",
    "few_cases",
    "few_clusters",
    "few_differences",
    "near_bound",
    "skewed",
    "no_variation",
    "identical_runs",
    "scorer_drift",
    "tolerable_drop",
    "unconfirmed_drop",
    "slice_regression",
    "baseline_stale",
    "baseline_unchecked",
    "cases_died",
    "repeated_attempt",
    "policy_loosened",
    "questions_changed",
    "judge_untrusted",
    "unpriced_model",
    "scripted_instrument",
]


class Finding(Record):
    """A warning: something that a reader of the verdict must know. `cases` names at most 20 of those concerned."""

    code: WarningCode
    message: str
    metric: str | None = None
    cases: tuple[str, ...] = ()


class Needed(Record):
    """What would settle an inconclusive metric at 80 % power, were the truth no change."""

    cases: int | None = None
    clusters: int | None = None
    trials: int | None = None
    candidate_calls: tuple[int, int] | None = None
    cost_usd: tuple[float, float] | None = Field(default=None, description="Of these calls, as the candidate's so far.")
    minutes: tuple[float, float] | None = Field(default=None, description="Of these calls, one after another.")
    reachable: Literal["by trials", "only by clusters", "no"]


class Interval(Record):
    """A confidence interval; None is an open end."""

    low: float | None
    high: float | None
    confidence: float


class Sensitivity(Record):
    """The same metric with every failed baseline trial set to the best value that it could have had.

    `ci_*` is the interval that a pass uses, which may be wider than 1 - 2 alpha. `worst` is the interval with those
    trials at their worst, as the candidate's are: a fail must hold there too."""

    n_baseline_failures: int
    difference: float | None
    se: float | None = None
    ci_low: float | None
    ci_high: float | None
    worse_share_upper: float | None = None
    worst: Interval | None = None
    unusable: str | None = None


class MetricComparison(Record):
    """One metric on paired cases. Unrounded; `difference` is candidate minus baseline (ratio: candidate over
    baseline), whatever the direction. Fields that cannot be computed are None and `unusable` says why."""

    metric: Name
    statistic: str
    rule: Rule
    direction: Direction
    gating: bool
    dimension: Dimension | None = Field(default=None, description="Where the policy states it.")
    alpha: float
    margin: float | None = None
    bound: float | None = None
    max_rate: float | None = None
    effect: float | None = None
    range: Literal["binary"] | tuple[float, float] | None = None
    range_declared: bool = False
    slice: str | None = None

    n_cases: int
    n_clusters: int
    n_trials: tuple[int, int] = Field(description="Trials of baseline and candidate on the paired cases.")
    clustered: bool
    baseline: float | None = None
    candidate: float | None = None
    difference: float | None = None
    se: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    confidence: float
    p_value: float | None = None
    p_null: str
    p_drop: float | None = Field(default=None, description="One-sided p-value of the drop, dual to the interval.")
    p_adjusted: float | None = Field(
        default=None,
        description="Holm over the gating metrics (Benjamini-Hochberg over slices), on the two-sided scale of "
        "p_value: min(1, 2 x adjusted p_drop). A drop survives where it is at most 2 alpha.",
    )
    method: str

    pass_interval: Interval | None = Field(default=None, description="The interval that pass uses, where it differs.")
    differing_clusters: int | None = None
    worse_clusters: int | None = None
    worse_share_upper: float | None = Field(
        default=None, description="Few differences: Clopper-Pearson bound on the share of clusters that got worse."
    )
    width: float | None = Field(
        default=None, description="What a cluster can lose at most: of the range, or the spread of what was observed."
    )
    weighted: bool = Field(default=False, description="Whether the cases have weights, as of the questions in use.")
    worse_share: float | None = Field(
        default=None,
        description="Of 0 and 1: by weight, what the cases that got worse lost.",
    )
    better_share: float | None = Field(default=None, description="The same of the cases that got better.")
    failures: int | None = Field(default=None, description="Rule zero: candidate trials that failed.")
    rate_upper: float | None = Field(default=None, description="Rule zero: upper bound of the rate over clusters.")
    sensitivity: Sensitivity | None = None
    needed: Needed | None = None
    unusable: str | None = Field(default=None, description="Why no verdict but inconclusive is possible.")
    level: float | None = Field(
        default=None, description="Early stopping: one-sided nominal level of this look; the interval is at it."
    )
    median_unbiased: float | None = Field(
        default=None, description="Early stopping: the difference without the bias of having stopped for its sake."
    )


class MetricDecision(Record):
    """A metric's comparison with its verdict and the reason in one plain sentence."""

    comparison: MetricComparison
    verdict: Verdict
    reason: str


class Side(Record):
    """A role in a comparison. `fingerprint` and `run_id` are there where a run was compared."""

    ref: str
    n_cases: int
    n_trials: int
    run_id: str | None = None
    fingerprint: str | None = None


class Flip(Record):
    """A case whose score differs between the two runs, on the first gating metric; negative change is worse."""

    case_id: str
    metric: str
    baseline: float
    candidate: float
    change: float = Field(description="Turned so that positive is better.")


class Comparison(Record):
    """Everything that was found, before any rule was applied."""

    baseline: Side
    candidate: Side
    estimand: Estimand
    metrics: tuple[MetricComparison, ...]
    slices: tuple[MetricComparison, ...] = ()
    flips: tuple[Flip, ...] = ()
    findings: tuple[Finding, ...] = ()


class AnchorCheck(Record):
    """The same rules against the anchor release: what small tolerable drops add up to."""

    anchor: Side
    verdict: Verdict
    reason: str
    metrics: tuple[MetricDecision, ...]


class Continued(Record):
    """The test that a gate went on with, instead of drawing anew.

    `earlier` are the verdicts of the attempts before, the first one first; none where a gate had begun and was cut
    short. `pooled`: the trials of before are in the evidence; else they are of another time (the baseline
    drifted) or of another plan (as many trials were not asked for).
    """

    begun_at: AwareDatetime
    earlier: tuple[Verdict, ...] = ()
    pooled: bool = True
    trials: tuple[int, int] = Field(description="Trials of baseline and candidate that this verdict rests on.")
    new_trials: int = Field(ge=0, description="Candidate trials among them that this gate asked for itself.")


class Decision(Record):
    """What follows from a comparison under a policy."""

    verdict: Verdict
    decision: Literal["ship", "hold", "needs-approval"]
    reason: str = Field(description="The verdict and its reason in one plain sentence.")
    estimand: Estimand
    baseline: Side
    candidate: Side
    metrics: tuple[MetricDecision, ...]
    slices: tuple[MetricDecision, ...] = ()
    flips: tuple[Flip, ...] = ()
    findings: tuple[Finding, ...] = ()
    looks: tuple[Look, ...] = ()
    stopped: Literal["decided", "futility", "end"] | None = Field(
        default=None, description="Why a gate that looks more than once ended; None: everything was judged at once."
    )
    calls: Calls | None = None
    questions_sha256: str | None = Field(default=None, description="Of cases and scorers, where runs were compared.")
    attempt: int = Field(default=1, ge=1, description="How often this very change has been gated.")
    continued: Continued | None = Field(default=None, description="Of an attempt that went on with an earlier one.")
    anchor: AnchorCheck | None = None
    policy_sha256: str
    version: str
