"""Run ids, what a run freezes, and how far it says that it is."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instruments.runs import make_suite, make_trial

from evalplat.errors import ResumeMismatch
from evalplat.harness import Meter, PlainProgress, ProgressState, check_unchanged, freeze, new_run_id, progress_line
from evalplat.records import AgentSpec, Dataset, Failure, Limits, Prompts, Suite, TargetInfo, Trial, Usage

NOW = datetime(2026, 5, 31, 14, 22, 10, tzinfo=UTC)


@given(now=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.timezones()))
def test_run_ids_are_safe_and_sort_by_time(now: datetime) -> None:
    run_id = new_run_id(now, Random(1))
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-hjkmnp-tv-z]{5}", run_id)
    assert new_run_id(now.astimezone(UTC) + timedelta(seconds=1), Random(2)) > run_id


def test_run_ids_are_in_utc_and_differ() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert new_run_id(there, Random(5)) == new_run_id(NOW, Random(5))
    assert new_run_id(NOW, Random(5)).startswith("20260531-142210-")
    assert len({new_run_id(NOW) for _ in range(200)}) == 200
    assert new_run_id() > "20260101"
    with pytest.raises(ValueError, match="time zone"):
        new_run_id(datetime(2026, 1, 1))


def test_a_run_freezes_its_suite_and_target() -> None:
    suite = make_suite(4, 3, seed=11)
    target = TargetInfo(kind="http", ref="http://h/x", name="x", fingerprint="f")
    info = freeze(suite, target, "run-1", NOW)
    assert (info.suite, info.suite_fingerprint, info.trials, info.seed, info.n_cases) == (
        "s", suite.fingerprint, 3, 11, 4,
    )  # fmt: skip
    assert (info.id, info.target, info.created_at, info.closed_at) == ("run-1", target, NOW, None)


AGENT = AgentSpec.model_validate({"name": "a", "prompts": {"system": "Be brief."}, "model": {"name": "openai:x"}})
REWORDED = AGENT.model_copy(update={"prompts": Prompts(system="Be short."), "limits": Limits(max_steps=3)})
BACKWARDS = make_suite().model_copy(
    update={"datasets": (Dataset(name="d", cases=tuple(reversed(make_suite().cases))),)},
)


def of(spec: AgentSpec, fingerprint: str | None = None, ref: str = "a.yaml") -> TargetInfo:
    fingerprint = fingerprint or spec.fingerprint
    return TargetInfo(kind="agent", ref=ref, name=spec.name, fingerprint=fingerprint, spec=spec)


@pytest.mark.parametrize(
    ("suite", "target", "named"),
    [
        (make_suite(), of(REWORDED), "the target's limits, prompts."),
        (make_suite(), of(AGENT, "a tool was edited"), "the code of the target a.yaml."),
        (make_suite(), of(AGENT, "other", ref="b.yaml"), "the target was a.yaml, is b.yaml."),
        (BACKWARDS, of(AGENT), "the datasets' names or order."),
    ],
)
def test_a_changed_target_or_order_is_named(suite: Suite, target: TargetInfo, named: str) -> None:
    frozen = make_suite()
    info = freeze(frozen, of(AGENT), "run-1", NOW)
    check_unchanged(info, frozen, make_suite(), of(AGENT, ref="elsewhere/a.yaml"))  # the same agent, moved
    with pytest.raises(ResumeMismatch) as error:
        check_unchanged(info, frozen, suite, target)
    assert named in str(error.value)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def used(tokens: int, cost: float | None = 0.0) -> Trial:
    return make_trial().model_copy(update={"usage": Usage(input_tokens=tokens, cost_usd=cost)})


def test_a_meter_counts_and_knows_the_rate_of_late() -> None:
    clock = Clock()
    meter = Meter(1000, done=400, failed=3, usage=Usage(input_tokens=50, cost_usd=1.0), clock=clock)
    assert meter.state == ProgressState(
        total=1000, done=400, failed=3, resumed=400, usage=Usage(input_tokens=50, cost_usd=1.0), elapsed_s=0.0
    )
    for _ in range(100):  # fast at first
        clock.now += 0.01
        meter.count(used(1, 0.01))
    for _ in range(250):  # and slow later: the rate is that of the last 200
        clock.now += 1.0
        state = meter.count(used(1, 0.01))
    assert (state.done, state.failed, state.resumed) == (750, 3, 400)
    assert state.usage.input_tokens == 400
    assert state.usage.cost_usd == pytest.approx(4.5)
    assert state.rate_per_s == pytest.approx(1.0)
    assert state.eta_s == pytest.approx(250)
    assert state.elapsed_s == pytest.approx(251)


def test_a_meter_counts_failures_and_unknown_prices() -> None:
    clock = Clock()
    meter = Meter(2, done=0, failed=0, usage=Usage(), clock=clock)
    bad = Trial(
        failure=Failure(kind="X", message="y"), latency_s=0, started_at=NOW, key=make_trial().key, seed=1,
        usage=Usage(cost_usd=None),
    )  # fmt: skip
    state = meter.count(bad)  # the clock stands still: no rate, no division by zero
    assert (state.failed, state.usage.cost_usd, state.rate_per_s, state.eta_s) == (1, None, None, None)


def state(done: int, elapsed_s: float, **fields: object) -> ProgressState:
    known: dict[str, object] = {"total": 600, "failed": 2, "resumed": 0, "usage": Usage(cost_usd=0.0123)}
    return ProgressState(done=done, elapsed_s=elapsed_s, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("eta_s", "left"),
    [(0.4, "0 s left"), (59.6, "1 min 0 s left"), (155.0, "2 min 35 s left"), (7322.0, "2 h 2 min left")],
)
def test_a_line_says_all_in_words(eta_s: float, left: str) -> None:
    line = progress_line(state(120, 9.0, rate_per_s=3.14159, eta_s=eta_s))
    assert line == f"120/600 trials, 2 failed, 3.14/s, 0.0123 USD, {left}"


def test_a_line_without_rate_or_price() -> None:
    assert progress_line(state(0, 0.0, usage=Usage(cost_usd=None))) == "0/600 trials, 2 failed, cost unknown"
    assert progress_line(state(600, 9.0, eta_s=0.0, rate_per_s=2.0)) == "600/600 trials, 2 failed, 2/s, 0.0123 USD"


def test_plain_progress_writes_at_the_start_now_and_then_and_at_the_end() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream, every_s=10)
    for second in range(26):
        progress.update(state(second * 24, float(second)))
    lines = stream.getvalue().splitlines()
    assert [line.split("/")[0] for line in lines] == ["0", "240", "480", "600"]
