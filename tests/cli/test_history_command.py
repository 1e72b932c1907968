"""`evalplat history` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_table_a_page_and_json(evalplat, tmp_path: Path):
    rows = [{"system": "v1", "case_id": f"c{i}", "metric": "m", "score": float(i % 4 != 0)} for i in range(60)]
    (tmp_path / "scores.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert evalplat("import", "scores", "scores.jsonl", "--suite", "others").returncode == 0
    done = evalplat("history", "others", "--html", "h.html", "--json", "h.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("others: 1 of 1 kept runs") and "75.0 %" in done.stdout
    assert "since the anchor: not known" in done.stdout
    assert json.loads((tmp_path / "h.json").read_text())["schema"] == "evalplat.history/1"
    assert "75.0 %" in (tmp_path / "h.html").read_text()
    unknown = evalplat("history", "nobody")
    assert unknown.returncode == 2 and unknown.stderr.count("\n") == 1 and "there are runs of others" in unknown.stderr
