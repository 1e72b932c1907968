"""Gates that run the candidate themselves: looks, kept baselines, attempts, anchors, drift; in a real store."""

from __future__ import annotations

from pathlib import Path

import pytest
from instruments.coins import AGENTS, POLICY, calls_of, codes, decide, make_coins, policy_in

from evalplat.errors import InputError, ReferenceUnknown, RunFailed
from evalplat.reports import parse_decision_json
from evalplat.sdk.gate import gate
from evalplat.sdk.run import run
from evalplat.sdk.workspace import workspace


@pytest.fixture
def project(workplace: Path) -> Path:
    make_coins(workplace)
    return workplace


def test_a_gate_ends_as_soon_as_it_may_and_its_baseline_is_run_once(project: Path):
    worse = decide("coins:worse")
    assert (worse.verdict, worse.stopped) == ("fail", "decided")
    assert worse.calls is not None and worse.calls.candidate < worse.calls.largest == 400
    assert calls_of(project) == {"base": 400, "worse": worse.calls.candidate}
    assert (worse.calls.baseline_run, worse.calls.baseline_kept) == (400, 0)
    assert [look.cases for look in worse.looks] == [80 * (k + 1) for k in range(len(worse.looks))]
    assert worse.candidate.n_cases == worse.looks[-1].cases == worse.calls.candidate

    same = decide("coins:same")
    assert (same.verdict, same.stopped) == ("pass", "decided")
    assert same.calls is not None and same.calls.baseline_kept == 400
    assert calls_of(project)["base"] == 420  # the kept run, and 20 cases to see that it still holds
    last = same.looks[-1]
    metric = same.metrics[0].comparison
    assert last.difference is not None and last.pass_bound is not None and last.difference > last.pass_bound
    assert metric.ci_low is not None and metric.ci_low > -0.08
    assert metric.median_unbiased is not None and metric.level == last.metrics[0].level


def test_page_and_comment_show_the_looks_and_what_they_saved(project: Path):
    gated = gate("coins:base", "coins:worse", suite="suite.yaml")
    calls = gated.decision.calls
    assert calls is not None
    told = f"{calls.candidate} of at most 400 candidate trials"
    page = gated.html()
    assert told in page and 'id="h-looks"' in page and "Passes beyond" in page
    assert told in gated.markdown()
    assert parse_decision_json(gated.json(), "x") == gated.decision


def test_every_slice_is_in_the_first_look_and_clusters_are_whole(project: Path):
    decide("coins:same")
    with workspace().ledger() as ledger:
        info = next(info for info in ledger.runs() if info.protocol is not None)
        cases = {case.id: case for case in ledger.suite(info.id).cases}
        seen = [cases[trial.key.case_id] for trial in ledger.trials(info.id)]
    assert info.protocol is not None and info.protocol.cluster == "cluster" and not info.is_whole
    by_cluster = [case.cluster for case in seen]
    assert all(by_cluster.count(name) == 4 for name in set(by_cluster))
    assert {case.slices["topic"] for case in seen} == {"a", "b", "c"}


def test_gating_again_is_the_same_test_and_draws_nothing(project: Path):
    first = decide("coins:noisy")
    asked = calls_of(project)["noisy"]
    second, third = decide("coins:noisy"), decide("coins:noisy")
    assert calls_of(project)["noisy"] == asked
    assert (first.attempt, second.attempt, third.attempt) == (1, 2, 3)
    assert second.looks == third.looks == first.looks
    assert second.verdict == first.verdict
    assert "repeated_attempt" in codes(second) and "repeated_attempt" not in codes(first)


def test_another_policy_goes_on_with_the_same_trials(project: Path):
    first = decide("coins:noisy")
    assert first.calls is not None
    (project / "gate.yaml").write_text(POLICY.replace("0.08", "0.30"))
    wider = decide("coins:noisy")
    assert calls_of(project)["noisy"] == first.calls.candidate
    assert wider.attempt == 2 and "repeated_attempt" in codes(wider)
    assert len(wider.looks) <= len(first.looks)


def test_new_runs_of_the_same_change_cannot_turn_a_verdict(project: Path):
    base = run("suite.yaml", "coins:base")
    first_run = run("suite.yaml", "coins:unclear")
    first = gate(base.run_id, first_run.run_id).decision
    again = gate(base.run_id, first_run.run_id).decision
    assert again.attempt == first.attempt == 1 and again.verdict == first.verdict
    second_run = run("suite.yaml", "coins:unclear")
    second = gate(base.run_id, second_run.run_id).decision
    assert second.attempt == 2 and "repeated_attempt" in codes(second)
    assert second.verdict in (first.verdict, "inconclusive")
    assert second.metrics[0].comparison.n_trials == (400, 800)


def test_a_run_that_was_ended_early_is_no_baseline_and_no_candidate(project: Path):
    decision = decide("coins:same")
    steered = str(decision.candidate.run_id)
    with pytest.raises(InputError, match="was ended early by the gate"):
        decide("coins:worse", baseline=steered)
    with pytest.raises(InputError, match="was ended early by the gate"):
        gate(str(decision.baseline.run_id), steered)
    # Its agent, as the next baseline, is run as a whole.
    following = decide("coins:worse", baseline="coins:same")
    assert following.calls is not None and following.calls.baseline_run == 420  # 20 of them of the anchor


