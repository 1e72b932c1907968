"""Selftest: the gate's own rule, with the policy itself, on simulated agents of whom the truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.gates.measure import measure
from evalplat.gates.pairing import Floats, Pairs, pair
from evalplat.gates.rules import rule as ruling
from evalplat.gates.simulation import Latent, Shape, SimulatedModel, judge_measured, pairs_of
from evalplat.records import GatePolicy, MetricComparison, MetricRule, ScoreTable, Verdict
from evalplat.records.selftest import Setting, Step
from evalplat.stats import cluster_mean

from .blocked import blocked
from .fit import fit, near_ceiling
from .steps import Steps, steps_of

STEPS: tuple[Step, ...] = ("unchanged", "half", "worse")
_SE_DRAWS = 400

_NOTED = 0.10
"""By how much the simulated standard error may be off the history's before it is said."""

Scenario = tuple[Setting, Step, str | None]


@dataclass(frozen=True, slots=True)
class StandIn:
    """A gating metric as it is simulated in one setting."""

    rule: MetricRule
    model: SimulatedModel
    se: float
    steps: Steps


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """All that a selftest simulates: the suite's shape, its gating metrics by setting, how they move together."""

    shape: Shape
    policy: GatePolicy
    """With the gating metrics alone: others do not decide."""
    settings: dict[Setting, tuple[StandIn, ...]]
    mixing: Floats
    """(k, k): rows mix independent normals into those of the metrics."""
    assumptions: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Counts of simulated gates; tallies of chunks add up."""

    draws: int = 0
    verdicts: Counter[tuple[Scenario, Verdict]] = field(default_factory=Counter)
    metrics: Counter[tuple[Setting, int, Step, str]] = field(default_factory=Counter)
    """By setting, metric, step: `pass`, `fail` and `covered` of the metric by itself."""
    blocked: Counter[tuple[Setting, int, str]] = field(default_factory=Counter)
    """What kept a metric from being judged or passed, of unchanged agents, by `blocked`."""
    look_draws: int = 0
    stops: Counter[tuple[Step, str | None, Verdict]] = field(default_factory=Counter)
    """Verdicts of gates that stop early."""
    calls: Counter[tuple[Step, str | None, int]] = field(default_factory=Counter)
    """Their candidate calls: sums of first and second powers."""

    def add(self, other: Tally) -> None:
        """Add another chunk's counts."""
        self.draws += other.draws
        self.verdicts += other.verdicts
        self.metrics += other.metrics
        self.blocked += other.blocked
        self.look_draws += other.look_draws
        self.stops += other.stops
        self.calls += other.calls


def prepare(table: ScoreTable, policy: GatePolicy, baseline: str, candidate: str | None = None) -> Bench:
    """What to simulate, learned from the scores of one system or of two.

    Raises GateUndecidable where a metric is absent or too thin to be simulated.
    """
    rules = tuple(rule for rule in policy.metrics if rule.gating)
    two = candidate is not None and candidate != baseline
    history = [_history(table, rule, policy, baseline, candidate if two and candidate else baseline) for rule in rules]
    widest = max(history, key=lambda pairs: pairs.n_cases)
    shape = Shape(widest.n_cases, widest.clusters, _trials(widest), widest.weights)
    assumptions = _about_the_shape(history, widest, policy)
    assumptions.extend(_failed(rule, pairs, two=two) for rule, pairs in zip(rules, history, strict=True))
    models, ceilings = [], []
    for rule, pairs in zip(rules, history, strict=True):
        model, said = fit(pairs, rule, two=two, shocks=policy.estimand == "population")
        if rule.rule == "superiority" or rule.margin == 0:
            assumptions.append(
                f"{name_of(rule)}: agents that are better are not simulated, so its power to pass is not"
            )
        models.append(model)
        ceilings.append(near_ceiling(model, rule))
        assumptions.extend(said)
    make = _maker(shape)
    stand_ins = tuple(map(make, rules, models))
    if two:
        assumptions.extend(_off(one, pairs) for one, pairs in zip(stand_ins, history, strict=True))
    settings: dict[Setting, tuple[StandIn, ...]] = {"history": stand_ins}
    if any(ceilings):
        settings["ceiling"] = tuple(
            make(one.rule, ceiling) if ceiling is not None else one
            for one, ceiling in zip(stand_ins, ceilings, strict=True)
        )
    mixing = np.linalg.cholesky(_correlation(history, two=two) + 1e-9 * np.eye(len(rules))).astype(np.float64)
    gating = policy.model_copy(update={"metrics": rules})
    return Bench(shape, gating, settings, mixing, tuple(filter(None, dict.fromkeys(assumptions))))


