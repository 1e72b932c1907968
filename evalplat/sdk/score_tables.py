"""Score tables, opened as a policy reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalplat.records import GatePolicy, ScoreTable
from evalplat.suites import read_score_table


def open_scores(policy: GatePolicy, scores: Sequence[Path | str]) -> tuple[ScoreTable, GatePolicy]:
    """Score tables as one, read with the ranges and the cluster column of `policy`, and the policy that fits them."""
    ranges = {rule.metric: rule.range for rule in policy.metrics if rule.range is not None}
    column = policy.cluster if policy.cluster not in (None, "none", "cluster") else None
    table = read_score_table([Path(path) for path in scores], ranges=ranges, cluster=column)
    return table, policy if column is None else policy.model_copy(update={"cluster": "cluster"})
