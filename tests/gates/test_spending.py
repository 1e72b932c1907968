"""What a trial costs beside the baseline's, and what settling an open metric would cost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from instruments import report_data

from evalplat.gates import priced, spending
from evalplat.records import Answer, Run, RunInfo, TargetInfo, Trial, TrialKey, Usage

AT = datetime(2026, 1, 1, tzinfo=UTC)


def run(*trials: tuple[str, int, float | None, int, float]) -> Run:
    """Trials as (case, number, cost, input tokens, seconds)."""
    made = tuple(
        Trial(
            key=TrialKey(case_id=case, trial=number), seed=0, answer=Answer(text="x"), latency_s=seconds, started_at=AT,
            usage=Usage(input_tokens=tokens, calls=1, cost_usd=cost),
        )
        for case, number, cost, tokens, seconds in trials
    )  # fmt: skip
    target = TargetInfo(kind="callable", ref="m:f", name="f", fingerprint="f")
    info = RunInfo(
        id="r", suite="s", suite_fingerprint="f", target=target, trials=1, seed=0, n_cases=9, created_at=AT, version="1"
    )
    return Run(info=info, trials=made)


BASE = run(("a", 0, 0.01, 100, 1.0), ("b", 0, 0.03, 300, 3.0), ("only here", 0, 9.0, 9000, 90.0))


def test_a_trial_is_compared_on_the_cases_that_both_have_each_case_counting_once():
    cand = run(("b", 0, 0.04, 450, 6.0), ("a", 0, 0.01, 100, 1.0), ("a", 1, 0.03, 200, 3.0))
    found = spending(BASE, cand)
    assert found.n_cases == 2
    rows = {row.quantity: row for row in found.rows}
    assert rows["cost_usd"].baseline == pytest.approx(0.02)
    assert rows["cost_usd"].candidate == pytest.approx((0.04 + 0.02) / 2)
    assert rows["cost_usd"].ratio == pytest.approx(1.5)
    assert rows["input_tokens"].candidate == pytest.approx(300)
    assert rows["latency_s"].ratio == pytest.approx(2.0)
    assert rows["calls"].ratio == 1.0
    assert "retries" not in rows


def test_what_nobody_knows_is_not_guessed():
    cand = run(("a", 0, None, 100, 1.0), ("b", 0, 0.04, 450, 6.0))
    rows = {row.quantity: row for row in spending(BASE, cand, timed=False).rows}
    assert rows["cost_usd"].candidate is None
    assert rows["cost_usd"].ratio is None
    assert "latency_s" not in rows
    assert spending(BASE, run(("c", 0, 0.1, 1, 1.0))) is None
    free = {row.quantity: row for row in spending(run(("a", 0, 0.0, 1, 1.0)), BASE).rows}
    assert free["cost_usd"].baseline == 0.0
    assert free["cost_usd"].ratio is None


def test_settling_is_told_in_money_and_minutes_where_they_are_known():
    decision = report_data.gate("inconclusive").decision
    needed = priced(decision, cost_usd=0.002, latency_s=3.0).metrics[0].comparison.needed
    assert needed.candidate_calls == (2240, 3240)
    assert needed.cost_usd == pytest.approx((4.48, 6.48))
    assert needed.minutes == pytest.approx((112.0, 162.0))
    unknown = priced(decision, cost_usd=None, latency_s=None).metrics[0].comparison.needed
    assert (unknown.cost_usd, unknown.minutes) == (None, None)
    assert unknown.candidate_calls == needed.candidate_calls
    with pytest.raises(ValueError, match="latency_s must not be negative"):
        priced(decision, cost_usd=None, latency_s=-1.0)