def chunk(bench: Bench, seed: int, number: int, draws: int) -> Tally:
    """Chunk `number` of a selftest: `draws` gates of each scenario. The same seed and number give the same counts."""
    rng = np.random.default_rng([seed, number])
    tally = Tally(draws=draws)
    for _ in range(draws):
        latents = mixed([Latent.draw(bench.shape, rng) for _ in bench.policy.metrics], bench.mixing)
        known: dict[int, dict[Step, MetricComparison]] = {}
        for setting, stand_ins in bench.settings.items():
            found = {}
            for i, one in enumerate(stand_ins):
                same = setting != "history" and one is bench.settings["history"][i]
                found[i] = known[i] if same else _measured(bench, one, latents[i])
                _count_metric(tally, setting, i, one, found[i])
            known = known or found
            _count_policy(tally, setting, bench.policy, found)
    return tally


def _history(table: ScoreTable, rule: MetricRule, policy: GatePolicy, baseline: str, candidate: str) -> Pairs:
    """Both systems' trials, also for a rule about the candidate alone."""
    both = rule.model_copy(update={"rule": "superiority"})
    pairs = pair(table, both, policy, baseline=baseline, candidate=candidate, lacking="intersect")
    if not pairs.n_cases:
        raise GateUndecidable(f"metric {rule.metric}: no case has a usable score")
    return pairs


def _trials(pairs: Pairs) -> tuple[int, int]:
    """Trials a case, as a whole number."""
    base, cand = (max(1, round(float(np.mean(trials)))) for trials in (pairs.baseline_trials, pairs.candidate_trials))
    return base, cand


def _about_the_shape(history: Sequence[Pairs], widest: Pairs, policy: GatePolicy) -> list[str]:
    said = []
    if len({pairs.n_cases for pairs in history}) > 1:
        said.append(f"all metrics are simulated on the {widest.n_cases} cases of the one that has most")
    if len(set(widest.baseline_trials.tolist()) | set(widest.candidate_trials.tolist())) > 1:
        said.append("cases have different numbers of trials; all are simulated with the mean number")
    if policy.estimand == "suite":
        said.append("estimand suite: agents are alike case by case, as a changed case would be a change")
    return said


def _off(one: StandIn, pairs: Pairs) -> str:
    """Where what is simulated is noisier or quieter than the difference that the history has; else nothing."""
    if one.rule.rule == "zero":
        return ""
    seen = cluster_mean(pairs.candidate - pairs.baseline, pairs.clusters, pairs.weights).se
    if not seen or abs(one.se / seen - 1.0) <= _NOTED:
        return ""
    return (
        f"{name_of(one.rule)}: the difference of the mean score has standard error {seen:.3g} in the history, "
        f"{one.se:.3g} in the simulation, as its levels, clusters and trials together tell"
    )


def _failed(rule: MetricRule, pairs: Pairs, *, two: bool) -> str:
    """What is not simulated of trials that failed; else nothing."""
    n_base, n_cand = len(pairs.base_failed), len(pairs.cand_failed) if two else 0
    if not n_base + n_cand:
        return ""
    of = f"{n_base} baseline and {n_cand} candidate trials" if two else f"{n_base} trials"
    return (
        f"{name_of(rule)}: {of} failed in the history; simulated trials do not, so what a failed one costs (the "
        "candidate's is its worst, of the baseline's a pass must bear the best) is not in these rates; "
        "`evalplat plan` counts it"
    )


