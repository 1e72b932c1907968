"""The local executor: suite x target -> trials, on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from time import perf_counter

from evalplat.errors import BudgetExceeded, LedgerError, RunFailed
from evalplat.records import Case, Failure, Outcome, Run, Suite, Trial, TrialKey

from .failures import describe, failed, place
from .ledger import Ledger
from .progress import Meter, Progress
from .runs import check_unchanged
from .simulate.play import play
from .simulate.stage import Stage, require_conversant
from .target import Conversant, Target


async def execute(
    suite: Suite, target: Target, ledger: Ledger, run_id: str, *, concurrency: int = 4, progress: Progress | None = None
) -> Run:
    """Ask for every trial of a run that the ledger does not hold yet, at most `concurrency` at a time; close the run.

    The run is one that `ledger.create_run` made. Trials are begun in the order of the suite's cases, then by trial;
    each is on disk before it is counted. Whatever ends this early (cancellation, SIGKILL, a full disk) leaves a run
    that the same call goes on with; only trials that were in flight are asked for again. A closed run is given back.

    Raises ResumeMismatch where suite or target are not those of the run, LedgerError where the ledger fails or another
    process has the run, RunFailed where the budget of the run is spent, and what `target.prepare` raises.
    """
    async with _Opened(suite, target, ledger, run_id, progress) as session:
        if ledger.run_info(run_id).closed_at is None:
            await session.run(suite.cases, concurrency)
            ledger.close_run(run_id, datetime.now(UTC))
    return await asyncio.to_thread(ledger.run, run_id)


async def advance(
    suite: Suite,
    target: Target,
    ledger: Ledger,
    run_id: str,
    cases: Collection[str],
    *,
    trials: int | None = None,
    concurrency: int = 4,
    progress: Progress | None = None,
) -> Run:
    """One look of a run that a gate steers: every trial of these cases that the ledger does not hold yet.

    With `trials` only so many of each case, where the suite has more. The run stays open; it is given back with the
    trials that are there. As `execute` in all else.
    """
    wanted = set(cases)
    async with _Opened(suite, target, ledger, run_id, progress) as session:
        if ledger.run_info(run_id).closed_at is None:
            session.trials = suite.trials if trials is None else min(trials, suite.trials)
            await session.run([case for case in suite.cases if case.id in wanted], concurrency)
    return await asyncio.to_thread(ledger.run, run_id)


class _Opened:
    """The right to add trials to a run that is what suite and target say; given back at the end."""

    def __init__(self, suite: Suite, target: Target, ledger: Ledger, run_id: str, progress: Progress | None) -> None:
        self._parts = (suite, target, ledger, run_id, progress)
        self._lock = ledger.lock(run_id)

    async def __aenter__(self) -> _Session:
        suite, target, ledger, run_id, progress = self._parts
        check_unchanged(ledger.run_info(run_id), ledger.suite(run_id), suite, target.info)
        self._lock.__enter__()
        return _Session(suite, target, ledger, run_id, progress)

    async def __aexit__(self, *error: object) -> None:
        self._lock.__exit__(None, None, None)


class _Session:
    """One attempt to bring a run to its end."""

    def __init__(self, suite: Suite, target: Target, ledger: Ledger, run_id: str, progress: Progress | None) -> None:
        self._suite, self._target, self._run_id, self._progress = suite, target, run_id, progress
        self._finished = ledger.finished(run_id)
        tally = ledger.tally(run_id)
        self._tally = tally
        self._meter = Meter(tally.done, done=tally.done, failed=tally.failed, usage=tally.usage)
        self._writer = _Writer(ledger, run_id)
        self._stage = Stage(())
        self._spent: BudgetExceeded | None = None
        self.trials = suite.trials

    async def run(self, cases: Sequence[Case], concurrency: int) -> None:
        if concurrency < 1:
            raise ValueError("concurrency must be at least 1")
        missing = len(list(self._pending(cases)))
        if not missing:
            return
        tally, total = self._tally, self._tally.done + missing
        self._meter = Meter(total, done=tally.done, failed=tally.failed, usage=tally.usage)
        require_conversant(cases, self._target, self._target.info)
        self._stage = Stage(cases)
        await self._target.prepare()
        await self._stage.prepare()
        if self._progress:
            self._progress.update(self._meter.state)
        pending = self._pending(cases)
        workers = [asyncio.create_task(self._work(pending)) for _ in range(min(concurrency, missing))]
        try:
            await asyncio.gather(*workers)
        except LedgerError as err:
            raise LedgerError(f"run {self._run_id} stopped after {self._meter.state.done} trials: {err}") from err
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await self._stage.aclose()
            await self._writer.drained()
        if self._spent is not None:
            raise RunFailed(
                f"run {self._run_id} stopped after {self._meter.state.done} of {total} trials, which are kept: "
                f"{self._spent}. Raise the budget and go on with --resume {self._run_id}"
            ) from self._spent

    def _pending(self, cases: Sequence[Case]) -> Iterator[tuple[Case, TrialKey]]:
        for case in cases:
            for number in range(self.trials):
                key = TrialKey(case_id=case.id, trial=number)
                if key not in self._finished:
                    yield case, key

    async def _work(self, pending: Iterator[tuple[Case, TrialKey]]) -> None:
        """Take trials until none is left; all workers draw from one iterator."""
        for case, key in pending:
            if self._spent is not None:
                return
            try:
                trial = await self._trial(case, key)
            except BudgetExceeded as err:
                self._spent = err  # the others end what they have begun
                return
            await self._writer.write(trial)
            state = self._meter.count(trial)
            if self._progress:
                self._progress.update(state)

    async def _trial(self, case: Case, key: TrialKey) -> Trial:
        seed = key.seed(self._suite.seed)
        started_at, clock_from = datetime.now(UTC), perf_counter()
        try:
            if case.scenario is not None and isinstance(self._target, Conversant):
                outcome = await play(case, key, seed, self._target, self._target.info, self._stage)
            else:
                outcome = await self._target.answer(case, key, seed)
            return _storable(_as_trial(outcome, key, seed))
        except (Exception, SystemExit, asyncio.CancelledError) as err:
            task = asyncio.current_task()
            if isinstance(err, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            if isinstance(err, BudgetExceeded) and err.scope == "run":
                raise
            message = f"{describe(err).partition(': ')[2] or 'no message'} (at {place(err)})"
            outcome = failed(type(err).__name__, message, started_at=started_at, clock_from=clock_from)
            return _as_trial(outcome, key, seed)


def _as_trial(outcome: Outcome, key: TrialKey, seed: int) -> Trial:
    parts = {name: getattr(outcome, name) for name in Outcome.model_fields}
    return Trial(**parts, key=key, seed=seed)


def _storable(trial: Trial) -> Trial:
    """The trial, or a failed one with the same usage where its text is no Unicode and cannot be written down."""
    try:
        trial.model_dump_json()
    except ValueError as err:
        outcome = Outcome(
            failure=Failure(kind="TargetFailed", message=f"an answer that cannot be stored: {describe(err)}"),
            usage=trial.usage,
            latency_s=trial.latency_s,
            started_at=trial.started_at,
        )
        return _as_trial(outcome, trial.key, trial.seed)
    return trial


class _Writer:
    """Brings trials to disk off the event loop; those that wait together share one commit."""

    def __init__(self, ledger: Ledger, run_id: str) -> None:
        self._ledger, self._run_id = ledger, run_id
        self._waiting: list[tuple[Trial, asyncio.Future[None]]] = []
        self._commits: asyncio.Task[None] | None = None

    async def write(self, trial: Trial) -> None:
        """Returns when the trial is on disk. Raises LedgerError. Being cancelled does not keep it from the disk."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((trial, written))
        if self._commits is None or self._commits.done():
            self._commits = asyncio.create_task(self._commit_all())
        await asyncio.shield(written)

    async def drained(self) -> None:
        """Returns when nothing waits any more."""
        if self._commits is not None:
            await self._commits

    async def _commit_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._ledger.record, self._run_id, *(trial for trial, _ in batch))
            except Exception as err:  # noqa: BLE001 - it is raised in the workers that wait
                for _, written in batch:
                    written.set_exception(err)
                    written.exception()  # marks it as seen: its worker may be gone
            else:
                for _, written in batch:
                    written.set_result(None)
