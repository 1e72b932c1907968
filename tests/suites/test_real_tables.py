"""Outcomes of real systems, made by others: known shapes and means, and a sentinel that is no score."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalplat.errors import ScoreTableError
from evalplat.records import ScoreTable
from evalplat.suites import read_score_table, write_score_table


def mean_of(table: ScoreTable, system: str) -> float:
    return float(table.score[table.system.codes == table.system.code_of(system)].mean())


def deepswe(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "deepswe_harness_ab_outcomes.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_tau_airline(shared_data):
    table = read_score_table([shared_data / "tau_airline_outcomes.jsonl"], ranges={"reward": "binary"})
    assert (len(table), len(table.case.values), len(table.cluster.values)) == (200, 50, 34)
    assert sorted(set(table.trial.tolist())) == [0, 1, 2, 3]
    assert mean_of(table, "tau-airline/TC-gpt-4o") == pytest.approx(0.42)


def test_gsm8k(shared_data):
    table = read_score_table([shared_data / "gsm8k_outcomes.jsonl"], ranges={"is_correct": "binary"})
    assert len(table) == 4 * 1319
    assert mean_of(table, "6b_finetuning") == pytest.approx(0.2168, abs=5e-5)
    assert mean_of(table, "6b_verification") == pytest.approx(0.3904, abs=5e-5)


def test_swebenchpro(shared_data):
    table = read_score_table([shared_data / "swebenchpro_outcomes.jsonl"], ranges={"resolved": "binary"})
    assert (len(table), len(table.systems), len(table.cluster.values)) == (3128, 4, 11)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_deepswe_a_failed_run_is_no_score(shared_data, tmp_path, suffix):
    outcomes = deepswe(shared_data)
    rows = [
        {"system": one["system"], "task_id": one["task_id"], "cluster": one["cluster"], "trial": one["trial"],
         "metric": "solved", "score": one["reward_binary"], "cost_usd": one["cost_usd"]}
        for one in outcomes
    ]  # fmt: skip
    jsonl = tmp_path / "deepswe.jsonl"
    jsonl.write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / f"deepswe{suffix}"
    write_score_table(read_score_table([jsonl]), path)
    number = {".jsonl": 11, ".csv": 12, ".parquet": 11}[suffix]
    with pytest.raises(ScoreTableError) as caught:
        read_score_table([path], ranges={"solved": "binary"})
    assert str(caught.value) == (
        f"{path}: row {number}, column score: -1 is outside the range of metric 'solved', binary (0 or 1)"
    )


def test_deepswe_with_failures_as_errors(shared_data, tmp_path):
    outcomes = deepswe(shared_data)
    path = tmp_path / "deepswe.jsonl"
    rows = []
    for one in outcomes:
        row = {"system": one["system"].split("/")[-1], "task_id": one["task_id"], "metric": "solved"}
        row |= {"slice.difficulty": one["difficulty"], "cost_usd": one["cost_usd"]}
        failed = one["reward_binary"] < 0
        rows.append(row | ({"error": str(one["verifier_exit"])} if failed else {"score": one["reward_binary"]}))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = read_score_table([path], ranges={"solved": "binary"})
    failed = (table.error.codes >= 0) & (table.metric.codes == table.metric.code_of("solved"))
    by_system = {name: int(np.sum(failed & (table.system.codes == i))) for i, name in enumerate(table.systems)}
    assert by_system == {"baseline": 5, "observational-memory": 2}
    cost = table.metric.codes == table.metric.code_of("cost_usd")
    baseline = table.system.codes == table.system.code_of("baseline")
    assert int(cost.sum()) == 226
    assert np.isfinite(table.score[cost]).all()
    assert table.score[cost & ~baseline].sum() / table.score[cost & baseline].sum() == pytest.approx(1.63, abs=0.005)
    assert set(table.slices["slice.difficulty"].values) == {"easy", "medium", "hard"}


def test_agentdojo_from_parquet(shared_data, tmp_path):
    source = pq.read_table(shared_data / "agentdojo_outcomes.parquet").to_pylist()
    rows = [
        {"system": one["attack"], "case_id": f"{one['suite']}/{one['user_task']}/{one['injection_task']}",
         "metric": "attack_success", "score": one["security"], "cluster": f"{one['suite']}/{one['user_task']}"}
        for one in source
        if one["model"] == "gpt-4o-2024-05-13" and one["attack"].startswith("important_instructions")
        and one["injection_task"] is not None and not one["user_task"].startswith("injection_task")
    ]  # fmt: skip
    path = tmp_path / "agentdojo.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    table = read_score_table([path], ranges={"attack_success": "binary"})
    assert len(table.cluster.values) == 97
    assert mean_of(table, "important_instructions") == pytest.approx(0.4769, abs=5e-5)
    difference = mean_of(table, "important_instructions_no_model_name") - mean_of(table, "important_instructions")
    assert difference == pytest.approx(-0.0159, abs=5e-5)


def test_a_hundred_thousand_rows_are_read_at_once(tmp_path):
    n = 100_000
    columns = {
        "system": [f"s{i % 2}" for i in range(n)],
        "case_id": [f"case-{i // 10}" for i in range(n)],
        "metric": ["correct"] * n,
        "trial": [i // 2 % 5 for i in range(n)],
        "score": [float(i % 3 == 0) for i in range(n)],
        "cluster": [f"k{i // 100}" for i in range(n)],
        "cost_usd": [i * 0.1 for i in range(n)],
        "slice.topic": [f"t{i // 10 % 4}" for i in range(n)],
    }
    parquet, jsonl = tmp_path / "t.parquet", tmp_path / "t.jsonl"
    pq.write_table(pa.table(columns), parquet)
    jsonl.write_text(
        "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True))
    )
    # Processor time: the tests share their machine. Idle, 0.1 s and 0.5 s were measured.
    for path, limit in ((parquet, 1.0), (jsonl, 3.0)):
        start = time.process_time()
        table = read_score_table([path], ranges={"correct": "binary"})
        spent = time.process_time() - start
        assert len(table) == 2 * n
        assert spent < limit, f"{Path(path).suffix}: {spent:.2f} s"
