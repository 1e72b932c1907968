"""SuiteHistory: the kept runs of a suite over time, and what was decided between them."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from .base import Name, Record
from .decision import MetricComparison, Verdict
from .policy import Direction


class PastMetric(Record):
    """A metric of one run: mean over cases of the mean over trials, with its 95 % interval."""

    metric: Name
    mean: float | None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n_cases: int | None = None
    n_clusters: int | None = None
    failures: int | None = None
    pass_hat: dict[str, float] = Field(default_factory=dict, description="pass^k by k, where scores are binary.")


class PastVerdict(Record):
    """A metric of a gate. `difference` and interval are the gate's own, candidate against baseline."""

    metric: Name
    statistic: str
    rule: str
    gating: bool
    verdict: Verdict
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float


class PastGate(Record):
    """A decision with the run as its candidate. `anchor_verdict` is of all changes since the anchor, where asked."""

    at: AwareDatetime
    baseline: str
    baseline_run: str | None
    verdict: Verdict
    decision: str
    reason: str
    attempt: int
    stopped: str | None
    metrics: tuple[PastVerdict, ...]
    anchor: str | None = None
    anchor_verdict: Verdict | None = None


class Drift(Record):
    """A run against the anchor, on the cases that both have; `comparison` has the anchor as its baseline.

    `p_adjusted` is Holm's over all runs and metrics of the history; `real` where it is at most 0.05.
    """

    comparison: MetricComparison
    p_adjusted: float
    real: bool
    worse: bool = Field(description="Whether what is observed is worse than the anchor.")


class PastRun(Record):
    """A kept run. `suite_changed`: other cases, scorers, trials or seed than the run before it, so that their means are
    not to be compared; `whole` is false where a gate ended it early, and its means are of the cases until then."""

    run_id: str
    aliases: tuple[str, ...] = ()
    target: str
    target_ref: str
    fingerprint: str
    suite_fingerprint: str
    suite_changed: bool
    created_at: AwareDatetime
    version: str
    n_cases: int
    trials: int = Field(description="Trials a case.")
    whole: bool
    n_trials: int | None = Field(description="None where only scores were imported.")
    n_failures: int | None
    cost_usd: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    metrics: tuple[PastMetric, ...]
    gates: tuple[PastGate, ...] = Field(default=(), description="The oldest first.")
    drift: tuple[Drift, ...] = Field(default=(), description="By gating metric; empty where nothing is known.")

    @property
    def verdict(self) -> Verdict | None:
        """Of the last gate that it was the candidate of."""
        return self.gates[-1].verdict if self.gates else None

    def metric(self, name: str) -> PastMetric | None:
        """One of its metrics."""
        return next((one for one in self.metrics if one.metric == name), None)


class HistoryMetric(Record):
    """A metric of the history. `direction` is None where no policy says it; `share`: its values are shares."""

    metric: Name
    gating: bool
    direction: Direction | None
    share: bool


class SuiteHistory(Record):
    """A suite over time: its newest runs, the oldest of them first; `n_runs` counts all that are kept."""

    suite: Name
    metrics: tuple[HistoryMetric, ...]
    runs: tuple[PastRun, ...] = Field(min_length=1)
    n_runs: int
    anchor: str | None = Field(default=None, description="Run id of the suite's anchor.")
    no_drift: str | None = Field(default=None, description="Why nothing is said of the drift since the anchor.")
    generated_at: AwareDatetime
    command: str
    version: str
