"""Score tables made by hand: case values of two systems in, a ScoreTable out."""

from __future__ import annotations

import numpy as np

from evalplat.records import Column, ScoreTable


def paired_table(
    base: object,
    cand: object,
    *,
    metric: str = "m",
    clusters: object = None,
    weights: object = None,
    systems: tuple[str, str] = ("base", "cand"),
    errors: dict[tuple[str, int, int], str] | None = None,
    slices: dict[str, list[str]] | None = None,
    outputs: dict[str, list[str]] | None = None,
) -> ScoreTable:
    """`base` and `cand` are (cases,) or (cases, trials). NaN leaves the row out; `errors` by (system, case, trial)."""
    arms = [np.asarray(values, dtype=float) for values in (base, cand)]
    arms = [values[:, None] if values.ndim == 1 else values for values in arms]
    rows: list[tuple[str, int, int, float]] = []
    for system, values in zip(systems, arms, strict=True):
        for case, trial in np.ndindex(values.shape):
            if np.isfinite(values[case, trial]) or (errors or {}).get((system, case, trial)):
                rows.append((system, case, trial, float(values[case, trial])))
    case = [row[1] for row in rows]
    group = None if clusters is None else np.asarray(clusters)
    weight = None if weights is None else np.asarray(weights, dtype=float)
    return ScoreTable(
        system=Column.of([row[0] for row in rows]),
        case=Column.of([f"c{i}" for i in case]),
        metric=Column.of([metric] * len(rows)),
        trial=np.array([row[2] for row in rows], dtype=np.int32),
        score=np.array([row[3] for row in rows]),
        error=Column.of([(errors or {}).get(row[:3]) for row in rows]),
        cluster=None if group is None else Column.of([f"g{group[i]}" for i in case]),
        weight=None if weight is None else weight[case],
        slices={name: Column.of([values[i] for i in case]) for name, values in (slices or {}).items()},
        output_sha256=None if outputs is None else Column.of([outputs[row[0]][row[1]] for row in rows]),
        origin=("by hand",),
    )
