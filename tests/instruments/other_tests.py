"""What other tests say of unchanged agents of the weak kind: paired t, McNemar, and mlflow's own (3.18 or later)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from evalplat.gates import Latent, judge, pairs_of

from .error_study import Cell, planned_margin

Floats = npt.NDArray[np.float64]

CELLS = (
    Cell("100 in fives", 5, "0.65", "weak"),
    Cell("160 in twenties", 1, "0.65", "weak"),
    Cell("300 in twenties", 1, "0.65", "weak"),
    Cell("300 in twenties", 5, "0.95", "weak"),
    Cell("200 in twenties", 5, "normal", "weak"),
    Cell("200, largest 30 %", 1, "lognormal", "weak"),
)


def study(gates: int = 200) -> dict[str, Any]:
    """Shares of `gates` unchanged agents that each test calls changed at two-sided .05; None where none applies."""
    mlflow = mlflow_version()
    return {
        "gates": gates,
        "mlflow": f"mlflow {mlflow}" if mlflow else "mlflow before 3.18 has no significance test",
        "cells": {cell.name: _shares(cell, gates, with_mlflow=mlflow is not None) for cell in CELLS},
    }


def mlflow_version() -> str | None:
    """The installed mlflow where it has `compare_evaluations`, which came with 3.18."""
    try:
        import mlflow
        from mlflow.genai.evaluation import comparison  # noqa: F401
    except ImportError:
        return None
    return str(mlflow.__version__)


def _shares(cell: Cell, gates: int, *, with_mlflow: bool) -> dict[str, float | None]:
    changed: Counter[str] = Counter()
    rng, shape, model = cell.rng(2), cell.shape(), cell.model()
    policy = cell.policy(planned_margin(cell))
    single = cell.trials == 1 and model.value_range == "binary"
    for _ in range(gates):
        pairs = pairs_of(shape, model, Latent.draw(shape, rng), 0.0)
        decision = judge([pairs], policy)
        p = {
            "evalplat": decision.metrics[0].comparison.p_value,
            "paired t": _paired_t(pairs.baseline, pairs.candidate),
            "McNemar": _mcnemar(pairs.baseline, pairs.candidate) if single else None,
            **(_mlflow(pairs.baseline, pairs.candidate) if with_mlflow else dict.fromkeys(MLFLOW)),
        }
        changed["evalplat: fail (one-sided)"] += decision.verdict == "fail"
        for name, value in p.items():
            changed[name] += value is not None and value <= 0.05
    absent = set() if single else {"McNemar"}
    absent |= set() if with_mlflow else set(MLFLOW)
    order = ("evalplat: fail (one-sided)", "evalplat", "paired t", "McNemar", *MLFLOW)
    return {name: None if name in absent else changed[name] / gates for name in order}


def _paired_t(base: Floats, cand: Floats) -> float:
    from scipy.stats import ttest_rel

    return float(ttest_rel(cand, base).pvalue)


def _mcnemar(base: Floats, cand: Floats) -> float:
    from statsmodels.stats.contingency_tables import mcnemar

    gained, lost = int((cand > base).sum()), int((cand < base).sum())
    return float(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue)


MLFLOW = ("mlflow: p_value", "mlflow: interval without 0")


def _mlflow(base: Floats, cand: Floats) -> dict[str, float | None]:
    from mlflow.genai.evaluation.comparison.paired_comparison import _compare_paired_values

    kind = "binary" if np.isin(base, (0, 1)).all() and np.isin(cand, (0, 1)).all() else "numeric"
    found = _compare_paired_values("m", base, cand, value_type=kind)
    beyond = found.ci_low > 0 or found.ci_high < 0
    return {MLFLOW[0]: found.p_value, MLFLOW[1]: 0.0 if beyond else 1.0}
