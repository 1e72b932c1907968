"""run: a suite against a target, scored and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import StoreError
from evalplat.records import Run, ScoreTable, Suite, Summary, Trial, Usage
from evalplat.scorers import Scored, build, score_run, score_table
from evalplat.suites import load_suite

from .loop import run_to_end
from .workspace import Workspace, workspace

if TYPE_CHECKING:
    from evalplat.harness import Ledger, Progress, Target
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class RunDone:
    """A closed run with its scores. `run_id` is what every other command takes."""

    run_id: str
    suite: Suite
    run: Run
    scored: Scored
    table: ScoreTable
    summary: Summary

    @property
    def n_trials(self) -> int:
        """All trials, failed ones included."""
        return len(self.run.trials)

    @property
    def failures(self) -> tuple[Trial, ...]:
        """The trials that have no answer."""
        return self.run.failures

    @property
    def commonest_failure(self) -> str:
        """Kind and message of the failure that occurs most often."""
        causes = Counter(f"{t.failure.kind}: {t.failure.message}" for t in self.failures if t.failure is not None)
        return causes.most_common(1)[0][0] if causes else ""

    def __str__(self) -> str:
        from evalplat.reports.display import text_of

        from .shown import shown_of

        return text_of(shown_of(self))


def run(
    suite: Path | str,
    agent: str,
    *,
    trials: int | None = None,
    model: str | None = None,
    resume: str | None = None,
    alias: str | None = None,
    concurrency: int = 4,
    max_tokens: int | None = None,
    max_cost_usd: float | None = None,
    progress: Progress | None = None,
    started: Callable[[str], None] | None = None,
) -> RunDone:
    """Run `suite` (a suite.yaml) against `agent` (AGENT.yaml, module:function or an http(s) endpoint).

    Raises a typed error before the first trial where the suite, agent, model or store is not as it should be;
    RunFailed where every trial failed or the budget is spent; what is finished is kept, and `resume` goes on with it.
    `started` is told the run id before the first trial.
    """
    place = workspace()
    how = How(model, concurrency, max_tokens, max_cost_usd, progress, started)
    loaded = with_trials(load_suite(suite), trials)
    done = carry_out(loaded, agent, how, place=place, store=place.store(), resume=resume, alias=alias)
    from evalplat.harness import require_some_success

    require_some_success(done.run)
    return done


def with_trials(suite: Suite, trials: int | None) -> Suite:
    """The suite, with another number of trials per case where one is given."""
    return suite if trials is None else suite.model_copy(update={"trials": trials})


@dataclass(frozen=True, slots=True)
class How:
    """How a run is carried out; nothing of it changes what is asked or how it is scored."""

    model: str | None = None
    concurrency: int = 4
    max_tokens: int | None = None
    max_cost_usd: float | None = None
    progress: Progress | None = None
    started: Callable[[str], None] | None = None
    cached: bool = True
    """Whether a model's answer to the same request and trial may be that of an earlier run."""
    looked: Callable[[str], None] | None = None
    """Told the candidate's run id after each look of a gate."""


def carry_out(
    suite: Suite,
    agent: str,
    how: How,
    *,
    place: Workspace,
    store: Store,
    resume: str | None = None,
    alias: str | None = None,
) -> RunDone:
    """One run to its end: trials, scores, store. Trials are on disk before anything else is tried with them."""
    build(suite.scorers)
    done = summarized(suite, run_trials(suite, agent, how, place=place, resume=resume))
    keep(store, done, alias=alias)
    return done


def summarized(suite: Suite, closed: Run) -> RunDone:
    """A closed run, scored."""
    from evalplat.gates import summarize

    scored = score_run(suite, closed)
    table = score_table(scored, suite, closed, closed.info.id)
    return RunDone(closed.info.id, suite, closed, scored, table, summarize(table))


def run_trials(suite: Suite, agent: str, how: How, *, place: Workspace, resume: str | None = None) -> Run:
    """The closed run with its trials, in the ledger alone."""
    with place.ledger() as ledger:
        return run_to_end(_trials(suite, agent, how, place, ledger, resume))


async def _trials(suite: Suite, agent: str, how: How, place: Workspace, ledger: Ledger, resume: str | None) -> Run:
    """The closed run. A new one is made, and `started` told its id, only when the target is known to be there."""
    from evalplat.harness import execute, freeze, new_run_id, require_playable

    run_id = resume or new_run_id()
    spent = ledger.tally(run_id).usage if resume else None
    target = opened(agent, how, place, run_id=run_id, spent=spent)
    try:
        if resume is None:
            require_playable(suite, target)
            await target.prepare()
            ledger.create_run(freeze(suite, target.info, run_id, datetime.now(UTC)), suite)
        if how.started is not None:
            how.started(run_id)
        return await execute(suite, target, ledger, run_id, concurrency=how.concurrency, progress=how.progress)
    finally:
        await target.aclose()


def opened(agent: str, how: How, place: Workspace, *, run_id: str = "", spent: Usage | None = None) -> Target:
    """The target, known but not yet prepared. Raises ReferenceUnknown or SpecError where there is none."""
    from evalplat.harness import open_target
    from evalplat.runtime.gateway import Budget

    tokens, money = how.max_tokens or place.settings.max_tokens, how.max_cost_usd or place.settings.max_cost_usd
    return open_target(
        agent,
        model=how.model,
        run_id=run_id,
        cache_path=place.cache_path if how.cached else None,
        run_budget=Budget(max_tokens=tokens, max_cost_usd=money) if tokens or money else None,
        spent=spent,
        prices=place.prices(),
    )


def keep(store: Store, done: RunDone, *, alias: str | None = None) -> None:
    """Put a closed run into the store. Its trials stay in the ledger whatever happens here."""
    try:
        store.save_run(done.run, done.suite, done.table, done.summary)
        store.log_traces(done.run_id, done.failures)
        if alias is not None:
            store.set_alias(alias, done.run_id)
    except StoreError as err:
        raise StoreError(
            f"{err}. Run {done.run_id} is finished and kept in the ledger; "
            f"the same command with --resume {done.run_id} brings it to the store without a new trial"
        ) from err
