"""Known numbers of real systems, from ../shared/data."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from evalplat.stats import cluster_mean, mcnemar, ratio_of_totals


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def codes(names):
    return np.unique([str(name) for name in names], return_inverse=True)[1]


def test_tau_airline_halves(shared_data):
    scores, clusters = {}, {}
    for row in rows_of(shared_data / "tau_airline_outcomes.jsonl"):
        scores.setdefault(row["task_id"], {})[row["trial"]] = row["score"]
        clusters[row["task_id"]] = row["cluster"]
    d = np.array([(s[2] + s[3] - s[0] - s[1]) / 2 for s in scores.values()])
    result = cluster_mean(d, codes(clusters[task] for task in scores))
    assert result.n_clusters == 34
    assert result.estimate == pytest.approx(-0.020)
    # The published .0442 is CR1; CR2 allows for clusters of unequal size.
    sums = np.bincount(codes(clusters[task] for task in scores), d - d.mean())
    assert np.sqrt(34 / 33 * np.sum(sums**2)) / 50 == pytest.approx(0.0442, abs=5e-5)
    assert result.se == pytest.approx(0.04442, abs=5e-6)
    assert cluster_mean(d).se == pytest.approx(0.0451, abs=5e-5)


def test_gsm8k_flips(shared_data):
    scores = {}
    for row in rows_of(shared_data / "gsm8k_outcomes.jsonl"):
        scores.setdefault(row["task_id"], {})[row["system"]] = row["score"]
    d = np.array([s["175b_finetuning"] - s["6b_verification"] for s in scores.values()])
    result = mcnemar(int(np.sum(d < 0)), int(np.sum(d > 0)))
    assert (result.b, result.c) == (209, 152)
    assert result.p_midp == pytest.approx(0.0026874, abs=5e-8)
    assert d.mean() == pytest.approx(-0.043215, abs=5e-7)


def test_deepswe_partial_reward_and_bill(shared_data):
    sides = {}
    for row in rows_of(shared_data / "deepswe_harness_ab_outcomes.jsonl"):
        sides.setdefault(row["system"], {})[row["task_id"]] = row
    base, cand = (sides[f"pi+deepseek-v4-flash/{arm}"] for arm in ("baseline", "observational-memory"))
    tasks = sorted(base)
    d = np.array([cand[t]["reward_partial"] - base[t]["reward_partial"] for t in tasks])
    result = cluster_mean(d)
    assert (result.estimate, result.se) == pytest.approx((0.0822, 0.0322), abs=5e-5)
    priced = [t for t in tasks if base[t]["cost_usd"] is not None and cand[t]["cost_usd"] is not None]
    cost = ratio_of_totals([cand[t]["cost_usd"] for t in priced], [base[t]["cost_usd"] for t in priced], seed=0)
    assert cost.estimate == pytest.approx(1.63, abs=0.005)
    assert cost.interval(0.9)[0] > 1.2


def test_agentdojo_attacks_over_user_tasks(shared_data):
    rows = pq.read_table(shared_data / "agentdojo_outcomes.parquet").to_pylist()
    sides = {}
    for row in rows:
        if row["model"].startswith("gpt-4o-2024") and row["attack"].startswith("important_instructions"):
            key = (row["suite"], row["user_task"], row["injection_task"])
            sides.setdefault(row["attack"], {})[key] = float(row["security"])
    base, cand = sides["important_instructions"], sides["important_instructions_no_model_name"]
    pairs = sorted(base.keys() & cand.keys())
    d = np.array([cand[k] - base[k] for k in pairs])
    result = cluster_mean(d, codes(f"{suite} {task}" for suite, task, _ in pairs))
    assert (result.n, result.n_clusters) == (629, 97)
    assert (result.estimate, result.se) == pytest.approx((-0.0159, 0.0130), abs=5e-5)
    assert cluster_mean(d).se == pytest.approx(0.0127, abs=5e-5)