def _maker(shape: Shape) -> Callable[[MetricRule, SimulatedModel], StandIn]:
    def make(rule: MetricRule, model: SimulatedModel) -> StandIn:
        rng = np.random.default_rng(2)
        arms = (model.arms(shape, Latent.draw(shape, rng), 0.0) for _ in range(_SE_DRAWS))
        se = float(np.std([_average(cand, shape) - _average(base, shape) for base, cand in arms]))
        return StandIn(rule, model, se, steps_of(rule, model, shape, se))

    return make


def _average(scores: Floats, shape: Shape) -> float:
    return float(np.average(scores.mean(axis=1), weights=shape.weights))


def _correlation(history: Sequence[Pairs], *, two: bool) -> Floats:
    """Of the metrics' case differences (one system: of its case means), over cases that both metrics have."""
    k = len(history)
    found = np.eye(k)
    values = [pairs.candidate - pairs.baseline if two else pairs.baseline for pairs in history]
    for i in range(k):
        for j in range(i):
            _, mine, other = np.intersect1d(history[i].codes, history[j].codes, return_indices=True)
            a, b = values[i][mine], values[j][other]
            if len(a) > 2 and a.std() > 0 and b.std() > 0:
                found[i, j] = found[j, i] = float(np.corrcoef(a, b)[0, 1])
    # Of pairs of metrics over different cases it need not be a correlation matrix.
    roots, vectors = np.linalg.eigh(found)
    mended = (vectors * np.maximum(roots, 0.0)) @ vectors.T
    scale = np.sqrt(np.maximum(np.diag(mended), 1e-12))
    result: Floats = mended / np.outer(scale, scale)
    return result


def mixed(latents: Sequence[Latent], mixing: Floats) -> list[Latent]:
    """The metrics' random numbers, moving together as the metrics do."""
    if len(latents) == 1:
        return list(latents)

    def mix(name: str, arm: int | None = None) -> Floats:
        parts = [getattr(one, name) if arm is None else getattr(one, name)[arm] for one in latents]
        return np.tensordot(mixing, np.stack(parts), axes=1)

    fields = {name: mix(name) for name in ("cluster", "case", "cluster_shock", "case_shock")}
    trials = mix("trials", 0), mix("trials", 1)
    return [
        Latent(**{name: values[i] for name, values in fields.items()}, trials=(trials[0][i], trials[1][i]))
        for i in range(len(latents))
    ]


def _measured(bench: Bench, one: StandIn, latent: Latent) -> dict[Step, MetricComparison]:
    """The same draw at each step that there is."""
    return {
        step: measure(pairs_of(bench.shape, one.model, latent, effect), one.rule, bench.policy.estimand, plan=False)
        for step, effect in one.steps.effects.items()
    }


def _count_policy(
    tally: Tally, setting: Setting, policy: GatePolicy, found: dict[int, dict[Step, MetricComparison]]
) -> None:
    unchanged = [found[i]["unchanged"] for i in range(len(policy.metrics))]
    tally.verdicts[(setting, "unchanged", None), judge_measured(unchanged, policy).verdict] += 1
    for i, rule in enumerate(policy.metrics):
        for step, measured in found[i].items():
            if step != "unchanged":
                mine = [*unchanged[:i], measured, *unchanged[i + 1 :]]
                key: Scenario = (setting, step, name_of(rule))
                tally.verdicts[key, judge_measured(mine, policy).verdict] += 1


def _count_metric(tally: Tally, setting: Setting, i: int, one: StandIn, found: dict[Step, MetricComparison]) -> None:
    for step, measured in found.items():
        tally.metrics[setting, i, step, ruling(measured).verdict] += 1
        low, high, truth = measured.ci_low, measured.ci_high, one.steps.truths[step]
        known = low is not None or high is not None
        covered = known and (low is None or low <= truth) and (high is None or truth <= high)
        tally.metrics[setting, i, step, "covered"] += covered
        tally.metrics[setting, i, step, "interval"] += known
    why = blocked(found["unchanged"])
    if why is not None:
        tally.blocked[setting, i, why] += 1


def name_of(rule: MetricRule) -> str:
    """What tells a policy's metrics apart."""
    more = [] if rule.statistic == "mean" else [rule.statistic]
    more += [] if rule.rule == "non_inferiority" else [rule.rule]
    return f"{rule.metric} ({', '.join(more)})" if more else rule.metric
