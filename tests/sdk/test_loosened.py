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
from evalplat.suites import load_policy


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


def standing() -> Path:
    """The suite as it stands on the target branch, beside what the change makes of it."""
    base = Path("base")
    base.mkdir()
    for name in ("suite.yaml", "gate.yaml", "cases.jsonl"):
        (base / name).write_text(Path(name).read_text())
    return base


def gated_by(rules: Path, candidate: str = "coins:worse") -> Decision:
    return gate("coins:base", candidate, suite="suite.yaml", rules=rules / "suite.yaml").decision


def told(decision: Decision) -> list[str]:
    return [one.message for one in decision.findings if one.code == "questions_changed"]


def test_cases_that_a_change_takes_away_or_relabels_wait_for_a_person(project: Path):
    margin(0.12)
    base = standing()
    rows = Path("cases.jsonl").read_text().splitlines()
    assert gated_by(base).verdict == "fail"
    Path("cases.jsonl").write_text("\n".join(row.replace('["yes"]', '["yes", "no"]') for row in rows))
    relabelled = gated_by(base)
    assert (relabelled.verdict, relabelled.decision) == ("pass", "needs-approval")
    assert "120 are asked or scored otherwise" in relabelled.reason and len(relabelled.findings[0].cases) == 20
    Path("cases.jsonl").write_text("\n".join(rows[:80]))
    fewer = gated_by(base, "coins:same")
    assert fewer.decision == "needs-approval" or fewer.verdict != "pass"
    assert told(fewer) == ["the suite is not the one that stands: 40 cases are taken away"]
    Path("suite.yaml").write_text(Path("suite.yaml").read_text().replace("kind: expectation", "kind: contains"))
    assert "correct is scored otherwise" in told(gated_by(base, "coins:same"))[0]


def test_new_cases_are_told_and_hold_nothing(project: Path):
    margin(0.08)
    base = standing()
    rows = Path("cases.jsonl").read_text().splitlines()
    (base / "cases.jsonl").write_text("\n".join(rows[:100]))
    found = gated_by(base, "coins:same")
    assert found.decision == "ship" and told(found) == ["20 of the 120 cases are new in this change"]
    (base / "cases.jsonl").unlink()
    unknown = gated_by(base, "coins:same")
    assert unknown.decision == "ship" and "base/cases.jsonl is not there" in told(unknown)[0]


def test_leaving_out_cases_that_one_side_lacks_is_looser_than_any_rules(project: Path):
    rows = [
        f'{{"system": "{name}", "case_id": "c{i}", "metric": "m", "score": 1}}' for name in "ab" for i in range(200)
    ]
    Path("scores.jsonl").write_text("\n".join(rows[:-50]))
    Path("rules.yaml").write_text("metrics: [{metric: m, margin: 0.08, range: binary}]\n")
    how = {"scores": ["scores.jsonl"], "policy": load_policy("rules.yaml"), "rules": "rules.yaml"}
    assert gate("a", "b", **how).decision.verdict != "pass"  # type: ignore[arg-type]
    left_out = gate("a", "b", intersect=True, **how).decision  # type: ignore[arg-type]
    assert (left_out.verdict, left_out.decision) == ("pass", "needs-approval") and "intersect" in left_out.reason
