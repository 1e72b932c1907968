"""Property: however a run is cut short and gone on with, each trial is there once, and no kept one is asked again."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from instruments.runs import InProcessTarget, make_suite, start_run

from evalplat.errors import BudgetExceeded, RunFailed
from evalplat.harness import Ledger, ProgressState, execute
from evalplat.records import Case, Suite, TrialKey

End = Literal["power", "cancel", "budget"]


@dataclass
class Session:
    """One session of a run: it ends after so many questions, in some way."""

    folder: Path
    suite: Suite
    concurrency: int
    ends_after: int | None = None
    end: End = "cancel"
    failing: frozenset[str] = frozenset()
    counted: int = 0
    target: InProcessTarget = field(init=False)
    left: Path | None = None

    def __post_init__(self) -> None:
        self.target = InProcessTarget(self._answer)

    def update(self, state: ProgressState) -> None:
        self.counted = state.done

    async def _answer(self, case: Case, key: TrialKey, seed: int) -> str:
        await asyncio.sleep(0.0005 * (seed % 3))
        if self.ends_after is not None and len(self.target.asked) > self.ends_after and self.left is None:
            if self.end == "budget":
                raise BudgetExceeded("run budget: spent", scope="run")
            self.left = self._as_the_disk_is_now()
            self.task.cancel()
        if case.id in self.failing:
            raise LookupError("this case fails")
        return f"{case.id}/{key.trial}"

    def _as_the_disk_is_now(self) -> Path:
        """What a loss of power leaves: a copy of the files, taken while commits go on."""
        copy = Path(tempfile.mkdtemp(dir=self.folder.parent))
        for file in self.folder.glob("ledger.db*"):
            if file.is_file() and not file.name.endswith("-shm"):  # shared memory does not outlive the power
                shutil.copy(file, copy / file.name)
        self.counted_then = self.counted
        return copy

    async def run(self) -> Path:
        """The folder in which the run goes on."""
        with Ledger(self.folder / "ledger.db") as ledger:
            before = ledger.finished("run-1")
            work = execute(self.suite, self.target, ledger, "run-1", concurrency=self.concurrency, progress=self)
            self.task = asyncio.create_task(work)
            try:
                run = await self.task
            except asyncio.CancelledError:
                assert self.left is not None
            except RunFailed:
                assert self.end == "budget"
            else:
                assert len(run.trials) == len(self.suite.cases) * self.suite.trials
            assert before.isdisjoint(self.target.asked), "a kept trial was asked for again"
            assert len(set(self.target.asked)) == len(self.target.asked)
            assert before <= ledger.finished("run-1")
            assert self.counted <= len(ledger.finished("run-1"))
        if self.end == "power" and self.left is not None:
            with Ledger(self.left / "ledger.db") as ledger:
                assert before <= ledger.finished("run-1"), "the power took a kept trial"
                assert self.counted_then <= len(ledger.finished("run-1")), "a trial was counted before it was kept"
            return self.left
        return self.folder


@given(
    n_cases=st.integers(1, 6),
    trials=st.integers(1, 3),
    concurrency=st.integers(1, 5),
    cuts=st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["power", "cancel", "budget"])), max_size=5),
    failing=st.sets(st.sampled_from(["c0", "c2", "c5"])),
)
@settings(max_examples=25, deadline=None)
def test_any_interleaving_of_ends_and_beginnings_gives_each_trial_once(
    n_cases: int, trials: int, concurrency: int, cuts: list[tuple[int, End]], failing: set[str]
) -> None:
    suite = make_suite(n_cases, trials)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        with Ledger(folder / "ledger.db") as ledger:
            start_run(ledger, suite, InProcessTarget(Session(folder, suite, 1)._answer))
        for ends_after, end in cuts:
            session = Session(folder, suite, concurrency, ends_after, end, frozenset(failing))
            folder = asyncio.run(session.run())
        asyncio.run(Session(folder, suite, concurrency, failing=frozenset(failing)).run())
        with Ledger(folder / "ledger.db") as ledger:
            run = ledger.run("run-1")
    assert [(t.key.case_id, t.key.trial) for t in run.trials] == [(c.id, n) for c in suite.cases for n in range(trials)]
    assert {t.failure.message.split(" (")[0] for t in run.failures if t.failure} <= {"this case fails"}
    assert all((trial.failure is not None) == (trial.key.case_id in failing) for trial in run.trials)
    assert all(
        trial.answer is None or trial.answer.text == f"{trial.key.case_id}/{trial.key.trial}" for trial in run.trials
    )
    assert run.info.closed_at is not None
