"""What `import evalplat as ep` costs, and the first use of a verb, beside an import that any tool pays.

    python tests/bench/imports.py

Prints seconds and ratios of medians, all measured in turn in one run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 7
CODE = {
    "nothing": "pass",
    "import numpy": "import numpy",
    "import pandas, mlflow": "import pandas, mlflow",
    "import evalplat": "import evalplat",
    "import evalplat; ep.gate, ep.run": "import evalplat as ep; ep.gate; ep.run",
}


def main() -> None:
    """Time each in a fresh interpreter, in turn, and print the ratios; the start of Python itself is taken off."""
    taken: dict[str, list[float]] = {name: [] for name in CODE}
    for _ in range(ROUNDS + 1):
        for name, code in CODE.items():
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    start = medians.pop("nothing")
    for name, value in medians.items():
        own = max(value - start, 0.0)
        print(f"{name:<34} {1000 * own:8.1f} ms   {own / (medians['import numpy'] - start):6.3f} of numpy's")


if __name__ == "__main__":
    main()
