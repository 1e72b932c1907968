"""The page of a large run, by the command, within a gigabyte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GIGABYTE = 1_000_000_000

KEEP = """
from pathlib import Path
from instruments.shop_runs import shop
from evalplat.gates import summarize
from evalplat.reports import decision_json
from evalplat.store import Store

made = shop(int({n_cases}), 5)
store = Store.open()
for run, table in zip((made.baseline, made.candidate), made.tables):
    store.save_run(run, made.suite, table, summarize(table))
Path("decision.json").write_text(decision_json(made.decision()))
"""

REPORT = """
import sys
from pathlib import Path
from evalplat.cli import main
try:
    sys.argv = ["evalplat", "report", sys.argv[1], "-o", "page.html"]
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
# Not ru_maxrss: a process inherits that of the one that started it.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("ref", "n_cases"), [("run-new", 10_000), ("decision.json", 5_000)])
def test_the_report_of_50_000_trials_takes_less_than_a_gigabyte(tmp_path: Path, ref: str, n_cases: int):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}
    env.pop("MLFLOW_TRACKING_URI", None)

    def python(code: str, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *args], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    python(KEEP.format(n_cases=n_cases))
    peak = int(python(REPORT, ref).split()[-1])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "50,000" in page or "25,000" in page
    assert 'class="card broken' not in page
    assert len(page.encode()) <= 6_000_000
    assert peak < GIGABYTE
