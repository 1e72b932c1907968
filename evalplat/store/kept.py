"""StoredRun: a kept run as the store's listing shows it."""

from __future__ import annotations

from pydantic import AwareDatetime

from evalplat.records import Record


class StoredRun(Record):
    """A kept run in figures, without its trials.

    `metrics` is by metric and side: `mean`, `se`, `ci_low`, `ci_high`, `n_cases`, `n_clusters`, `failures`, `pass^2`.
    `totals` has `trials`, `failures`, tokens, calls, `cost_usd` (absent where a call has no price), `latency_s.p50`.
    """

    run_id: str
    mlflow_run_id: str
    suite: str
    suite_fingerprint: str
    target: str
    target_ref: str
    target_fingerprint: str
    n_cases: int
    trials: int
    created_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    version: str
    metrics: dict[str, dict[str, float]]
    totals: dict[str, float]
    aliases: tuple[str, ...] = ()
