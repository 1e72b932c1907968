"""Scenarios through run, gate and report: episodes are kept, and an instrument is called one wherever it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from instruments.lending import FILE

from evalplat.sdk.gate import gate
from evalplat.sdk.report import report
from evalplat.sdk.run import run
from evalplat.sdk.workspace import workspace

BESIDE = "evalplat.harness.simulate.instruments:"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "domain.py").write_text((FILE.parent / "domain.py").read_text())
    (tmp_path / "scenarios.yaml").write_text(FILE.read_text())
    (tmp_path / "gate.yaml").write_text(
        "metrics:\n  - {metric: solved, rule: non_inferiority, margin: 0.05, range: binary, direction: higher}\n"
    )
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: lending\ndatasets: [scenarios.yaml]\ntrials: 2\npolicy: gate.yaml\n"
        "scorers: [{metric: solved, kind: end_state}, {metric: steps, kind: steps}]\n"
    )
    return path


def test_instruments_are_named_in_run_gate_and_report(suite: Path) -> None:
    good = run(suite, BESIDE + "reference")
    bad = run(suite, BESIDE + "gives_up")
    assert good.run.info.target.is_instrument
    assert good.run.info.target.name == "reference (scripted instrument)"
    assert [row.mean for row in good.summary.systems if row.metric == "solved"] == [1.0]
    assert [row.mean for row in bad.summary.systems if row.metric == "solved"] == [0.0]
    kept = workspace().store().load_run(good.run_id)
    assert kept.trials == good.run.trials
    assert all(trial.episode is not None for trial in kept.trials)
    done = gate(baseline=good.run_id, candidate=bad.run_id, suite=suite)
    codes = [finding.code for finding in done.decision.findings]
    assert codes.count("scripted_instrument") == 2
    for shown in (done.json(), done.html(), done.markdown(), done.junit()):
        assert "scripted instrument" in shown
    assert "scripted instrument" in report(good.run_id)
