"""A change that brings looser rules along waits for a person, however it comes about."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from instruments.coins import make_coins

from evalplat.errors import SpecError
from evalplat.records import Decision
from evalplat.sdk.baseline_kept import refresh_baseline
from evalplat.sdk.gate import gate


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    make_coins(tmp_path, cases=120)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    sys.modules.pop("coins", None)
    return tmp_path


def decide(candidate: str, baseline: str) -> Decision:
    return gate(baseline, candidate, suite="suite.yaml").decision


def margin(value: float) -> None:
    Path("gate.yaml").write_text(f"metrics: [{{metric: correct, margin: {value}, range: binary}}]\n")


def test_a_margin_wider_than_that_of_the_baseline_waits_for_a_person_each_time(project: Path):
    margin(0.08)
    refresh_baseline("suite.yaml", "coins:base")
    margin(0.99)
    first = decide("coins:worse", "production")
    assert (first.verdict, first.decision) == ("pass", "needs-approval")
    assert "correct: margin 0.08 -> 0.99" in first.reason and first.findings[0].code == "policy_loosened"
    again = decide("coins:worse", "production")
    assert (again.attempt, again.decision) == (2, "needs-approval")
    # Another agent is another test, under the same looser rules.
    assert decide("coins:same", "production").decision == "needs-approval"
    margin(0.08)
    assert decide("coins:worse", "production").verdict == "fail"


@pytest.mark.slow
def test_what_shipped_before_sets_the_rules_until_the_baseline_is_kept_under_new_ones(project: Path):
    more = "".join(f"\n\ndef {name}(question):\n    return same(question)\n" for name in ("alike", "likewise"))
    (project / "coins.py").write_text((project / "coins.py").read_text() + more)
    margin(0.08)
    shipped = decide("coins:same", "coins:base")
    assert shipped.decision == "ship" and not any(one.code == "policy_loosened" for one in shipped.findings)
    margin(0.2)
    wider = decide("coins:alike", "coins:base")
    assert wider.decision == "needs-approval" and "that of the last change that shipped" in wider.reason
    refresh_baseline("suite.yaml", "coins:base")
    meant = decide("coins:likewise", "production")
    assert meant.decision == "ship" and not any(one.code == "policy_loosened" for one in meant.findings)


def test_rules_that_are_told_are_the_ones_that_stand(project: Path):
    margin(0.08)
    Path("standing.yaml").write_text(Path("gate.yaml").read_text())
    base = project / "base"
    base.mkdir()
    (base / "suite.yaml").write_text(Path("suite.yaml").read_text())  # its datasets need not be there
    (base / "gate.yaml").write_text(Path("gate.yaml").read_text())
    margin(0.99)
    for rules in ("standing.yaml", "base/suite.yaml"):
        found = gate("coins:base", "coins:worse", suite="suite.yaml", rules=rules).decision
        assert (found.verdict, found.decision) == ("pass", "needs-approval")
        assert "looser than the one that stands (correct: margin 0.08 -> 0.99)" in found.reason
    margin(0.05)
    assert gate("coins:base", "coins:same", suite="suite.yaml", rules="standing.yaml").decision.decision == "ship"
    (base / "suite.yaml").write_text(Path("suite.yaml").read_text().replace("policy: gate.yaml\n", ""))
    assert gate("coins:base", "coins:same", suite="suite.yaml", rules="base/suite.yaml").decision.decision == "ship"
    with pytest.raises(SpecError, match=r"absent\.yaml"):
        gate("coins:base", "coins:same", suite="suite.yaml", rules="absent.yaml")
