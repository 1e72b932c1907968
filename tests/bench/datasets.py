"""A dataset of 100,000 cases: read, check, hash, compare, keep, split and search for near-duplicates.

    python tests/bench/datasets.py [CASES]

Beside them, in the same run, `wc -l` and `json.loads` of each line. Every task is a process of its own, in turn: prints
medians of seconds without start-up, peak memory above the start, and the ratio to `json.loads`.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

CASES, ROUNDS = 100_000, 3


def lay(path: Path, n: int, *, changed: int = 0) -> None:
    """Cases of 20 to 40 words with an expectation, in clusters of five; every `changed`-th differs."""
    rng = random.Random(0)
    words = [f"word{at}" for at in range(4000)]
    with path.open("w", encoding="utf-8") as file:
        for at in range(n):
            case = {
                "id": f"case-{at:06d}",
                "input": " ".join(rng.choices(words, k=rng.randint(20, 40))),
                "expect": {"answers": [f"answer {at}", f"{at}"], "number": at if not changed or at % changed else -1.5},
                "cluster": f"source-{at // 5}",
                "slices": {"topic": f"topic-{at % 40}", "language": "en"},
                "tags": ["plain"],
            }
            file.write(json.dumps(case) + "\n")


def json_loads(folder: Path) -> str:
    """The measure: one call a line, nothing kept."""
    count = 0
    with (folder / "a.jsonl").open("rb") as file:
        for line in file:
            json.loads(line)
            count += 1
    return f"{count:,} lines"


def facts(folder: Path) -> str:
    """Read, check and hash."""
    from evalplat.suites import CaseFile, dataset_facts

    found = dataset_facts(CaseFile(folder / "a.jsonl"))
    return f"{found.n_cases:,} cases, {found.digest[:12]}"


def read(folder: Path) -> str:
    """Read and check alone."""
    from evalplat.suites import CaseFile

    return f"{sum(1 for _ in CaseFile(folder / 'a.jsonl').read()):,} cases"


def load(folder: Path) -> str:
    """All cases as records at once, as a suite holds them."""
    from evalplat.suites import load_dataset

    return f"{len(load_dataset(folder / 'a.jsonl').cases):,} cases"


def diff(folder: Path) -> str:
    """Two files: each is checked and hashed."""
    from evalplat.suites import CaseFile, dataset_diff

    found = dataset_diff(CaseFile(folder / "a.jsonl"), CaseFile(folder / "b.jsonl"))
    return f"{len(found.relabelled):,} relabelled"


def keep(folder: Path) -> str:
    """A version: checked, hashed, packed, on disk."""
    from evalplat.suites import CaseFile, DatasetVersions

    with TemporaryDirectory() as kept:
        versions = DatasetVersions(Path(kept))
        return versions.keep("a", CaseFile(folder / "a.jsonl"), at=datetime.now(UTC)).digest[:12]


def split(folder: Path) -> str:
    """Parts, stratified."""
    from evalplat.suites import CaseFile, assign

    cases = CaseFile(folder / "a.jsonl")
    return f"{len(assign(cases, {'train': 0.8, 'test': 0.2}, seed=1, stratify='topic')):,} groups"


def near_duplicates(folder: Path) -> str:
    """All findings of a check, each case read once."""
    from evalplat.suites import CaseFile, check_alone, reading

    return f"{len(check_alone(reading(CaseFile(folder / 'a.jsonl')))):,} findings"


TASKS: tuple[Callable[[Path], str], ...] = (json_loads, read, facts, load, diff, keep, split, near_duplicates)


def one(name: str, folder: Path) -> None:
    """Run a task in this process and print seconds, MB and what it says."""
    import evalplat.suites  # noqa: F401 - importing is no part of the work

    task = next(task for task in TASKS if task.__name__ == name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    said = task(folder)
    taken = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([taken, (peak - before) / 1024, peak / 1024, said]))


def main(n: int) -> None:
    """All tasks, in turn, first round unheeded."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        lay(folder / "a.jsonl", n)
        lay(folder / "b.jsonl", n, changed=100)
        size = (folder / "a.jsonl").stat().st_size / 2**20
        print(f"{n:,} cases, {size:.0f} MB; seconds, MB above the start, MB in all, times json.loads")
        taken: dict[str, list[tuple[float, float, float, str]]] = {}
        counted: list[float] = []
        for _ in range(ROUNDS + 1):
            begun = time.perf_counter()
            subprocess.run(["wc", "-l", str(folder / "a.jsonl")], check=True, capture_output=True)
            counted.append(time.perf_counter() - begun)
            for task in TASKS:
                command = [sys.executable, __file__, "--one", task.__name__, str(folder)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                taken.setdefault(task.__name__, []).append(tuple(json.loads(done.stdout)))
        unit = statistics.median(row[0] for row in taken["json_loads"][1:])
        print(f"  {'wc -l':<16} {statistics.median(counted[1:]):8.3f} s")
        for name, rows in taken.items():
            seconds, above, peak = (statistics.median(row[at] for row in rows[1:]) for at in range(3))
            print(f"  {name:<16} {seconds:8.3f} s {above:6.0f} MB {peak:6.0f} MB {seconds / unit:7.1f} x  {rows[0][3]}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
