"""import scores: systems of a score table as runs in the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalplat.suites import read_score_table

from .imported import keep_table
from .workspace import workspace


def import_scores(paths: Sequence[Path | str], *, suite: str | None = None) -> dict[str, str]:
    """Keep each system of the score tables as a run; system to run id. `suite` names the experiment.

    The same content imported again is the same run.
    """
    files = [Path(path) for path in paths]
    table = read_score_table(files)
    store = workspace().store()
    name = suite or files[0].stem
    where = ", ".join(str(path) for path in files)
    return {
        system: keep_table(store, table.of_system(system), system, suite=name, ref=where).run_id
        for system in table.systems
    }
