"""Simulate: paired data with the shape of a suite and a known effect, as the `Pairs` that the gate measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalplat.gates.decide import decide
from evalplat.gates.measure import measure
from evalplat.gates.pairing import Pairs
from evalplat.records import Comparison, Decision, GatePolicy, MetricComparison, Side

from .latent import Latent, Shape
from .score_models import SimulatedModel


def simulate(shape: Shape, model: SimulatedModel, effect: float, rng: np.random.Generator) -> Pairs:
    """Pairs of one simulated gate: the candidate's mean is the baseline's plus `effect`, whatever the direction."""
    return pairs_of(shape, model, Latent.draw(shape, rng), effect)


def pairs_of(shape: Shape, model: SimulatedModel, latent: Latent, effect: float) -> Pairs:
    """The same from given random numbers: one draw may serve several effects."""
    base, cand = model.arms(shape, latent, effect)
    return Pairs(
        case_ids=shape.case_ids,
        codes=np.arange(shape.n_cases),
        baseline=base.mean(axis=1),
        candidate=cand.mean(axis=1),
        baseline_trials=np.full(shape.n_cases, shape.trials[0]),
        candidate_trials=np.full(shape.n_cases, shape.trials[1]),
        clusters=shape.clusters,
        weights=shape.weights,
        base_values=base.ravel(),
        base_cases=shape.rows[0],
        cand_values=cand.ravel(),
        cand_cases=shape.rows[1],
        value_range=model.value_range,
        range_declared=model.value_range is not None,
        base_failed=(),
        cand_failed=(),
        cand_unknown=(),
        base_unknown=(),
        lacking=(),
        extra=(),
        n_expected=shape.n_cases,
        left_out=False,
        too_many_lack=False,
    )


def judge(pairs: Sequence[Pairs], policy: GatePolicy) -> Decision:
    """The gate's own decision, by `measure` and `decide`, on pairs that are there already: one for each metric."""
    metrics = [measure(one, rule, policy.estimand, plan=False) for one, rule in zip(pairs, policy.metrics, strict=True)]
    return judge_measured(metrics, policy)


def judge_measured(metrics: Sequence[MetricComparison], policy: GatePolicy) -> Decision:
    """The gate's own `decide` on metrics that are measured already."""
    base, cand = (
        Side(ref=role, n_cases=metrics[0].n_cases, n_trials=trials)
        for role, trials in zip(("baseline", "candidate"), metrics[0].n_trials, strict=True)
    )
    return decide(Comparison(baseline=base, candidate=cand, estimand=policy.estimand, metrics=tuple(metrics)), policy)
