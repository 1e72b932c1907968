"""What the panels of a gate's page show beside cases: how dimensions stand, what is spent, what repeats differ on."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import numpy as np

from evalplat.gates import deciding, flaky, lights, priced, spending, summarize
from evalplat.records import Decision, Flaky, MetricComparison, Run, ScoreTable, Suite, Summary
from evalplat.suites.exchange import UNKNOWN_TIME


def gate_panels(
    decision: Decision, table: ScoreTable, baseline: Run | None, candidate: Run | None, suite: Suite | None
) -> dict[str, Any]:
    """The fields of ReportData that are computed from a decision's runs and scores."""
    kinds = {} if suite is None else {scorer.metric: scorer.kind for scorer in suite.scorers}
    found = {"lights": lights(decision, kinds), "deciding": deciding(decision, kinds), **_repeats(decision, table)}
    if baseline is None or candidate is None:
        return found
    return {**found, "spending": spending(baseline, candidate, timed=_timed(baseline) and _timed(candidate))}


def with_prices(decision: Decision, table: ScoreTable, candidate: Run | None) -> Decision:
    """The decision with what settling it costs, by the candidate's trials, or by the table's money and time."""
    if candidate is not None and candidate.trials:
        costs = [trial.usage.cost_usd for trial in candidate.trials]
        known = [cost for cost in costs if cost is not None]
        cost = fmean(known) if len(known) == len(costs) else None
        latency = fmean(trial.latency_s for trial in candidate.trials) if _timed(candidate) else None
        return priced(decision, cost_usd=cost, latency_s=latency)
    system = decision.candidate.run_id or decision.candidate.ref
    return priced(
        decision, cost_usd=_of_table(table, system, "cost_usd"), latency_s=_of_table(table, system, "latency_s")
    )  # fmt: skip


def _of_table(table: ScoreTable, system: str, metric: str) -> float | None:
    rows = (table.system.codes == table.system.code_of(system)) & (table.metric.codes == table.metric.code_of(metric))
    found = table.score[rows & np.isfinite(table.score)]
    mean = float(found.mean()) if len(found) else None
    return mean if mean is None or mean >= 0 else None


def _timed(run: Run | None) -> bool:
    """Whether a run's clock is known: those of other tools may have none."""
    return run is not None and all(trial.started_at != UNKNOWN_TIME for trial in run.trials)


def _repeats(decision: Decision, table: ScoreTable) -> dict[str, Any]:
    """pass^k of both systems on the metrics that the policy names, and the cases whose trials disagree."""
    systems = tuple(side.run_id or side.ref for side in (decision.baseline, decision.candidate))
    asked = [one.comparison for one in decision.metrics]
    wanted = np.isin(table.system.codes, [table.system.code_of(system) for system in systems])
    wanted &= np.isin(table.metric.codes, [table.metric.code_of(found.metric) for found in asked])
    if not wanted.any() or int(table.trial[wanted].max()) == 0:
        return {}
    rows = [row for row in summarize(table.of_rows(wanted)).systems if len(row.pass_hat or {}) > 1]
    if not rows:
        return {}
    return {"repeats": Summary(systems=tuple(rows)), "flaky": _flaky(table, systems, asked)}


def _flaky(table: ScoreTable, systems: tuple[str, ...], asked: list[MetricComparison]) -> tuple[Flaky, ...]:
    """On the first gating metric of 0 and 1, baseline before candidate."""
    for found in asked:
        if found.gating and found.range == "binary":
            good = 1.0 if found.direction == "higher" else 0.0
            told = [flaky(table, system=system, metric=found.metric, good=good) for system in dict.fromkeys(systems)]
            return tuple(one for one in told if one is not None)
    return ()
