"""Ways in which a gate that runs the candidate itself was once wrong, each in a real store."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from instruments.coins import AGENTS, POLICY, calls_of, codes, decide, make_coins, policy_in

from evalplat.errors import GateUndecidable, LedgerError, ReferenceUnknown, RunFailed
from evalplat.gates.drift import drift
from evalplat.harness import ProgressState
from evalplat.records import GatePolicy, ScoreTable
from evalplat.sdk.gate import gate
from evalplat.sdk.run import run
from evalplat.sdk.several import gate_several
from evalplat.sdk.workspace import workspace
from evalplat.suites import read_score_table

MORE = """

def _now():
    return 0.8 if not Path("drifted").exists() else 0.05


def v0(question):
    return "yes" if chance(question, "base") < _now() else "no"


def v1(question):
    return "yes" if chance(question, "base") < _now() else "no"


def v2(question):
    return "yes" if chance(question, "base") < _now() else "no"


def shaky(question):
    _log("shaky")
    if Path("down").exists():
        raise RuntimeError("the endpoint is down")
    return "yes" if _like(question, "same") < 0.8 else "no"
"""


@pytest.fixture
def project(workplace: Path) -> Path:
    make_coins(workplace, cases=120, per_cluster=1, policy=POLICY.replace("0.08", "0.2"))
    (workplace / "coins.py").write_text(AGENTS + MORE)
    return workplace


def has_anchor() -> bool:
    try:
        return bool(workspace().store().resolve("anchor", suite="coins"))
    except ReferenceUnknown:
        return False


class Watch:
    """Calls back at each state of a run."""

    def __init__(self, seen: Callable[[ProgressState], None]) -> None:
        self._seen = seen

    def update(self, state: ProgressState) -> None:
        self._seen(state)


@pytest.mark.slow
def test_several_candidates_are_held_to_the_anchor_and_to_what_was_decided_before(project: Path):
    (project / "gate.yaml").write_text(POLICY.replace("0.08", "0.10"))
    ids = [run("suite.yaml", f"coins:{name}").run_id for name in ("step0", "step1", "step3", "step4", "worse")]
    assert gate(ids[0], ids[4]).decision.verdict == "fail" and not has_anchor()
    assert gate(ids[0], ids[1]).decision.verdict == "pass" and has_anchor()
    chained, _ = gate_several(ids[2], [ids[3], ids[4]]).decisions
    assert chained.metrics[0].verdict == "pass" and chained.verdict != "pass"
    assert chained.anchor is not None and chained.anchor.verdict != "pass" and "anchor" in chained.reason
    # Each is kept, as an attempt at its change.
    other = run("suite.yaml", "coins:step4").run_id
    again, _ = gate_several(ids[2], [other, ids[4]]).decisions
    assert again.attempt == 2 and "repeated_attempt" in codes(again) and again.verdict == chained.verdict
    with pytest.raises(ReferenceUnknown, match="run them first with `evalplat run`"):
        gate_several(ids[2], ["coins:step4", ids[4]])


def table(folder: Path, rows: list[dict]) -> ScoreTable:  # type: ignore[type-arg]
    (folder / "t.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return read_score_table([folder / "t.jsonl"])


def side(system: str, cases: int, *, failed: int, metric: str = "m", score: float = 1.0) -> list[dict]:  # type: ignore[type-arg]
    """Scores of which every tenth case, up to `failed` of ten, is a failed trial."""
    return [
        {"system": system, "case_id": f"c{i}", "metric": metric}
        | ({"error": "Timeout: x"} if i % 10 < failed else {"score": score + (i % 7) / 100})
        for i in range(cases)
    ]


def test_a_baseline_that_always_failed_now_and_then_has_not_drifted(tmp_path: Path):
    policy = GatePolicy.model_validate({"metrics": [{"metric": "m", "margin": 0.05, "worst": 0.0}]})
    kept = side("kept", 200, failed=4)
    found = {n: drift(table(tmp_path, kept + side("again", 20, failed=n)), policy, kept="kept", again="again")
             for n in (4, 10)}  # fmt: skip
    assert found[4] is None
    assert found[10] is not None and "20 of 20 now" in found[10].message
    shifted = side("again", 20, failed=4, score=3.0)
    mean = drift(table(tmp_path, kept + shifted), policy, kept="kept", again="again")
    assert mean is not None and "the baseline was 1.0" in mean.message


def test_a_metric_that_few_cases_have_is_rechecked_on_those(project: Path):
    (project / "gate.yaml").write_text(
        POLICY.replace("slices: [slice.topic]", "")
        + "  - {metric: rare, rule: non_inferiority, margin: 0.9, range: binary}\n"
    )
    suite = (project / "suite.yaml").read_text()
    scorers = "{metric: correct, kind: contains}\n  - {metric: rare, kind: regex}"
    (project / "suite.yaml").write_text(suite.replace("{metric: correct, kind: expectation}", scorers))
    rows = [json.loads(line) for line in (project / "cases.jsonl").read_text().splitlines()]
    for row in rows[:6]:
        row["expect"]["pattern"] = "yes"
    (project / "cases.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    run("suite.yaml", "coins:base")
    assert decide("coins:worse").metrics[1].comparison.metric == "rare"
    with workspace().ledger() as ledger:
        part = next(ledger.suite(info.id) for info in ledger.runs() if info.n_cases < 120)
    assert {f"q{i}" for i in range(6)} <= {case.id for case in part.cases}


@pytest.mark.slow
def test_what_was_drawn_before_a_drift_is_not_mixed_with_what_comes_after(project: Path):
    first = decide("coins:same")
    (project / "gate.yaml").write_text(POLICY.replace("0.08", "0.25"))
    other = decide("coins:same")
    assert first.calls is not None and other.calls is not None
    assert (first.calls.candidate_reused, other.calls.candidate_reused) == (0, first.calls.candidate)
    (project / "drifted").touch()
    (project / "gate.yaml").write_text(POLICY.replace("0.08", "0.3"))
    after = decide("coins:same")
    assert "baseline_stale" in codes(after) and after.baseline.run_id != first.baseline.run_id
    assert after.calls is not None and after.calls.candidate_reused == 0
    # A run that the user names is the one that is compared with, whatever was begun against another.
    named = run("suite.yaml", "coins:base", alias="production").run_id
    explicit = decide("coins:same", baseline="production")
    assert (explicit.baseline.ref, explicit.baseline.run_id) == ("production", named)
    assert explicit.calls is not None and explicit.calls.candidate_reused == after.calls.candidate
    old = decide("coins:same", baseline=str(first.baseline.run_id))
    assert old.baseline.run_id != first.baseline.run_id and "baseline_stale" in codes(old)


def test_what_drifted_less_than_a_share_shows_is_not_laid_to_the_change(workplace: Path):
    make_coins(workplace)
    (workplace / "coins.py").write_text(AGENTS + MORE.replace("0.05", "0.6"))
    run("suite.yaml", "coins:v0")
    (workplace / "drifted").touch()
    decision = decide("coins:v2", baseline="coins:v0")
    calls = decision.calls
    assert decision.verdict == "pass" and calls is not None
    assert codes(decision)[0] == "baseline_stale"
    asked = calls.baseline_run - 20 - 400  # a share, which shows nothing; what the candidate failed on; all of it anew
    assert 0 < asked < 400 and calls.baseline_kept == 0
    again = decide("coins:v2", baseline="coins:v0")
    assert (again.verdict, again.attempt) == ("pass", 2)


def test_before_a_change_is_blamed_its_cases_are_asked_of_the_baseline_again(workplace: Path):
    make_coins(workplace)
    run("suite.yaml", "coins:base")
    decision = decide("coins:worse")
    calls = decision.calls
    assert decision.verdict == "fail" and calls is not None
    assert (calls.baseline_run, calls.baseline_kept) == (20 + calls.candidate, 400)
    assert "baseline_stale" not in codes(decision)
    asked = calls_of(workplace)
    assert decide("coins:worse").verdict == "fail" and calls_of(workplace) == asked


def test_an_anchor_that_drifted_fails_nothing(project: Path):
    assert decide("coins:v1", baseline="coins:v0").verdict == "pass" and has_anchor()
    (project / "drifted").touch()
    drifted = decide("coins:v2", baseline="coins:v1")
    assert drifted.verdict == "pass" and drifted.anchor is None
    assert any(one.code == "baseline_stale" and "anchor: left out" in one.message for one in drifted.findings)
    # Where it cannot be seen whether it drifted, it holds back a pass, and fails nothing.
    (project / "coins.py").write_text(AGENTS + MORE + "\ntouched = 1\n")
    sys.modules.pop("coins")
    for _ in range(2):
        unknown = decide("coins:v2", baseline="coins:v1")
        assert unknown.anchor is not None and unknown.anchor.verdict == "fail"
        assert (unknown.verdict, unknown.stopped) == ("inconclusive", "futility") and "baseline_unchecked" in codes(
            unknown
        )
        assert unknown.metrics[0].verdict != "fail"


def test_an_anchor_that_was_asked_other_things_stops_no_gate(project: Path):
    assert decide("coins:same").verdict == "pass"
    suite = (project / "suite.yaml").read_text()
    (project / "suite.yaml").write_text(
        suite.replace("kind: expectation}", "kind: expectation}\n  - {metric: took, kind: latency}")
    )
    took = "  - {metric: took, rule: non_inferiority, margin: 5, direction: lower}\n"
    (project / "gate.yaml").write_text(POLICY.replace("slices: [slice.topic]\n", took))
    with pytest.raises(GateUndecidable, match="say `anchor: none`"):
        decide("coins:worse", baseline="coins:same", policy=policy_in(project).model_copy(update={"anchor": "anchor"}))
    assert "worse" not in calls_of(project)
    left_out = decide("coins:worse", baseline="coins:same")
    assert "case_sets_differ" in codes(left_out) and left_out.anchor is None


@pytest.mark.parametrize(
    ("share", "told"), [(0.2, "lacks 24 of the 120 cases, 24 of them as they were asked otherwise")]
)
def test_cases_that_are_asked_otherwise_by_now_are_not_held_against_the_anchor(project: Path, share: float, told: str):
    assert decide("coins:v1", baseline="coins:v0").verdict == "pass" and has_anchor()
    relabel(project, share)
    decision = decide("coins:v2", baseline="coins:v1")
    assert any(one.code == "case_sets_differ" and told in one.message for one in decision.findings)
    # Both answer yes as often as before: what the anchor was right on is not what counts now.
    assert decision.anchor is not None and decision.anchor.metrics[0].comparison.difference == 0
    assert decision.anchor.metrics[0].comparison.n_cases == 96 and decision.verdict == "pass"
    kept = [str(decision.baseline.run_id), run("suite.yaml", "coins:v2").run_id]
    again = gate(*kept).decision
    assert again.anchor is not None and again.anchor.metrics[0].comparison.n_cases == 96


def test_an_anchor_most_of_whose_questions_are_others_by_now_is_left_out(project: Path):
    assert decide("coins:v1", baseline="coins:v0").verdict == "pass"
    relabel(project, 0.6)
    decision = decide("coins:v2", baseline="coins:v1")
    assert decision.anchor is None and decision.verdict == "pass"
    message = next(one.message for one in decision.findings if one.code == "case_sets_differ")
    assert "left out: run" in message and "was asked only 48 of the 120 cases as they are now" in message
    with pytest.raises(GateUndecidable, match="asked only 48 of the 120"):
        decide("coins:v2", baseline="coins:v1", policy=policy_in(project).model_copy(update={"anchor": "anchor"}))


def test_an_anchor_that_was_scored_otherwise_is_left_out(project: Path):
    assert decide("coins:v1", baseline="coins:v0").verdict == "pass"
    suite = (project / "suite.yaml").read_text()
    other = suite.replace("kind: expectation}", "kind: contains}")
    assert other != suite
    (project / "suite.yaml").write_text(other)
    decision = decide("coins:v2", baseline="coins:v1")
    assert decision.anchor is None
    assert any("was scored otherwise on correct" in one.message for one in decision.findings)


def relabel(project: Path, share: float) -> None:
    """Of a share of the cases, no is right from now on."""
    path = project / "cases.jsonl"
    lines = path.read_text().splitlines()
    n = round(share * len(lines))
    path.write_text("\n".join([line.replace('["yes"]', '["no"]') for line in lines[:n]] + lines[n:]))


def test_the_same_gate_twice_at_once_is_one_draw(project: Path):
    refused: list[str] = []

    def again(state: ProgressState) -> None:
        if not refused and calls_of(project).get("noisy"):
            with pytest.raises(LedgerError) as told:
                decide("coins:noisy")
            refused.append(str(told.value))

    run("suite.yaml", "coins:base")
    decision = decide("coins:noisy", progress=Watch(again))
    assert refused and "another gate of this very change" in refused[0]
    assert decision.calls is not None and calls_of(project)["noisy"] == decision.calls.candidate


def test_a_baseline_that_broke_off_goes_on_and_an_outage_is_no_answer(project: Path, monkeypatch: pytest.MonkeyPatch):
    def stop(state: ProgressState) -> None:
        if state.done >= 50:
            raise KeyError("stopped")

    with pytest.raises(KeyError):
        decide("coins:shaky", progress=Watch(stop))
    (project / "down").touch()
    with pytest.raises(RunFailed, match="the endpoint is down"):
        decide("coins:shaky")
    assert calls_of(project)["base"] <= 120 + 4  # only what was in flight is asked again
    (project / "down").unlink()
    assert decide("coins:shaky").verdict == "pass"
    # Another store has neither the runs nor the decisions: there the change is new.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project / 'other.db'}")
    assert decide("coins:shaky").attempt == 1


def test_runs_of_other_questions_under_the_same_ids_are_not_compared(project: Path):
    before = run("suite.yaml", "coins:v0").run_id
    relabel(project, 0.1)
    after = run("suite.yaml", "coins:v1").run_id
    with pytest.raises(GateUndecidable, match=r"12 cases are others under the same id \(q0\)"):
        gate(before, after)
    with pytest.raises(GateUndecidable, match="cannot be compared"):
        gate_several(before, [after, run("suite.yaml", "coins:v2").run_id])
