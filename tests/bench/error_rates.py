"""The error study: 10,000 gates a cell, resumable, and the tables of evalplat/stats/README.md from its results.

python tests/bench/error_rates.py            runs what is lacking, then writes the tables
python tests/bench/error_rates.py --fresh    forgets what is there
python tests/bench/error_rates.py --render   only writes the tables
python tests/bench/error_rates.py --others   what other tests say of unchanged agents (mlflow 3.18 if there)
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from instruments.error_study import Cell, cells, gates, planned_margin  # noqa: E402
from instruments.error_tables import RESULTS, load, write_section  # noqa: E402

CHUNK = 1000


def main() -> None:
    """Run, keep, render."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gates", type=int, default=10_000, help="gates a cell and truth")
    options.add_argument("--only", default="", help="cells whose name contains this")
    for flag in ("--fresh", "--render", "--others"):
        options.add_argument(flag, action="store_true")
    asked = options.parse_args()
    if asked.others:
        keep(load() | {"others": others()})
    elif not asked.render:
        run(asked.gates, asked.only, fresh=asked.fresh)
    write_section()


def run(count: int, only: str, *, fresh: bool) -> None:
    """Each cell up to `count` gates; what is there stays, and is kept after each cell."""
    begun = time.perf_counter()
    for cell in cells():
        if only not in cell.name:
            continue
        found = load()
        if fresh or cell.name not in found["cells"]:
            found["cells"][cell.name] = empty(cell)
        entry = found["cells"][cell.name]
        started = time.perf_counter()
        for chunk in range(entry["gates"] // CHUNK, -(-count // CHUNK)):
            for truth, verdicts in gates(cell, chunk, CHUNK).items():
                for verdict, times in verdicts.items():
                    entry[truth][verdict] += times
            entry["gates"] += CHUNK
        entry["seconds"] = round(entry["seconds"] + time.perf_counter() - started, 1)
        keep(found)
        print(f"{time.perf_counter() - begun:7.0f} s  {cell.name:<42} {json.dumps(entry)}", flush=True)


def empty(cell: Cell) -> dict[str, object]:
    """A cell without a gate."""
    none = {"pass": 0, "fail": 0, "inconclusive": 0}
    return {"margin": planned_margin(cell), "gates": 0, "seconds": 0.0, "unchanged": dict(none), "worse": dict(none)}


def keep(found: dict[str, object]) -> None:
    """Whole or not at all: the run may be stopped at any time."""
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    beside.replace(RESULTS)


def others() -> dict[str, object]:
    """Shares of unchanged agents of the weak kind that other tests call changed."""
    from instruments.other_tests import study

    return study()


if __name__ == "__main__":
    main()
