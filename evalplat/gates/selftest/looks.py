"""Looks: the same simulated agents through the gate that stops early, and what it calls until it ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalplat.gates.looks import Schedule, State, Stop, next_step, schedule
from evalplat.gates.pairing import Pairs
from evalplat.gates.simulation import Latent, pairs_of
from evalplat.records import Column, GatePolicy, ScoreTable
from evalplat.records.selftest import Step

from .bench import Bench, Tally, mixed, name_of

BASE, CAND = "baseline", "candidate"
_STREAM = 1_000_000
"""Of random numbers: other ones than those of gates that look once."""


def plan_of_looks(bench: Bench) -> Schedule | None:
    """When the gate looks, on the simulated suite; None where the policy or the suite's size allows but one look, or
    where two rules judge one metric, which one table cannot show worse for one of them alone."""
    names = {rule.metric for rule in bench.policy.metrics}
    if bench.policy.stopping.looks == 1 or len(names) < len(bench.policy.metrics):
        return None
    latents = [Latent.draw(bench.shape, np.random.default_rng(0)) for _ in bench.policy.metrics]
    table = _table(bench, _pairs(bench, latents, {}))
    found = schedule(table, _policy(bench), baseline=BASE, looks=bench.policy.stopping.looks, seed=0)
    return found if len(found.cases) > 1 else None


def looks_chunk(bench: Bench, plan: Schedule, seed: int, number: int, draws: int) -> Tally:
    """Chunk `number`: `draws` gates that stop early of unchanged agents, and of each metric worse by its margin."""
    rng = np.random.default_rng([seed, _STREAM + number])
    tally = Tally(look_draws=draws)
    stand_ins = bench.settings["history"]
    truths: list[tuple[Step, int | None]] = [("unchanged", None)]
    truths += [("worse", i) for i, one in enumerate(stand_ins) if one.steps.drop is not None]
    policy = _policy(bench)
    for _ in range(draws):
        latents = mixed([Latent.draw(bench.shape, rng) for _ in stand_ins], bench.mixing)
        for step, worse in truths:
            pairs = _pairs(bench, latents, {} if worse is None else {worse: step})
            done = next_step(State(_table(bench, pairs), policy, BASE, CAND, plan, len(plan.cases)))
            assert isinstance(done, Stop)  # all looks are there
            name = None if worse is None else name_of(stand_ins[worse].rule)
            calls = plan.cases[len(done.decision.looks) - 1] * bench.shape.trials[1]
            tally.stops[step, name, done.decision.verdict] += 1
            tally.calls[step, name, 1] += calls
            tally.calls[step, name, 2] += calls**2
    return tally


def _policy(bench: Bench) -> GatePolicy:
    """The gating metrics with the columns that the simulated table has."""
    cluster = None if bench.shape.clusters is not None else "none"
    return bench.policy.model_copy(update={"cluster": cluster, "slices": (), "anchor": None})


def _pairs(bench: Bench, latents: Sequence[Latent], steps: dict[int, Step]) -> list[Pairs]:
    """By metric; unchanged but for `steps`."""
    return [
        pairs_of(bench.shape, one.model, latent, one.steps.effects[steps.get(i, "unchanged")])
        for i, (one, latent) in enumerate(zip(bench.settings["history"], latents, strict=True))
    ]


def _table(bench: Bench, metrics: Sequence[Pairs]) -> ScoreTable:
    """The scores as a gate that runs the candidate sees them."""
    shape = bench.shape
    n_base, n_cand = (len(rows) for rows in shape.rows)
    case = np.concatenate(shape.rows)
    trial = np.concatenate([np.tile(np.arange(k), shape.n_cases) for k in shape.trials])
    times = len(metrics)
    cases = np.tile(case, times).astype(np.int32)
    names = tuple(rule.metric for rule in bench.policy.metrics)
    return ScoreTable(
        system=Column(np.tile(np.repeat([0, 1], [n_base, n_cand]), times).astype(np.int32), (BASE, CAND)),
        case=Column(cases, shape.case_ids),
        metric=Column(np.repeat(np.arange(times), n_base + n_cand).astype(np.int32), names),
        trial=np.tile(trial, times).astype(np.int32),
        score=np.concatenate([side for pairs in metrics for side in (pairs.base_values, pairs.cand_values)]),
        error=Column(np.full(len(cases), -1, dtype=np.int32), ()),
        cluster=None
        if shape.clusters is None
        else Column(shape.clusters[cases].astype(np.int32), tuple(f"g{i}" for i in range(shape.n_clusters))),
        weight=None if shape.weights is None else shape.weights[cases],
        origin=("simulated",),
    )
