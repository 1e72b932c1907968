"""Columns cost_usd and latency_s become metrics, one row a trial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from evalplat.records import ScoreTable
from evalplat.suites import read_score_table


def table_of(folder: Path, *rows: dict[str, Any]) -> ScoreTable:
    path = folder / "t"
    base = {"system": "s", "case_id": "c", "metric": "m", "score": 1}
    path.write_text("".join(json.dumps(base | row) + "\n" for row in rows))
    return read_score_table([path])


def metric_rows(table: ScoreTable, metric: str) -> list[tuple[Any, ...]]:
    return [
        (system, case, int(trial), None if np.isnan(score) else float(score), error)
        for system, case, name, trial, score, error in zip(
            table.system.decode(), table.case.decode(), table.metric.decode(), table.trial, table.score,
            table.error.decode(), strict=True,
        )
        if name == metric
    ]  # fmt: skip


def test_one_row_a_trial_after_the_others_with_all_that_belongs_to_it(tmp_path):
    table = table_of(
        tmp_path,
        {"cost_usd": 0.5, "latency_s": 2, "cluster": "k", "slice.t": "x", "weight": 3, "output_sha256": "aa"},
        {"metric": "n", "cost_usd": 0.5},
        {"trial": 1, "cost_usd": 0.25, "latency_s": 3},
    )
    assert table.metrics == ("m", "n", "cost_usd", "latency_s")
    assert metric_rows(table, "cost_usd") == [("s", "c", 0, 0.5, None), ("s", "c", 1, 0.25, None)]
    assert metric_rows(table, "latency_s") == [("s", "c", 0, 2.0, None), ("s", "c", 1, 3.0, None)]
    assert len(table) == 7
    assert table.cluster.decode() == ["k"] * 7
    assert table.slices["slice.t"].decode() == ["x"] * 7
    assert table.weight.tolist() == [3.0] * 7
    assert [table.output_sha256.decode()[i] for i in (0, 3, 5)] == ["aa"] * 3


def test_a_failed_trial_keeps_what_it_cost_and_a_failed_scorer_is_no_failed_trial(tmp_path):
    table = table_of(
        tmp_path,
        {"score": None, "error": "Timeout: x", "cost_usd": 0.5},
        {"metric": "n", "score": None, "error": "Timeout: x", "cost_usd": 0.5},
        {"case_id": "d", "score": None, "error": "Unreadable: y", "cost_usd": 0.25},
        {"case_id": "d", "metric": "n", "cost_usd": 0.25},
    )
    assert metric_rows(table, "cost_usd") == [("s", "c", 0, 0.5, "Timeout: x"), ("s", "d", 0, 0.25, None)]


def test_a_trial_without_a_value_is_a_failure_and_a_system_without_any_has_no_rows(tmp_path):
    table = table_of(
        tmp_path,
        {"cost_usd": 0.5},
        {"case_id": "d"},
        {"case_id": "e", "score": None, "error": "Timeout: x"},
        {"system": "other"},
    )
    assert metric_rows(table, "cost_usd") == [
        ("s", "c", 0, 0.5, None),
        ("s", "d", 0, None, "NotRecorded: no cost_usd"),
        ("s", "e", 0, None, "Timeout: x"),
    ]


def test_a_metric_of_that_name_stands(tmp_path):
    table = table_of(tmp_path, {"cost_usd": 0.5}, {"metric": "cost_usd", "score": 9, "cost_usd": 0.5})
    assert metric_rows(table, "cost_usd") == [("s", "c", 0, 9.0, None)]
    assert len(table) == 2
