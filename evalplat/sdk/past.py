"""Past: a kept run and the decisions on it, as its suite's history shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evalplat.records import Drift, PastGate, PastMetric, PastRun, PastVerdict

if TYPE_CHECKING:
    from evalplat.store import KeptDecision, StoredRun


def past_run(
    run: StoredRun, names: Sequence[str], gates: Sequence[PastGate], drift: Sequence[Drift], *, changed: bool
) -> PastRun:
    """A run with those of its metrics that are shown."""
    totals = run.totals
    metrics = tuple(_metric(name, run.metrics[name]) for name in names if name in run.metrics)
    asked = max((int(sides.get("n_cases", 0)) for sides in run.metrics.values()), default=0)
    return PastRun(
        run_id=run.run_id,
        aliases=run.aliases,
        target=run.target,
        target_ref=run.target_ref,
        fingerprint=run.target_fingerprint,
        suite_fingerprint=run.suite_fingerprint,
        suite_changed=changed,
        created_at=run.created_at,
        version=run.version,
        n_cases=run.n_cases,
        trials=run.trials,
        whole=asked >= run.n_cases,
        n_trials=_whole(totals.get("trials")),
        n_failures=_whole(totals.get("failures")),
        cost_usd=totals.get("cost_usd"),
        latency_p50_s=totals.get("latency_s.p50"),
        latency_p95_s=totals.get("latency_s.p95"),
        metrics=metrics,
        gates=tuple(gates),
        drift=tuple(drift),
    )


def gates_of(decisions: Iterable[KeptDecision]) -> dict[str, tuple[PastGate, ...]]:
    """By the candidate's run id, the decisions on it, the oldest first."""
    found: dict[str, tuple[PastGate, ...]] = {}
    for kept in sorted(decisions, key=lambda one: one.at):
        run_id = kept.decision.candidate.run_id
        if run_id is not None:
            found[run_id] = (*found.get(run_id, ()), _gate(kept))
    return found


def _gate(kept: KeptDecision) -> PastGate:
    decision = kept.decision
    return PastGate(
        at=kept.at,
        baseline=decision.baseline.ref,
        baseline_run=decision.baseline.run_id,
        verdict=decision.verdict,
        decision=decision.decision,
        reason=decision.reason,
        attempt=decision.attempt,
        stopped=decision.stopped,
        metrics=tuple(
            PastVerdict(
                metric=one.comparison.metric,
                statistic=one.comparison.statistic,
                rule=one.comparison.rule,
                gating=one.comparison.gating,
                verdict=one.verdict,
                difference=one.comparison.difference,
                ci_low=one.comparison.ci_low,
                ci_high=one.comparison.ci_high,
                confidence=one.comparison.confidence,
            )
            for one in decision.metrics
        ),
        anchor=None if decision.anchor is None else decision.anchor.anchor.ref,
        anchor_verdict=None if decision.anchor is None else decision.anchor.verdict,
    )


def _metric(name: str, sides: dict[str, float]) -> PastMetric:
    return PastMetric(
        metric=name,
        mean=sides.get("mean"),
        se=sides.get("se"),
        ci_low=sides.get("ci_low"),
        ci_high=sides.get("ci_high"),
        n_cases=_whole(sides.get("n_cases")),
        n_clusters=_whole(sides.get("n_clusters")),
        failures=_whole(sides.get("failures")),
        pass_hat={side.removeprefix("pass^"): value for side, value in sides.items() if side.startswith("pass^")},
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
