"""selftest: the gate checks itself on a suite's own shape."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from evalplat.errors import InputError
from evalplat.gates.looks import Schedule
from evalplat.gates.selftest import Bench, Tally, chunk, looks_chunk, plan_of_looks, prepare, result
from evalplat.records import GatePolicy
from evalplat.records.selftest import Selftest

from .command import command
from .learned import History

CHUNK = 50
EARLY_SHARE = 4
"""Gates that stop early are simulated once in so many: each of their looks is a gate."""

FEWEST_DRAWS = 100
MOST_DRAWS = 1_000_000
SEED = 20_000

Progress = Callable[[int, int], None]
"""Called with the parts that are done and that there will be."""


def selftest(
    *,
    policy: GatePolicy | None = None,
    scores: Sequence[Path | str] = (),
    history: Sequence[str] = (),
    baseline: str | None = None,
    candidate: str | None = None,
    draws: int = 2000,
    seed: int = SEED,
    workers: int = 1,
    progress: Progress | None = None,
) -> Selftest:
    """How often `policy` passes and fails simulated agents, unchanged and worse, on a suite of this shape.

    The shape is that of systems `baseline` and `candidate` of the score tables `scores` (or of one of them), or of one
    or two kept runs `history`, by id or alias; a run's own policy is used where none is given. `draws` gates of each
    scenario; the counts depend on `seed` and `draws`, not on `workers`. More than one worker are processes of their
    own: a script that asks for them needs its `if __name__ == "__main__"`.

    Raises InputError, ReferenceUnknown or GateUndecidable where nothing can be simulated.
    """
    if not FEWEST_DRAWS <= draws <= MOST_DRAWS:
        raise InputError(f"--draws: from {FEWEST_DRAWS} to {MOST_DRAWS:,}, found {draws}")
    if workers < 1:
        raise InputError(f"--workers: at least 1, found {workers}")
    past = _history(policy, scores, history, baseline, candidate)
    bench = prepare(past.table, past.fitted, *past.systems)
    plan = plan_of_looks(bench)
    tasks = _tasks(bench, plan, seed, draws)
    tally = Tally()
    for done, part in enumerate(_carried_out(tasks, workers), 1):
        tally.add(part)
        if progress is not None:
            progress(done, len(tasks))
    names = tuple(name for name in past.names if name is not None)
    looks = plan.cases if plan is not None else ()
    found = result(bench, tally, past.fitted, seed=seed, history=names, looks=looks)
    return found.model_copy(update={"policy_sha256": past.policy.content_hash})


def _history(
    policy: GatePolicy | None,
    scores: Sequence[Path | str],
    history: Sequence[str],
    baseline: str | None,
    candidate: str | None,
) -> History:
    if bool(scores) == bool(history):
        raise InputError("give either --scores FILE or --history RUN")
    if history:
        return History.of_runs(history, policy)
    if policy is None:
        raise InputError("--scores needs --policy, or --metric and --margin")
    return History.of_scores(scores, policy, baseline, candidate)


def _tasks(bench: Bench, plan: Schedule | None, seed: int, draws: int) -> list[Callable[[], Tally]]:
    """All chunks, each with random numbers of its own, so that their order is of no account."""

    def sizes(total: int) -> list[int]:
        return [min(CHUNK, total - start) for start in range(0, total, CHUNK)]

    tasks: list[Callable[[], Tally]] = [
        partial(chunk, bench, seed, number, size) for number, size in enumerate(sizes(draws))
    ]
    if plan is not None:
        early = max(CHUNK, draws // EARLY_SHARE)
        tasks += [partial(looks_chunk, bench, plan, seed, number, size) for number, size in enumerate(sizes(early))]
    return tasks


def _carried_out(tasks: Sequence[Callable[[], Tally]], workers: int) -> Iterator[Tally]:
    """The tallies of all chunks, as they are done."""
    if workers == 1:
        yield from (task() for task in tasks)
        return
    # A fork of a process with threads may hang; a fresh one imports in a second.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
        try:
            for done in as_completed([pool.submit(task) for task in tasks]):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def cores() -> int:
    """Cores that this process may use: the counts are the same whatever the number."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def page(found: Selftest) -> str:
    """The page of a selftest, for people."""
    from evalplat.reports import render_selftest_html

    return render_selftest_html(found, command=command(), generated_at=datetime.now(UTC))
