"""Every kind of page, from runs that were scored and gated: for what must hold on each of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

from evalplat.gates import decide_several, rank, since, summarize
from evalplat.records import (
    Column,
    Drift,
    HistoryMetric,
    PastGate,
    PastMetric,
    PastRun,
    PastVerdict,
    ScoreTable,
    SeveralReportData,
    SuiteHistory,
)
from evalplat.reports import (
    render_history_html,
    render_html,
    render_run_html,
    render_selftest_html,
    render_several_html,
)
from evalplat.sdk.evidence import run_card

from .selftests import selftest
from .shop_runs import POLICY, START, Shop, shop

KINDS = ("gate", "run", "several", "history", "selftest")


def small(right: float = 0.6) -> Shop:
    """Enough cases for a verdict, few enough that a browser has soon seen them all."""
    return shop(n_cases=60, right=right)


@cache
def page(kind: str) -> str:
    """The page of this kind, of a small shop whose candidate is worse."""
    made = small()
    if kind == "gate":
        return render_html(made.gate_page())
    if kind == "run":
        return render_run_html(made.run_page())
    if kind == "several":
        return render_several_html(several())
    if kind == "history":
        return render_history_html(history())
    if kind == "selftest":
        return render_selftest_html(selftest(), command="evalplat selftest --history run-old", generated_at=START)
    raise ValueError(kind)


@cache
def _renamed(right: float, name: str) -> tuple[Shop, ScoreTable]:
    """The candidate of a shop as a system of its own name."""
    made = small(right)
    table = made.tables[1]
    return made, replace(table, system=Column(table.system.codes, (name,)))


@cache
def several() -> SeveralReportData:
    """A baseline, one candidate that is much better and two that are worse."""
    base = small()
    found = {"run-good": 1.0, "run-alike": 0.79, "run-worse": 0.5}
    made = [_renamed(right, name) for name, right in found.items()]
    table = ScoreTable.concat([base.tables[0], *(one for _, one in made)])
    names = list(found)
    return SeveralReportData(
        decisions=decide_several(table, POLICY, baseline="run-old", candidates=names),
        ranking=rank(table, POLICY, baseline="run-old", candidates=names),
        suite="shop",
        generated_at=START,
        command="evalplat gate --baseline run-old --candidate run-good --candidate run-alike --candidate run-worse",
        baseline=run_card(base.baseline),
        runs=tuple(run_card(one.candidate) for one, _ in made),
        hashes={"suite": base.suite.fingerprint},
    )


@cache
def history() -> SuiteHistory:
    """Three runs: the anchor, a gate that failed against it, and one whose suite is another."""
    made = small()
    decision = made.decision()
    gate = PastGate(
        at=START,
        baseline="production",
        baseline_run="run-old",
        verdict=decision.verdict,
        decision=decision.decision,
        reason=decision.reason,
        attempt=1,
        stopped=None,
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
    )
    rules = tuple(rule for rule in POLICY.metrics if rule.gating)
    watched = POLICY.model_copy(update={"metrics": rules, "slices": ()})
    drift = since(made.table, watched, anchor="run-old", runs=["run-new"])["run-new"]
    return SuiteHistory(
        suite="shop",
        metrics=tuple(
            HistoryMetric(
                metric=rule.metric, gating=rule.gating, direction=rule.direction, share=rule.metric == "correct"
            )
            for rule in POLICY.metrics
        ),
        runs=(
            _past(made, 0, aliases=("production", "anchor")),
            _past(made, 1, gates=(gate,), drift=drift),
            _past(shop(n_cases=50, trials=2), 1, days=20, changed=True, run_id="run-newer"),
        ),
        n_runs=3,
        anchor="run-old",
        generated_at=START + timedelta(days=21),
        command="evalplat history suite.yaml -o history.html",
        version="0.1.0",
    )


def _past(
    made: Shop,
    side: int,
    *,
    days: int = 0,
    changed: bool = False,
    run_id: str | None = None,
    aliases: tuple[str, ...] = (),
    gates: tuple[PastGate, ...] = (),
    drift: tuple[Drift, ...] = (),
) -> PastRun:
    card = run_card((made.baseline, made.candidate)[side])
    rows = summarize(made.tables[side]).systems
    return PastRun(
        run_id=run_id or card.info.id,
        aliases=aliases,
        target=card.info.target.name,
        target_ref=card.info.target.ref,
        fingerprint=card.info.target.fingerprint,
        suite_fingerprint=card.info.suite_fingerprint,
        suite_changed=changed,
        created_at=START + timedelta(days=days + side),
        version="0.1.0",
        n_cases=card.info.n_cases,
        trials=card.info.trials,
        whole=True,
        n_trials=card.n_trials,
        n_failures=card.n_failures,
        cost_usd=card.usage.cost_usd,
        latency_p50_s=card.latency_p50_s,
        latency_p95_s=card.latency_p95_s,
        metrics=tuple(
            PastMetric(
                metric=row.metric,
                mean=row.mean,
                se=row.se,
                ci_low=row.ci_low,
                ci_high=row.ci_high,
                n_cases=row.n_cases,
                n_clusters=row.n_clusters,
                failures=row.failures,
                pass_hat=row.pass_hat or {},
            )
            for row in rows
        ),
        gates=gates,
        drift=drift,
    )
