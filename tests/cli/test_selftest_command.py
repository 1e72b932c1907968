"""`evalplat selftest`: the same numbers for everybody, as lines, JSON and a page."""

from __future__ import annotations

import json

import numpy as np
import pytest

SIMULATE = ("selftest", "--scores", "scores.jsonl", "--metric", "success", "--margin", 0.1, "--draws", 200)


@pytest.fixture
def scores(tmp_path):
    rng = np.random.default_rng(3)
    rows = []
    for group in range(12):
        for case in range(10):
            right = rng.random() < 0.75
            for system in ("old", "new"):
                score = int(right ^ (rng.random() < 0.1))
                key = {"system": system, "case_id": f"{group}-{case}", "cluster": f"g{group}"}
                rows.append({**key, "metric": "success", "score": score})
                rows.append({**key, "metric": "latency_s", "score": float(rng.lognormal(0, 0.4))})
    (tmp_path / "scores.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


@pytest.mark.slow
def test_the_numbers_do_not_depend_on_the_number_of_processes(evalplat, scores):
    made = [evalplat(*SIMULATE, "--json", "-", "--workers", workers) for workers in (1, 2)]
    assert [done.returncode for done in made] == [0, 0], made[0].stderr
    assert made[0].stdout == made[1].stdout
    found = json.loads(made[0].stdout)
    assert found["schema"] == "evalplat.selftest/1"
    assert found["history"] == ["old", "new"]
    assert found["shape"]["n_clusters"] == 12
    assert found["shape"]["calls"] == [120, 120]
    assert {one["step"] for one in found["scenarios"]} == {"unchanged", "half", "worse"}
    for one in found["scenarios"]:
        assert one["passes"]["share"] + one["fails"]["share"] + one["inconclusive"]["share"] == pytest.approx(1)
    assert found["looks"][-1] == 120
    assert {one["metric"] for one in found["stopping"]} == {None, "success"}
    other = evalplat(*SIMULATE, "--json", "-", "--workers", 1, "--seed", 5)
    assert json.loads(other.stdout)["scenarios"] != found["scenarios"]


def test_lines_and_page_say_the_same(evalplat, scores):
    (scores / "gate.yaml").write_text(
        "metrics:\n  - {metric: success, margin: 0.15}\n"
        "  - {metric: latency_s, statistic: ratio, margin: 0.2, direction: lower}\n"
    )
    done = evalplat(
        "selftest", "--scores", "scores.jsonl", "--policy", "gate.yaml", "--baseline", "old", "--draws", 100,
        "--workers", 1, "--html", "page.html", "--json", "selftest.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads((scores / "selftest.json").read_text())
    share = found["scenarios"][0]["passes"]["share"]
    page = (scores / "page.html").read_text()
    assert f"Of unchanged agents {100 * share:.1f} % pass" in done.stdout
    assert f"Of unchanged agents {100 * share:.1f} % pass" in page
    assert "latency_s (ratio) worse by half the margin" in done.stdout
    assert "only one system is known" in done.stdout
    assert 'id="explore-data"' in page
    assert "evalplat selftest --scores" in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("selftest",), "--scores"),
        ((*SIMULATE[:3],), "--policy"),
        ((*SIMULATE, "--history", "r1"), "--history"),
        ((*SIMULATE, "--draws", 5), "--draws"),
        ((*SIMULATE, "--draws", 1_000_000_000), "1,000,000"),
        ((*SIMULATE, "--workers", -1), "--workers"),
        ((*SIMULATE, "--baseline", "older"), "older"),
        ((*SIMULATE, "--candidate", "new"), "--baseline"),
        ((*SIMULATE[:4], "absent", "--margin", 0.1), "absent"),
        (("selftest", "--history", "nowhere", "--metric", "m", "--margin", 0.1), "nowhere"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(evalplat, scores, arguments, says):
    done = evalplat(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr
