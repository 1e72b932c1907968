"""Score tables that a plan learns from, out of simulated pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalplat.gates.pairing import Pairs
from evalplat.gates.simulation import Latent, Shape, SimulatedModel, pairs_of
from evalplat.records import Column, ScoreTable


def drawn(
    models: Sequence[SimulatedModel], shape: Shape, rng: np.random.Generator, *, shared: bool = False
) -> list[Pairs]:
    """Unchanged agents, one metric for each model; `shared`: all metrics of one trial by the same random numbers."""
    latent = [Latent.draw(shape, rng) for _ in models]
    return [pairs_of(shape, model, latent[0 if shared else i], 0.0) for i, model in enumerate(models)]


def table_of(pairs: dict[str, Pairs], *, systems: tuple[str, ...] = ("old", "new")) -> ScoreTable:
    """The trials of `pairs` by metric; with one system only those of the baseline."""
    system, case, metric, trial, score = [], [], [], [], []
    for code, one in enumerate(pairs.values()):
        sides = ((one.base_values, one.base_cases), (one.cand_values, one.cand_cases))[: len(systems)]
        for side, (values, cases) in enumerate(sides):
            system.append(np.full(len(values), side))
            case.append(cases)
            metric.append(np.full(len(values), code))
            trial.append(np.tile(np.arange(len(values) // one.n_cases), one.n_cases))
            score.append(values)
    first = next(iter(pairs.values()))
    cases = np.concatenate(case).astype(np.int32)
    groups = first.clusters
    return ScoreTable(
        system=Column(np.concatenate(system).astype(np.int32), systems),
        case=Column(cases, first.case_ids),
        metric=Column(np.concatenate(metric).astype(np.int32), tuple(pairs)),
        trial=np.concatenate(trial).astype(np.int32),
        score=np.concatenate(score),
        error=Column(np.full(len(cases), -1, dtype=np.int32), ()),
        cluster=None
        if groups is None
        else Column(groups[cases].astype(np.int32), tuple(f"g{i}" for i in range(groups.max() + 1))),
        origin=("simulated",),
    )
