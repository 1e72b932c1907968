"""Plan: a policy and what is known of its metrics -> what it needs. Pure functions; nothing is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalplat import __version__
from evalplat.errors import GateUndecidable
from evalplat.gates.limits import FEWEST_CLUSTERS
from evalplat.records import GatePolicy, ScoreTable
from evalplat.records.plan import EarlyStop, NoiseShares, Plan, PlanDesign, PlanMetric, PlanRange, PlanSize, Reach
from evalplat.stats import operating

from .allocation import allocation
from .checks import Figures
from .design import Design
from .guesses import Guesses, noises_of_guesses
from .history import history
from .noise import Noise
from .policy_power import BEST, CONFIDENCE, WORST, PolicyNoise, at_tail, needed_clusters, needed_trials
from .prices import Price, Prices, prices_of_table
from .sizes import Planner, smallest_drop, smallest_margin

MOST_NOTES = 20

MOST = 1_000_000_000
"""Cases, clusters, trials: beyond it a size is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked. Sizes that are None are those of the history; `spend` is in calls, or in US dollars, and
    `case_cost` is what a case that is not there yet costs in that unit."""

    power: float = 0.80
    cases: int | None = None
    clusters: int | None = None
    trials: int | None = None
    baseline_trials: int | None = None
    kept_baseline: bool = False
    spend: float | None = None
    spend_usd: float | None = None
    case_cost: float = 0.0
    concurrency: int = 4

    def __post_init__(self) -> None:
        """Raises GateUndecidable naming the figure that cannot be."""
        if not 0.5 <= self.power < 1.0:
            raise GateUndecidable(f"--power: expected at least 0.5 and below 1, found {self.power:g}")
        for name in ("cases", "clusters", "trials", "baseline_trials", "concurrency"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MOST:
                raise GateUndecidable(f"--{name.replace('_', '-')}: expected from 1 to {MOST:,}, found {value}")
        for name, amount in (("--spend", self.spend), ("--spend-usd", self.spend_usd)):
            if amount is not None and not 0 < amount < float("inf"):
                raise GateUndecidable(f"{name}: expected more than 0, found {amount:g}")
        if not 0 <= self.case_cost < float("inf"):
            raise GateUndecidable(f"--case-cost: expected at least 0, found {self.case_cost:g}")
        if self.spend is not None and self.spend_usd is not None:
            raise GateUndecidable("--spend and --spend-usd exclude each other")


def plan_from_history(
    table: ScoreTable,
    policy: GatePolicy,
    asked: Asked,
    *,
    baseline: str,
    candidate: str | None = None,
    effects: Figures | None = None,
    prices: tuple[Price, Price] | None = None,
    source: Literal["scores", "runs"] = "scores",
) -> Plan:
    """What the policy needs, from the noise between two systems, or between the trials of one.

    `effects` are true changes by metric, for rules that need one to find (turned: better is positive); `prices` of a
    trial of either side stand in the place of those in the table.

    Raises GateUndecidable where a metric cannot be planned for.
    """
    past = history(table, policy, baseline, candidate, effects or {})
    priced = (
        prices_of_table(table, baseline, candidate, asked.concurrency)
        if prices is None
        else Prices(*prices, asked.concurrency)
    )
    found = _plan(past.design, PolicyNoise.of(past.metrics, past.correlation), policy, asked, priced, source)
    more: dict[str, object] = {"baseline": baseline, "candidate": candidate}
    if found.now.cases == past.design.cases:
        more["allocation"] = allocation(past.parts, found.now.spend.candidate_calls)
    return found.model_copy(update=more)


def plan_from_guesses(policy: GatePolicy, guesses: Guesses, asked: Asked) -> Plan:
    """What the policy needs, were the stated figures so. Raises GateUndecidable naming what lacks."""
    design, metrics = noises_of_guesses(guesses, policy)
    nothing = Prices(Price(), Price(), asked.concurrency)
    return _plan(design, PolicyNoise.of(metrics, None), policy, asked, nothing, "guesses")


def _plan(
    seen: Design,
    noise: PolicyNoise,
    policy: GatePolicy,
    asked: Asked,
    prices: Prices,
    source: Literal["scores", "runs", "guesses"],
) -> Plan:
    _check(noise)
    now = _now(seen, asked, policy.estimand)
    fixed = _fixed_baseline(seen, asked)
    planner = Planner(noise, prices, asked.power, fixed, asked.kept_baseline, asked.case_cost)
    if asked.spend_usd is not None and prices.spend(now, kept=asked.kept_baseline).cost_usd is None:
        raise GateUndecidable("--spend-usd: the history does not say what a trial costs; give --spend in calls")
    suite = policy.estimand == "suite"
    shown = planner.shown(now)
    by_clusters = None if suite else planner.by_clusters(now)
    by_trials = planner.by_trials(now)
    options = [] if suite else planner.options(now)
    metrics = tuple(_metric(one, now, fixed, asked.power) for one in noise.metrics)
    spend, money = asked.spend_usd or asked.spend, asked.spend_usd is not None
    return Plan(
        source=source,
        estimand=policy.estimand,
        power=asked.power,
        confidence=CONFIDENCE,
        concurrency=asked.concurrency,
        now=shown,
        reachable=_reach(shown, by_clusters, by_trials, asked.power),
        by_clusters=by_clusters,
        by_trials=by_trials,
        options=tuple(options),
        cheapest=min(options, key=_price, default=None),
        best_for_spend=planner.best_for(spend, now, money=money) if spend is not None and not suite else None,
        best_here_for_spend=planner.best_here_for(spend, now, money=money) if spend is not None else None,
        early_stop=_early_stop(policy, metrics, noise, now, asked.power),
        metrics=metrics,
        correlation=_rows(noise),
        notes=_notes(noise, prices, source, by_clusters, by_trials, _unspent(planner, now, asked, suite=suite)),
        policy_sha256=policy.content_hash,
        version=__version__,
    )


def _check(noise: PolicyNoise) -> None:
    for one in noise.metrics:
        nothing = one.rule.rule == "superiority" or (one.rule.rule == "non_inferiority" and not one.rule.margin)
        if nothing and one.truth <= 0:
            raise GateUndecidable(
                f"metric {one.rule.metric}: rule superiority finds a gain only where there is one; "
                "state it with --effect"
            )


def _now(seen: Design, asked: Asked, estimand: str) -> Design:
    """The suite as it is, with what is asked otherwise."""
    clusters = seen.clusters
    if asked.clusters is not None:
        clusters = asked.clusters
    elif asked.cases is not None:
        clusters = max(1, round(asked.cases / seen.cluster_size))
    cases = asked.cases if asked.cases is not None else max(clusters, round(clusters * seen.cluster_size))
    if clusters > cases:
        raise GateUndecidable(f"--clusters: {clusters:g} clusters of {cases:g} cases cannot be")
    if estimand == "suite" and (cases, clusters) != (seen.cases, seen.clusters):
        raise GateUndecidable("estimand suite is about exactly the cases of the history; --cases does not apply")
    candidate = seen.trials[1] if asked.trials is None else float(asked.trials)
    fixed = _fixed_baseline(seen, asked)
    if fixed is None:
        fixed = seen.trials[0] if asked.trials is None else candidate
    return Design(cases, clusters, (fixed, candidate))


def _fixed_baseline(seen: Design, asked: Asked) -> float | None:
    """The baseline's trials a case where they do not follow the candidate's."""
    if asked.baseline_trials is not None:
        return float(asked.baseline_trials)
    return seen.trials[0] if asked.kept_baseline else None


def _reach(now: PlanDesign, by_clusters: PlanSize | None, by_trials: PlanSize | None, wanted: float) -> Reach:
    if (now.power.estimate or 0.0) >= wanted:
        return "now"
    if by_trials is not None and by_trials.estimate is not None:
        return "by trials"
    return "by clusters" if by_clusters is not None and by_clusters.estimate is not None else "no"


def _price(design: PlanDesign) -> tuple[float, int]:
    cost = design.spend.cost_usd
    return (cost.estimate if cost is not None and cost.estimate is not None else design.spend.calls), design.cases


def _metric(noise: Noise, now: Design, fixed: float | None, wanted: float) -> PlanMetric:
    rule = noise.rule
    alone = PolicyNoise.of((noise,), None)
    (best, low), (worst, high) = (at_tail(noise, tail) for tail in (BEST, WORST))
    powers = alone.powers(now)
    clusters = None if noise.estimand == "suite" else needed_clusters(alone, now, wanted)
    trials = needed_trials(alone, now, wanted, fixed) if noise.can_vary_trials() else None
    return PlanMetric(
        metric=rule.metric,
        rule=rule.rule,
        statistic=rule.statistic,
        direction=rule.direction,
        alpha=rule.alpha,
        margin=rule.margin,
        bound=rule.bound,
        max_rate=rule.max_rate,
        effect=rule.effect,
        n_cases=noise.cases,
        n_clusters=noise.clusters,
        assumed_change=noise.truth if noise.truth > float("-inf") else 0.0,
        se=PlanRange(low=best.se(now, low), estimate=noise.se(now), high=worst.se(now, high)),
        df=noise.freedom(now),
        noise=_shares(noise),
        power=PlanRange(low=powers[0], estimate=powers[1], high=powers[2]),
        smallest_margin=smallest_margin(noise, now, wanted),
        smallest_drop=smallest_drop(noise, now, wanted),
        clusters=None if clusters is None else _span(clusters),
        trials=None if trials is None else _span(trials),
    )


def _span(counts: tuple[int | None, int | None, int | None]) -> PlanRange:
    return PlanRange(low=counts[0], estimate=counts[1], high=counts[2])


def _shares(noise: Noise) -> NoiseShares | None:
    if noise.rule.rule == "zero":
        return None
    parts = [
        None if variance is None else variance / trials
        for variance, trials in zip(noise.trial_noise, noise.trials, strict=True)
    ]
    known = sum(part for part in parts if part is not None)
    rest = 0.0 if noise.pure else max(0.0, noise.variance - known)
    return NoiseShares(
        clusters=rest * noise.cluster_share,
        cases=rest * (1.0 - noise.cluster_share),
        baseline_trials=parts[0],
        candidate_trials=parts[1],
    )


def _rows(noise: PolicyNoise) -> tuple[tuple[float, ...], ...] | None:
    if noise.correlation is None:
        return None
    return tuple(tuple(float(value) for value in row) for row in noise.correlation)


def _unspent(planner: Planner, now: Design, asked: Asked, *, suite: bool) -> list[str]:
    """Why a spend has no best design."""
    spend, money = asked.spend_usd or asked.spend, asked.spend_usd is not None
    if spend is None:
        return []
    amount = f"--spend-usd {spend:g}" if money else f"--spend {spend:,.0f}"
    found = []
    if not suite:
        why = planner.why_not(spend, now, money=money)
        found += [f"best for {amount}: none, because {why}"] if why else []
    why = planner.why_not_here(spend, now, money=money)
    return found + ([f"best for {amount} on these cases: none, because {why}"] if why else [])


def _notes(
    noise: PolicyNoise,
    prices: Prices,
    source: str,
    by_clusters: PlanSize | None,
    by_trials: PlanSize | None,
    unspent: list[str],
) -> tuple[str, ...]:
    notes = [*unspent, *(note for one in noise.metrics for note in one.notes)]
    if noise.correlation is None and len(noise.metrics) > 1:
        notes.append(
            "how the gating metrics hang together is not known: sizes are Bonferroni's, from the smallest power at best"
        )
    if by_trials is None:
        why = (
            "--trial-share is not stated"
            if source == "guesses"
            else "the history does not tell their noise from the rest"
        )
        notes.append(f"what more trials a case would do is not known: {why}")
    elif by_trials.estimate is None:
        more = "; only more clusters would" if by_clusters is not None and by_clusters.estimate is not None else ""
        notes.append(f"no number of trials on these cases will do{more}")
    for one in noise.metrics:
        if one.rule.rule == "zero":
            seen = f"{one.failure_rate:.2%} of clusters failed" if one.failure_rate else "no failure"
            has = "taken is" if source == "guesses" else "the history has"
            notes.append(f"{one.rule.metric}: {has} {seen}; a pass needs none at all")
    missing = [
        word
        for word, known in (("tokens", prices.candidate.tokens), ("money", prices.candidate.cost_usd),
                            ("time", prices.candidate.seconds))
        if known is None
    ]  # fmt: skip
    if missing:
        what = "stated" if source == "guesses" else "recorded"
        notes.append(f"what a trial takes in {' and '.join(missing)} is not {what}, so it is not planned")
    return tuple(dict.fromkeys(notes))[:MOST_NOTES]


def _early_stop(
    policy: GatePolicy, metrics: tuple[PlanMetric, ...], noise: PolicyNoise, now: Design, wanted: float
) -> EarlyStop | None:
    """What the policy's looks save on the metric that decides last; None where nothing is looked at twice: that takes
    clusters enough for a verdict at some look before the last."""
    compared = [one for one in metrics if one.rule != "zero"]
    if not compared or policy.stopping.looks == 1 or now.clusters < FEWEST_CLUSTERS:
        return None
    hardest = min(compared, key=lambda one: one.power.estimate or 0.0)
    found = operating(policy.stopping.looks, hardest.alpha, wanted, futility=policy.stopping.futility)
    low, estimate, high = noise.powers(now, found.inflation)
    return EarlyStop(
        metric=hardest.metric,
        looks=found.looks,
        inflation=found.inflation,
        unchanged=found.no_change.calls,
        worse=found.at_margin.calls,
        power=PlanRange(low=low, estimate=estimate, high=high),
        method=found.method,
    )
