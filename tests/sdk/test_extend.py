"""A gate whose policy extends: further trials within a budget, as one test."""

from __future__ import annotations

from pathlib import Path

from instruments.coins import POLICY, calls_of, decide, make_coins

from evalplat.sdk.workspace import workspace

EXTEND = POLICY + "on_inconclusive: extend\nextend: {calls: 420}\n"


def test_a_gate_that_is_inconclusive_at_its_last_case_asks_the_cases_again_within_its_budget(workplace: Path):
    make_coins(workplace, cases=120, policy=EXTEND)
    decision = decide("coins:noisy")
    calls = decision.calls
    assert calls is not None and calls.largest == 360  # three trials of each of 120 cases, where a fourth is too much
    last = decision.looks[-1]
    assert calls_of(workplace)["noisy"] == calls.candidate == last.calls
    with workspace().ledger() as ledger:
        info = ledger.run_info(str(decision.candidate.run_id))
    assert info.protocol is not None and info.trials == 3
    assert info.protocol.looked_trials[-3:] == (1, 2, 3) and info.protocol.cases[-3:] == (120, 120, 120)
    assert last.look > len(info.protocol.cases) - 2  # it was extended: 120 cases alone cannot rule out 8 points
    assert calls_of(workplace)["base"] == 120

    asked = calls_of(workplace)["noisy"]
    again = decide("coins:noisy")
    assert calls_of(workplace)["noisy"] == asked
    assert (again.attempt, again.looks, again.verdict) == (2, decision.looks, decision.verdict)


def test_what_is_decided_early_costs_no_further_trial(workplace: Path):
    make_coins(workplace, cases=400, policy=EXTEND.replace("420", "1200"))
    decision = decide("coins:worse")
    assert decision.verdict == "fail" and decision.calls is not None
    assert decision.calls.largest == 1200 and decision.calls.candidate <= 400
