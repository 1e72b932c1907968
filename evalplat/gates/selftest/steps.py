"""Steps: how much a metric's mean score has to change for its rule to be off by its margin, and by half of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evalplat.gates.effects import case_values
from evalplat.gates.pairing import Pairs, ends
from evalplat.gates.simulation import Binary, Bounded, Latent, Lognormal, Shape, SimulatedModel, pairs_of
from evalplat.records import MetricRule
from evalplat.records.selftest import Step

VISIBLE = 1.6448536269514722 + 0.8416212335729143
"""Standard errors of an effect that is found 4 times in 5 at one-sided .05."""

_LARGE = 20_000
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Steps:
    """By step: the change of the mean score, and the true value of what the interval is about."""

    effects: dict[Step, float]
    truths: dict[Step, float]

    @property
    def drop(self) -> float | None:
        """The change of the mean score at `worse`; None where no such agent can be."""
        return self.effects.get("worse")


def steps_of(rule: MetricRule, model: SimulatedModel, shape: Shape, se: float | None) -> Steps:
    """Unchanged, worse by half the margin, worse by the margin.

    What counts as the margin: that of `non_inferiority`; `effect` of `no_significant_drop`; for a bound on the
    candidate alone the way from the baseline's level to the bound; for rule zero failures in `max_rate` of the
    clusters; where there is no margin (superiority) the smallest drop that the suite can see, 2.49 standard errors.
    Means are exact; for quantiles, pass^k and zero the change is found on a simulated suite of 20,000 cases.
    """
    worse = _worse(rule, model, shape, se)
    effects: dict[Step, float] = {"unchanged": 0.0}
    if worse is not None:
        effects |= {"half": 0.5 * worse, "worse": worse}
    return Steps(effects, {step: _truth(rule, model, shape, effect) for step, effect in effects.items()})


def _worse(rule: MetricRule, model: SimulatedModel, shape: Shape, se: float | None) -> float | None:
    s = 1.0 if rule.direction == "higher" else -1.0
    margin = rule.margin if rule.rule == "non_inferiority" else rule.effect
    if rule.rule == "zero":
        return _found(rule, model, shape, -s, rule.max_rate or 0.0)
    if rule.rule in ("at_least", "at_most"):
        return _to_bound(rule, model, shape)
    if not margin:
        if se is None or se == 0:
            return None
        effect = -s * VISIBLE * se
        return effect if _possible(model, effect) else None
    if rule.statistic == "mean":
        return -s * margin if _possible(model, -s * margin) else None
    if rule.statistic == "ratio":
        effect = -s * margin * model.level
        return effect if _possible(model, effect) else None
    return _found(rule, model, shape, -s, margin)


def _to_bound(rule: MetricRule, model: SimulatedModel, shape: Shape) -> float | None:
    bound = rule.bound or 0.0
    if rule.statistic == "mean":
        effect = bound - model.level
        return effect if _possible(model, effect) else None
    way = -1.0 if _truth(rule, model, shape, 0.0) > bound else 1.0
    return _found(rule, model, shape, way, bound)


def _possible(model: SimulatedModel, effect: float) -> bool:
    """Whether a mean score changed by so much can be."""
    to = model.level + effect
    if isinstance(model, Binary | Bounded):
        low, high = ends(model.value_range or "binary")
        return low < to < high
    return not isinstance(model, Lognormal) or to > 0


def _furthest(model: SimulatedModel, way: float, spread: float) -> float:
    """The largest change of the mean score that is looked at, in one direction."""
    if isinstance(model, Binary | Bounded):
        low, high = ends(model.value_range or "binary")
        inside = 1e-9 * (high - low)
        return (high - inside if way > 0 else low + inside) - model.level
    if isinstance(model, Lognormal):
        return 100.0 * model.level if way > 0 else -(1 - 1e-9) * model.level
    return way * 20.0 * spread


def _truth(rule: MetricRule, model: SimulatedModel, shape: Shape, effect: float) -> float:
    """What the metric's interval is about: a difference, a ratio, or the candidate's own value."""
    if rule.rule == "zero":
        return float("nan")
    if rule.statistic == "mean":
        return model.level + effect if rule.alone else effect
    if rule.statistic == "ratio":
        return 1.0 + effect / model.level
    before, after = _before_and_after(rule, model, shape, effect)
    return after if rule.alone else after - before


def _found(rule: MetricRule, model: SimulatedModel, shape: Shape, way: float, target: float) -> float | None:
    """The change of the mean score, in direction `way`, that moves the statistic by `target` (alone: to it)."""

    def reached(effect: float) -> bool:
        if rule.rule == "zero":
            return _failing(rule, _large(model, shape, effect)) >= target
        before, after = _before_and_after(rule, model, shape, effect)
        if rule.alone:
            return after >= target if way > 0 else after <= target
        return abs(after - before) >= target

    return _bisected(reached, _furthest(model, way, _spread(model, shape)))


def _bisected(reached: Callable[[float], bool], furthest: float) -> float | None:
    near, far = 0.0, furthest
    if reached(near):
        return near
    if not reached(far):
        return None
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        near, far = (near, middle) if reached(middle) else (middle, far)
    return far


def _before_and_after(rule: MetricRule, model: SimulatedModel, shape: Shape, effect: float) -> tuple[float, float]:
    """The candidate's value without and with the change, on the same random numbers: all else cancels out."""
    before, after = (case_values(_large(model, shape, change), rule)[1] for change in (0.0, effect))
    if rule.statistic in ("p50", "p95"):
        q = int(rule.statistic[1:]) / 100
        return float(np.quantile(before, q)), float(np.quantile(after, q))
    return float(before.mean()), float(after.mean())


def _failing(rule: MetricRule, pairs: Pairs) -> float:
    """Share of clusters of which a trial failed."""
    bad = 0.0 if rule.direction == "higher" else 1.0
    cases = np.unique(pairs.cand_cases[pairs.cand_values == bad])
    groups = np.arange(pairs.n_cases) if pairs.clusters is None else pairs.clusters
    return len(np.unique(groups[cases])) / (int(groups.max()) + 1)


def _spread(model: SimulatedModel, shape: Shape) -> float:
    return float(_large(model, shape, 0.0).base_values.std())


def _large(model: SimulatedModel, shape: Shape, effect: float) -> Pairs:
    """Always the same large suite: what is compared on it differs by the effect alone."""
    per_cluster = max(1, round(shape.n_cases / shape.n_clusters))
    large = Shape.of_sizes([per_cluster] * max(1, _LARGE // per_cluster), shape.trials)
    return pairs_of(large, model, Latent.draw(large, np.random.default_rng(1)), effect)
