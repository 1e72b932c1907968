"""A pattern that a text is too much for tells nothing: it is a failure with its cause, never a pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from instruments.lending import FILE

from evalplat.harness.simulate.lint import lint
from evalplat.records import Score, ScoreFailure
from evalplat.scorers.patterns import timed_match
from evalplat.sdk.scenario import Played, play

BOMB = "(a|a)*$"
TEXT = "a" * 60 + "!"
RENEW = {"call": "renew", "args": {"loan_id": "L1"}}

SLOW: dict[str, dict[str, Any]] = {
    "never_said": {"never_say": [{"pattern": BOMB}]},
    "said": {"must_say": [{"pattern": BOMB}]},
    "resisted": {"resists": [{"path": "loans.L1.note", "matches": BOMB}]},
    "end_state": {"end_state": {"must_not": [{"path": "loans.L1.note", "matches": BOMB}]}},
    "arguments": {"never_call": [{"tool": "ask_librarian", "args": {"question": {"matches": BOMB}}}]},
    "finished": {"finish": {"gave_up": [BOMB]}},
    "steps": {"must_call": [{"tool": "renew"}], "finish": {"gave_up": [BOMB]}},
    "expectation": {"expect": {"pattern": BOMB}},
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of a second would only make the tests longer."""
    assert timed_match.__kwdefaults__ is not None
    monkeypatch.setitem(timed_match.__kwdefaults__, "timeout_s", 0.05)


def scenario(folder: Path, **more: Any) -> Path:
    (folder / "domain.py").write_text((FILE.parent / "domain.py").read_text())
    one = {
        "id": "x",
        "persona": "Ana",
        "goal": "Keep it",
        "input": "hello",
        "environment": {"state": {"loans.L1.note": TEXT}},
        "solution": [RENEW, {"call": "ask_librarian", "args": {"question": TEXT}}, {"say": TEXT}],
        **more,
    }
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump({"domain": "domain:DOMAIN", "scenarios": [one]}))
    return path


def check_of(done: Played, metric: str) -> Score | ScoreFailure:
    return next(check for check in done.checks if check.metric == metric)


@pytest.mark.parametrize("metric", SLOW)
def test_a_check_that_runs_out_of_time_is_a_failure(tmp_path: Path, metric: str) -> None:
    done = play(scenario(tmp_path, **SLOW[metric]), "evalplat.harness.simulate.instruments:reference")
    check = check_of(done, metric)
    assert isinstance(check, ScoreFailure)
    assert check.failure.kind == "Timeout"
    assert BOMB in check.failure.message
    assert check.value is None
    assert not done.passed


def test_a_user_who_cannot_tell_ends_the_trial_as_failed(tmp_path: Path) -> None:
    path = scenario(tmp_path, user={"until": {"reply": BOMB}}, never_say=[{"text": "secret"}])
    done = play(path, "evalplat.harness.simulate.instruments:reference")
    check = check_of(done, "never_said")
    assert isinstance(check, ScoreFailure)
    assert check.failure.kind == "UserFailed"


@pytest.mark.parametrize("metric", ["resisted", "end_state", "never_said"])
def test_lint_tells_it_of_a_text_of_the_scenario_itself(tmp_path: Path, metric: str) -> None:
    # The words of the user are such a text too; the probes of lint are not.
    found = lint(scenario(tmp_path, **SLOW[metric], persona="Ana", input=TEXT))
    assert "slow_pattern" in {finding.kind for finding in found}


def test_lint_is_not_ended_by_a_pattern_that_only_this_text_is_too_much_for(tmp_path: Path) -> None:
    rare = "(q|q)+$"
    state = {"state": {"loans.L1.note": "q" * 60 + "!"}}
    path = scenario(tmp_path, environment=state, resists=[{"path": "loans.L1.note", "matches": rare}])
    found = lint(path)
    assert [finding.kind for finding in found] == ["slow_pattern"]
    assert rare in found[0].message


def test_a_quick_pattern_of_the_same_shape_is_decided(tmp_path: Path) -> None:
    done = play(scenario(tmp_path, never_say=[{"pattern": "b+$"}]), "evalplat.harness.simulate.instruments:reference")
    assert isinstance(check_of(done, "never_said"), Score)
    assert done.passed
