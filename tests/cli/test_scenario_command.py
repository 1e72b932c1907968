"""`evalplat scenario`, and scenarios where commands take datasets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from instruments.lending import FILE
from typer.testing import CliRunner

from evalplat.cli.main import app
from evalplat.sdk.dataset import diff, show

RUN = CliRunner()


def test_show_lint_and_run(tmp_path: Path) -> None:
    listed = RUN.invoke(app, ["scenario", "show", str(FILE)])
    assert listed.exit_code == 0
    assert "3 scenarios in 2 clusters" in listed.output
    one = RUN.invoke(app, ["scenario", "show", str(FILE), "renew-loan-dune"])
    assert "It is loan L2." in one.output
    assert RUN.invoke(app, ["scenario", "lint", str(FILE)]).exit_code == 0
    bad = FILE.parent / "bad"
    found = RUN.invoke(app, ["scenario", "lint", str(bad), "--json", "-"])
    assert found.exit_code == 1
    assert len({each["kind"] for each in json.loads(found.stdout)["findings"]}) >= 30
    (tmp_path / "broken.yaml").write_text("scenarios: [")
    unreadable = RUN.invoke(app, ["scenario", "lint", str(tmp_path / "broken.yaml"), str(FILE)])
    assert unreadable.exit_code == 2
    assert "broken.yaml" in unreadable.output


def test_a_run_shows_the_transcript_and_names_the_instrument() -> None:
    done = RUN.invoke(app, ["scenario", "run", str(FILE), "waive-fine", "--seed", "3"])
    assert done.exit_code == 0, done.output
    assert "reference (scripted instrument)" in done.output
    assert "[fault: timeout]" in done.output
    assert "pass  end_state" in done.output
    agent = "evalplat.harness.simulate.instruments:leaks"
    spoilt = RUN.invoke(app, ["scenario", "run", str(FILE), "waive-fine", "--agent", agent, "--json", "-"])
    assert spoilt.exit_code == 1
    body = json.loads(spoilt.stdout)
    assert body["target"]["instrument"] is True
    assert [check["metric"] for check in body["checks"] if check["value"] != 1.0] == ["never_said"]


def test_scenarios_are_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "domain.py").write_text((FILE.parent / "domain.py").read_text())
    for name, title in (("before", "Emma"), ("after", "Persuasion")):
        (tmp_path / f"{name}.yaml").write_text(FILE.read_text().replace("title: Emma", f"title: {title}"))
    shown = show("before.yaml")
    assert (shown.facts.n_cases, shown.facts.n_clusters) == (3, 2)
    found = diff("before.yaml", "after.yaml")
    assert [change.id for change in found.changed] == ["renew-loan-emma"]
