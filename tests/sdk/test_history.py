"""A suite over time: what is in the store, in its order, and what the changes add up to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.sdk.gate import gate
from evalplat.sdk.history import history
from evalplat.sdk.import_scores import import_scores
from evalplat.sdk.policy import policy_of
from evalplat.sdk.run import run
from evalplat.sdk.summarize import summarize

AGENTS = """
def right(question):
    a, b = question.split("+")
    return str(int(a) + int(b))

def slips(question):
    return "no idea" if question == "1+1" else right(question)

def half(question):
    return right(question) if int(question[0]) % 2 else "no idea"
"""


def lay(folder: Path, columns: int) -> None:
    cases = [
        {"id": f"{a}+{b}", "input": f"{a}+{b}", "expect": {"number": a + b}}
        for a in range(1, 10)
        for b in range(columns)
    ]
    (folder / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    (folder / "suite.yaml").write_text(
        "name: sums\ndatasets: [cases.jsonl]\nscorers:\n  - {metric: correct, kind: expectation}\n"
        "  - {metric: latency_s, kind: latency}\npolicy: gate.yaml\n"
    )
    (folder / "gate.yaml").write_text("metrics:\n  - {metric: correct, margin: 0.1, range: binary}\n")
    (folder / "sums.py").write_text(AGENTS)


def test_runs_gates_and_the_drift_since_the_anchor(workplace: Path):
    lay(workplace, 8)
    first = run("suite.yaml", "sums:right", alias="production")
    second = run("suite.yaml", "sums:slips")
    assert gate("production", second.run_id).decision.verdict == "pass"
    third = run("suite.yaml", "sums:half")
    assert gate(second.run_id, third.run_id).decision.verdict == "fail"
    lay(workplace, 10)
    fourth = run("suite.yaml", "sums:right")

    over = history("suite.yaml")
    found = over.history
    assert [one.run_id for one in found.runs] == [first.run_id, second.run_id, third.run_id, fourth.run_id]
    assert [one.verdict for one in found.runs] == [None, "pass", "fail", None]
    assert [one.suite_changed for one in found.runs] == [False, False, False, True]
    assert found.runs[0].aliases == ("anchor", "production") and found.anchor == first.run_id
    assert found.metrics[0].metric == "correct" and found.metrics[0].gating and found.metrics[0].share
    drifts = [one.drift for one in found.runs]
    assert drifts[0] == ()
    assert [round(one[0].comparison.difference or 0, 6) for one in drifts[1:]] == [
        round(-1 / 72, 6),
        round(-32 / 72, 6),
        0,
    ]
    assert [(one[0].real, one[0].worse) for one in drifts[1:]] == [(False, True), (True, True), (False, False)]
    for one in found.runs:
        row = next(row for row in summarize(run=one.run_id).systems if row.metric == "correct")
        past = one.metric("correct")
        assert past is not None
        assert (past.mean, past.ci_low, past.ci_high) == (row.mean, row.ci_low, row.ci_high)
    assert found.runs[2].gates[0].baseline_run == second.run_id

    document = json.loads(over.json())
    assert document["schema"] == "evalplat.history/1"
    assert [one["run_id"] for one in document["runs"]] == [one.run_id for one in found.runs]
    page = over.html()
    assert 'class="card broken' not in page and len(re.findall(r'<a href="#run-', page)) == 8
    assert "Worse than the anchor beyond chance: 1 of the runs since." in page

    newest = history("sums", limit=2, metrics=["latency_s"]).history
    assert [one.run_id for one in newest.runs] == [third.run_id, fourth.run_id] and newest.n_runs == 4
    assert [one.metric for one in newest.metrics] == ["latency_s"]
    with pytest.raises(InputError, match="no kept run has 'x'; there are: correct, latency_s"):
        history("sums", metrics=["x"])
    with pytest.raises(ReferenceUnknown, match="there are runs of sums"):
        history("other")
    with pytest.raises(InputError, match="--limit"):
        history("sums", limit=0)


def test_imported_scores_have_a_history_too_and_say_why_there_is_no_drift(workplace: Path):
    rng = np.random.default_rng(1)
    rows = [
        {"system": name, "case_id": f"c{i}", "metric": "m", "score": float(rng.random() < 0.8)}
        for name in ("v1", "v2")
        for i in range(60)
    ]
    (workplace / "scores.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    made = import_scores(["scores.jsonl"], suite="others")
    found = history("others").history
    assert {one.run_id for one in found.runs} == set(made.values())
    assert found.no_drift == "no policy says which metrics gate"
    assert all(one.n_trials is None and one.whole for one in found.runs)
    gate(*[one.run_id for one in found.runs], policy=policy_of(metric="m", margin=0.3))
    over = history("others")
    assert [len(one.gates) for one in over.history.runs] == [0, 1]
    assert "no policy says which metrics gate" in over.html()
