"""ensure_baseline: an alias names a kept run of this system on these questions; it is run only where none is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.suites import load_suite

from .baseline import baseline_of
from .run import How, with_trials
from .workspace import workspace

if TYPE_CHECKING:
    from evalplat.harness import Progress


@dataclass(frozen=True, slots=True)
class Ensured:
    """`run_id` is what `alias` names now; `trials_run` is 0 where a kept run holds."""

    run_id: str
    alias: str
    trials_run: int


def ensure_baseline(
    suite: Path | str,
    agent: str,
    *,
    alias: str = "production",
    trials: int | None = None,
    model: str | None = None,
    concurrency: int = 4,
    progress: Progress | None = None,
) -> Ensured:
    """Let `alias` name the newest kept run of `agent` on the questions of `suite`; run it where there is none.

    What CI does before a gate, in a folder with the agent as it is on the target branch. Raises as `run` does.
    """
    place = workspace()
    store, loaded = place.store(), with_trials(load_suite(suite), trials)
    how = How(model=model, concurrency=concurrency, progress=progress)
    base = baseline_of(agent, loaded, how, place=place, store=store)
    store.set_alias(alias, base.kept.run_id)
    return Ensured(base.kept.run_id, alias, base.trials_run)
