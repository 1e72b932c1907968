"""The whole gate command on 2 systems x 10,000 cases x 5 trials from Parquet, beside an import that any tool pays.

    python tests/bench/gate.py

Prints seconds and the ratio of medians, both measured in turn in one run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CASES, TRIALS, ROUNDS = 10_000, 5, 5


def scores(path: Path) -> None:
    """Binary success and a cost, clusters of five, seven slices."""
    rng = np.random.default_rng(0)
    skill = rng.beta(2, 1, CASES)
    case, trial = (axis.ravel() for axis in np.meshgrid(np.arange(CASES), np.arange(TRIALS), indexing="ij"))
    columns = {
        "system": ["base"] * len(case) + ["cand"] * len(case),
        "case_id": [f"case-{i}" for i in case] * 2,
        "cluster": [f"source-{i // 5}" for i in case] * 2,
        "trial": np.tile(trial, 2),
        "metric": ["success"] * 2 * len(case),
        "score": (rng.random(2 * len(case)) < np.tile(skill[case], 2)).astype(float),
        "cost_usd": rng.lognormal(-4, 0.5, 2 * len(case)),
        "slice.topic": [f"topic-{i % 7}" for i in case] * 2,
    }
    pq.write_table(pa.table(columns), path)


def main() -> None:
    """Time both commands in turn and print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        table, policy = Path(folder) / "scores.parquet", Path(folder) / "gate.yaml"
        scores(table)
        policy.write_text(
            "metrics:\n  - {metric: success, margin: 0.02, range: binary}\n"
            "  - {metric: cost_usd, statistic: ratio, margin: 0.1, direction: lower}\nslices: [slice.topic]\n"
        )
        gate = [str(Path(sys.executable).parent / "evalplat"), "gate", "--scores", str(table), "--policy", str(policy)]
        gate += [
            "--baseline",
            "base",
            "--candidate",
            "cand",
            "--json",
            f"{folder}/d.json",
            "--html",
            f"{folder}/d.html",
        ]
        imports = [sys.executable, "-c", "import pandas, scipy.stats, mlflow"]
        taken: dict[str, list[float]] = {"gate": [], "imports": []}
        for _ in range(ROUNDS + 1):
            for name, command in (("imports", imports), ("gate", gate)):
                begun = time.perf_counter()
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
                taken[name].append(time.perf_counter() - begun)
                if done.returncode not in (0, 1, 3):
                    sys.exit(done.stderr)
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    for name, value in medians.items():
        print(f"{name:<8} {value:6.2f} s (median of {ROUNDS})")
    print(f"ratio    {medians['gate'] / medians['imports']:6.2f}")


if __name__ == "__main__":
    main()