def test_a_baseline_that_drifted_is_seen_and_run_anew(project: Path):
    decide("coins:same")
    (project / "drifted").touch()
    decision = decide("coins:worse")
    assert codes(decision)[0] == "baseline_stale"
    assert decision.calls is not None and decision.calls.baseline_run == 420
    assert decision.metrics[0].comparison.baseline is not None and decision.metrics[0].comparison.baseline < 0.5


READS = """
import coins_helper


def reads(question):
    sure = Path("facts.txt").read_text() == "facts"
    return coins_helper.said("yes" if chance(question, "base") < 0.8 and sure else "no")
"""


def test_a_change_outside_the_agents_own_file_is_seen(project: Path):
    (project / "coins.py").write_text(AGENTS + READS)
    (project / "coins_helper.py").write_text("def said(text):\n    return text\n")
    (project / "facts.txt").write_text("facts")
    ref = "coins:reads"
    assert decide(ref, baseline=ref).verdict == "pass"
    # What it imports is a part of it: a new test, against the run that was kept.
    (project / "coins_helper.py").write_text("def said(text):\n    return 'nope'\n")
    kept = workspace().store().resolve("anchor", suite="coins")
    broken = decide(ref, baseline=kept)
    assert (broken.verdict, broken.attempt, broken.baseline.run_id) == ("fail", 1, kept)
    # What it reads is not: baseline and candidate are the same system at two times, and it is the later that fails.
    (project / "coins_helper.py").write_text("def said(text):\n    return text\n")
    (project / "facts.txt").write_text("none")
    (project / "gate.yaml").write_text(POLICY.replace("0.08", "0.07"))
    stale = decide(ref, baseline=kept)
    assert stale.verdict == "fail" and stale.baseline.run_id == kept
    assert any(one.code == "baseline_stale" and "compared with the kept run" in one.message for one in stale.findings)


HELD = """

def held(question):
    _log("held")
    if Path("down").exists():
        raise ConnectionError("refused")
    return "yes" if chance(question, "base") < 0.8 else "no"


def blamed(question):
    if not Path("up").exists():
        Path("down").touch()
    return worse(question)
"""


def test_a_baseline_that_is_down_when_a_change_is_about_to_fail_leaves_a_gate_to_go_on_with(project: Path):
    (project / "coins.py").write_text(AGENTS + HELD)
    run("suite.yaml", "coins:held")
    with pytest.raises(RunFailed, match="refused"):
        decide("coins:blamed", baseline="coins:held")
    asked = calls_of(project)["worse"]
    (project / "down").unlink()
    (project / "up").touch()
    decision = decide("coins:blamed", baseline="coins:held")
    assert (decision.verdict, decision.attempt) == ("fail", 1)
    assert calls_of(project)["worse"] == asked


def test_a_baseline_that_answers_nothing_today_is_kept_and_the_gate_ends(project: Path):
    (project / "coins.py").write_text(AGENTS + HELD)
    assert decide("coins:same", baseline="coins:held").calls.baseline_run == 400  # type: ignore[union-attr]
    (project / "down").touch()
    with pytest.raises(RunFailed, match=r"all 20 trials failed.*refused"):
        decide("coins:worse", baseline="coins:held")
    assert calls_of(project)["held"] == 420 and "worse" not in calls_of(project)
    (project / "down").unlink()
    calls = decide("coins:worse", baseline="coins:held").calls
    assert calls is not None and (calls.baseline_run, calls.baseline_kept) == (20 + calls.candidate, 400)
    # An anchor is another matter: a release of long ago may be gone for good.
    (project / "down").touch()
    later = decide("coins:same")
    assert later.anchor is not None and "baseline_unchecked" in codes(later)


def test_what_cannot_be_run_again_is_said(project: Path):
    base = run("suite.yaml", "coins:base")
    (project / "coins.py").write_text((project / "coins.py").read_text() + "\ntouched = 1\n")
    assert codes(decide("coins:same", baseline=base.run_id))[0] == "baseline_unchecked"


@pytest.mark.slow
def test_a_chain_of_tolerable_drops_is_stopped_by_the_anchor(project: Path):
    verdicts = []
    for k in range(1, 6):
        decision = decide(f"coins:step{k}", baseline=f"coins:step{k - 1}")
        assert decision.metrics[0].verdict != "fail"
        verdicts.append(decision.verdict)
        if decision.verdict != "pass":
            break
    assert "pass" in verdicts and verdicts[-1] != "pass"
    assert decision.anchor is not None and decision.anchor.verdict != "pass"
    assert "anchor" in decision.reason
    free = decide(
        "coins:step5", baseline="coins:step4", policy=policy_in(project).model_copy(update={"anchor": "none"})
    )
    assert free.anchor is None


def test_one_look_is_the_fixed_test(project: Path):
    policy = policy_in(project)
    one = policy.model_copy(update={"stopping": policy.stopping.model_copy(update={"looks": 1})})
    decision = decide("coins:same", policy=one)
    assert len(decision.looks) == 1 and decision.candidate.n_cases == 400
    whole = gate(str(decision.baseline.run_id), str(decision.candidate.run_id), policy=policy).decision
    plain, looked = whole.metrics[0].comparison, decision.metrics[0].comparison
    assert (plain.ci_low, plain.ci_high, plain.p_value) == (looked.ci_low, looked.ci_high, looked.p_value)


def test_a_candidate_that_is_nothing_is_known_before_the_baseline_costs_a_call(project: Path):
    with pytest.raises(ReferenceUnknown, match="nor is it a target"):
        decide("coinz:base")
    assert calls_of(project) == {}
