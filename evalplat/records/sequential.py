"""What a gate that looks at the data more than once froze, and what it saw at each look."""

from __future__ import annotations

from pydantic import Field

from .base import Name, Record


class Protocol(Record):
    """Frozen before the candidate's first trial, so that nothing that is seen can change the test."""

    policy_sha256: str
    suite_sha256: str = Field(description="Of cases, scorers, trials and seed.")
    baseline: str = Field(description="Fingerprint of the system that is compared with.")
    baseline_run: str
    anchor_run: str | None = None
    cluster: Name | None = Field(description="The column of clusters; None: each case is its own.")
    order_seed: int = Field(ge=0)
    order_sha256: str = Field(description="Of the case ids in the order in which they are run.")
    cases: tuple[int, ...] = Field(min_length=1, description="Cases after each look.")
    clusters: tuple[int, ...] = Field(min_length=1, description="Clusters after each look.")
    trials: int = Field(ge=1, description="Candidate trials a case, at most.")
    looked_trials: tuple[int, ...] = Field(
        default=(), description="Candidate trials a case at each look, where the test may be extended; none: all."
    )

    @property
    def largest(self) -> int:
        """Candidate trials if no look ends it."""
        return self.cases[-1] * self.trials

    def trials_at(self, look: int) -> int:
        """Candidate trials a case at a look, counted from 1."""
        return self.looked_trials[look - 1] if self.looked_trials else self.trials


class LookMetric(Record):
    """A gating metric at a look. The bounds are on the scale of `difference`."""

    metric: str
    difference: float | None
    pass_bound: float | None = Field(description="Beyond it, on the good side, the metric passes at this look.")
    fail_bound: float | None = Field(description="Beyond it, on the bad side, the metric fails at this look.")
    level: float | None = Field(description="One-sided nominal level of this look; None: too early to be tested.")
    verdict: str


class Look(Record):
    """One look: the first gating metric's numbers, and those of all gating metrics."""

    look: int = Field(ge=1)
    cases: int
    clusters: int
    calls: int = Field(description="Candidate trials so far.")
    difference: float | None
    pass_bound: float | None
    fail_bound: float | None
    metrics: tuple[LookMetric, ...] = ()


class Calls(Record):
    """What a gate cost, in trials: of the candidate, of the most that it could have been, and of the baseline."""

    candidate: int
    candidate_reused: int = Field(
        default=0, description="Those of them that were drawn by an earlier gate of this change, under other rules."
    )
    largest: int
    baseline_run: int = Field(description="Baseline trials that this gate ran, those of rechecks, the anchor's too.")
    baseline_kept: int = Field(description="Baseline trials that were there already.")
