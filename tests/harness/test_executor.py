"""Suite x target -> trials: order, bounds, causes of failure, and going on after whatever ended a run."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from instruments.runs import InProcessTarget, make_suite, start_run

from evalplat.errors import BudgetExceeded, LedgerError, LimitReached, ModelUnreachable, ResumeMismatch, RunFailed
from evalplat.harness import CallableTarget, Ledger, ProgressState, execute, require_some_success
from evalplat.records import Answer, Case, Outcome, Suite, TrialKey, Usage


async def echo(case: Case, key: TrialKey, seed: int) -> str:
    await asyncio.sleep(0)
    return f"{case.input}/{key.trial}"


class Recorder:
    """Progress that remembers; on request it looks up what is on disk when a trial is counted."""

    def __init__(self, look: Callable[[], object] | None = None) -> None:
        self.states: list[ProgressState] = []
        self.seen: list[object] = []
        self.look = look

    def update(self, state: ProgressState) -> None:
        self.states.append(state)
        if self.look:
            self.seen.append(self.look())


async def run_of(suite: Suite, target: InProcessTarget, ledger: Ledger, **options: object):
    start_run(ledger, suite, target)
    return await execute(suite, target, ledger, "run-1", **options)


# -- a run that goes well ----------------------------------------------------------------------------------------------


async def test_every_trial_once_in_the_suites_order(ledger: Ledger) -> None:
    suite, target = make_suite(4, 3), InProcessTarget(echo)
    run = await run_of(suite, target, ledger)
    wanted = [TrialKey(case_id=f"c{i}", trial=t) for i in range(4) for t in range(3)]
    assert [trial.key for trial in run.trials] == wanted
    assert [trial.answer.text for trial in run.trials if trial.answer][:4] == [
        "question 0/0", "question 0/1", "question 0/2", "question 1/0",
    ]  # fmt: skip
    assert run.info.closed_at is not None
    assert [trial.seed for trial in run.trials] == [key.seed(suite.seed) for key in wanted]
    assert target.seeds == {key: key.seed(suite.seed) for key in wanted}
    assert sorted(target.asked, key=wanted.index) == wanted
    assert require_some_success(run) is run


async def test_one_at_a_time_asks_in_order(ledger: Ledger) -> None:
    target = InProcessTarget(echo)
    run = await run_of(make_suite(5, 2), target, ledger, concurrency=1)
    assert target.asked == [trial.key for trial in run.trials]


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_never_more_at_a_time_than_asked(ledger: Ledger, concurrency: int) -> None:
    async def slow(*_: object) -> str:
        await asyncio.sleep(0.002)
        return "x"

    target = InProcessTarget(slow)
    await run_of(make_suite(10, 2), target, ledger, concurrency=concurrency)
    assert target.most_in_flight == min(concurrency, 20)


async def test_a_trial_is_on_disk_before_it_is_counted(ledger: Ledger) -> None:
    with Ledger(ledger.path) as other:
        progress = Recorder(lambda: other.tally("run-1").done)
        await run_of(make_suite(6, 2), InProcessTarget(echo), ledger, progress=progress)
    assert [state.done for state in progress.states] == list(range(13))
    assert all(on_disk >= state.done for on_disk, state in zip(progress.seen, progress.states, strict=True))


async def test_a_closed_run_is_given_back_without_a_question(ledger: Ledger) -> None:
    suite, target = make_suite(), InProcessTarget(echo)
    first = await run_of(suite, target, ledger)
    again = InProcessTarget(echo)
    assert await execute(suite, again, ledger, "run-1") == first
    assert (again.asked, again.prepared) == ([], 0)


async def test_concurrency_below_one_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await run_of(make_suite(), InProcessTarget(echo), ledger, concurrency=0)


# -- trials that fail --------------------------------------------------------------------------------------------------


async def test_whatever_a_target_raises_becomes_the_trials_cause(ledger: Ledger) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    causes: list[BaseException] = [
        ValueError("two\nlines\x00"), LimitReached("too long"), BudgetExceeded("of the trial", scope="trial"),
        asyncio.CancelledError(), SystemExit(3), MemoryError("big"), Odd(), KeyError(),
    ]  # fmt: skip

    async def fail(case: Case, key: TrialKey, seed: int) -> str:
        if case.id == "c8":
            return "\ud800 is half a character"
        raise causes[int(case.id[1:])]

    run = await run_of(make_suite(9, 1), InProcessTarget(fail), ledger)
    failures = [trial.failure for trial in run.trials]
    assert [failure and failure.kind for failure in failures] == [
        "ValueError", "LimitReached", "BudgetExceeded", "CancelledError", "SystemExit", "MemoryError", "Odd",
        "KeyError", "TargetFailed",
    ]  # fmt: skip
    messages = [failure.message for failure in failures if failure]
    assert all(message and message.isprintable() for message in messages)
    assert messages[0].startswith("two lines")
    assert "test_executor.py:" in messages[0]
    assert "cannot be stored" in messages[8]
    assert all(trial.usage.unknown_usage_calls == 1 and trial.usage.cost_usd is None for trial in run.trials[:8])
    assert run.info.closed_at is not None


async def test_a_target_that_gives_back_no_outcome_fails_its_trial(ledger: Ledger) -> None:
    class Broken(InProcessTarget):
        async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
            return None  # type: ignore[return-value]

    run = await run_of(make_suite(1, 1), Broken(echo), ledger)
    assert [trial.failure and trial.failure.kind for trial in run.trials] == ["AttributeError"]


async def test_usage_of_an_answer_that_cannot_be_stored_is_kept(ledger: Ledger) -> None:
    usage = Usage(input_tokens=7, output_tokens=2, calls=1, cost_usd=0.5)

    class Half(InProcessTarget):
        async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
            return Outcome(answer=Answer(text="\udfff"), usage=usage, latency_s=2, started_at=datetime.now(UTC))

    run = await run_of(make_suite(1, 1), Half(echo), ledger)
    assert run.trials[0].usage == usage
    assert run.trials[0].latency_s == 2


async def test_a_run_whose_trials_all_fail_is_closed_and_says_why(ledger: Ledger) -> None:
    async def down(case: Case, key: TrialKey, seed: int) -> str:
        raise ModelUnreachable("connection refused" if key.trial else f"odd one {case.id}")

    run = await run_of(make_suite(3, 3), InProcessTarget(down), ledger)
    assert run.info.closed_at is not None
    with pytest.raises(RunFailed, match=r"all 9 trials failed, 6 of them with ModelUnreachable: connection refused"):
        require_some_success(run)


async def test_prepare_fails_before_any_trial_is_spent(ledger: Ledger) -> None:
    class Down(InProcessTarget):
        async def prepare(self) -> None:
            raise ModelUnreachable("nobody listens")

    target = Down(echo)
    with pytest.raises(ModelUnreachable):
        await run_of(make_suite(), target, ledger)
    assert target.asked == []
    assert ledger.tally("run-1").done == 0
    assert len((await execute(make_suite(), InProcessTarget(echo), ledger, "run-1")).trials) == 6


# -- runs that end early and go on -------------------------------------------------------------------------------------


async def test_a_spent_budget_stops_the_run_which_goes_on_later(ledger: Ledger) -> None:
    suite = make_suite(10, 1)

    async def until_spent(case: Case, key: TrialKey, seed: int) -> str:
        if case.id >= "c4":
            raise BudgetExceeded("run budget: 3 of 100 tokens are left", scope="run")
        await asyncio.sleep(0.01)
        return "x"

    with pytest.raises(RunFailed, match=r"stopped after 4 of 10 trials, which are kept: run budget.*--resume run-1"):
        await run_of(suite, InProcessTarget(until_spent), ledger, concurrency=2)
    assert ledger.run_info("run-1").closed_at is None
    target = InProcessTarget(echo)
    run = await execute(suite, target, ledger, "run-1")
    assert {key.case_id for key in target.asked} == {"c4", "c5", "c6", "c7", "c8", "c9"}
    assert len(run.trials) == 10
    assert not run.failures


async def test_cancelling_keeps_what_is_finished(ledger: Ledger) -> None:
    suite, reached = make_suite(10, 2), asyncio.Event()

    async def stuck_at_seven(case: Case, key: TrialKey, seed: int) -> str:
        if case.id == "c7":
            reached.set()
            await asyncio.Event().wait()
        return "x"

    start_run(ledger, suite, InProcessTarget(echo))
    task = asyncio.create_task(execute(suite, InProcessTarget(stuck_at_seven), ledger, "run-1"))
    await reached.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    finished = ledger.finished("run-1")
    assert len(finished) >= 14
    target = InProcessTarget(echo)
    run = await execute(suite, target, ledger, "run-1")
    assert finished.isdisjoint(target.asked)
    assert len(target.asked) == 20 - len(finished)
    assert len(run.trials) == 20


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    import signal

    suite = make_suite(6, 1)

    async def interrupted(case: Case, key: TrialKey, seed: int) -> str:
        if case.id == "c3":
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(5)
        return "x"

    with Ledger(tmp_path / "ledger.db") as ledger:
        start_run(ledger, suite, InProcessTarget(interrupted))
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(execute(suite, InProcessTarget(interrupted), ledger, "run-1", concurrency=1))
        assert {key.case_id for key in ledger.finished("run-1")} == {"c0", "c1", "c2"}
        assert len(asyncio.run(execute(suite, InProcessTarget(echo), ledger, "run-1")).trials) == 6


async def test_a_ledger_that_fails_stops_the_run_at_once(ledger: Ledger) -> None:
    suite = make_suite(40, 1)

    async def closing(case: Case, key: TrialKey, seed: int) -> str:
        if case.id == "c5":
            ledger.close()  # as good as a disk that went away
        return "x"

    target = InProcessTarget(closing)
    with pytest.raises(LedgerError, match="run run-1 stopped after 5 trials: ledger "):
        await run_of(suite, target, ledger, concurrency=1)
    assert len(target.asked) == 6
    with Ledger(ledger.path) as again:
        assert {key.case_id for key in again.finished("run-1")} == {f"c{i}" for i in range(5)}
        assert len((await execute(suite, InProcessTarget(echo), again, "run-1")).trials) == 40


async def test_two_at_once_on_one_run_are_refused(ledger: Ledger) -> None:
    suite, go = make_suite(), asyncio.Event()

    async def waits(*_: object) -> str:
        await go.wait()
        return "x"

    start_run(ledger, suite, InProcessTarget(waits))
    first = asyncio.create_task(execute(suite, InProcessTarget(waits), ledger, "run-1"))
    await asyncio.sleep(0.05)
    second = InProcessTarget(echo)
    with pytest.raises(LedgerError, match="being run right now"):
        await execute(suite, second, ledger, "run-1")
    assert second.asked == []
    go.set()
    assert len((await first).trials) == 6


def changed(suite: Suite, **fields: object) -> Suite:
    return Suite.model_validate({**suite.model_dump(), **fields})


@pytest.mark.parametrize(
    ("suite", "fingerprint", "named"),
    [
        (make_suite(3, 5), "f", r"trials per case were 2, are 5\."),
        (make_suite(seed=8), "f", r"the seed was 7, is 8\."),
        (make_suite(prefix="query"), "f", r"cases: 3 changed\."),
        (make_suite(5), "f", r"cases: 2 added\."),
        (make_suite(2, seed=1), "f", r"the seed was 7, is 1; cases: 1 removed\."),
        (changed(make_suite(), scorers=[{"metric": "c", "kind": "cost"}]), "f", r"the scorers\."),
        (make_suite(), "g", r"the code of the target test:fn\."),
        (make_suite(3, 5), "g", r"trials per case were 2, are 5; the code of the target test:fn\."),
    ],
)
async def test_what_has_changed_is_named_and_nothing_asked(
    ledger: Ledger, suite: Suite, fingerprint: str, named: str
) -> None:
    start_run(ledger, make_suite(), InProcessTarget(echo))
    target = InProcessTarget(echo, fingerprint=fingerprint)
    with pytest.raises(ResumeMismatch, match=named) as error:
        await execute(suite, target, ledger, "run-1")
    assert "\n" not in str(error.value)
    assert (target.asked, target.prepared) == ([], 0)


async def test_the_policy_and_the_suites_name_may_change(ledger: Ledger) -> None:
    start_run(ledger, make_suite(), InProcessTarget(echo))
    run = await execute(changed(make_suite(), name="renamed"), InProcessTarget(echo), ledger, "run-1")
    assert len(run.trials) == 6


# -- many trials -------------------------------------------------------------------------------------------------------


async def test_two_thousand_trials_of_a_plain_function_run_fast(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fast_agent.py").write_text("def answer(text):\n    return text.upper()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    suite, target, progress = make_suite(1000, 2), CallableTarget("fast_agent:answer"), Recorder()
    start_run(ledger, suite, target)
    run = await execute(suite, target, ledger, "run-1", progress=progress)
    await target.aclose()
    assert len(run.trials) == 2000
    assert not run.failures
    rate = 2000 / progress.states[-1].elapsed_s
    print(f"{rate:.0f} trials/s")
    assert rate > 100  # 1800 on two idle cores


async def test_memory_does_not_grow_with_the_run(ledger: Ledger) -> None:
    async def long(case: Case, key: TrialKey, seed: int) -> str:
        return f"{case.id}" * 50_000

    suite = make_suite(150, 2)  # some 50 MB of answers
    start_run(ledger, suite, InProcessTarget(long))
    tracemalloc.start()
    try:
        progress = Recorder(lambda: tracemalloc.get_traced_memory()[1])
        await execute(suite, InProcessTarget(long), ledger, "run-1", progress=progress)
    finally:
        tracemalloc.stop()
    assert max(progress.seen) < 8 * 2**20  # type: ignore[type-var]
    assert sum(len(trial.answer.text) for trial in ledger.trials("run-1") if trial.answer) > 40 * 2**20
