"""import scores: systems of a score table as runs in the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evalplat import __version__
from evalplat.gates import summarize
from evalplat.records import RunInfo, ScoreTable, TargetInfo, content_hash
from evalplat.suites import read_score_table

from .workspace import workspace


def import_scores(paths: Sequence[Path | str], *, suite: str | None = None) -> dict[str, str]:
    """Keep each system of the score tables as a run; system to run id. `suite` names the experiment.

    The same content imported again is the same run.
    """
    files = [Path(path) for path in paths]
    table = read_score_table(files)
    store = workspace().store()
    name = suite or files[0].stem
    ids = {}
    for system in table.systems:
        part = table.of_system(system)
        info = _info(part, system, name, ", ".join(str(path) for path in files))
        ids[system] = info.id
        renamed = part.renamed(info.id)
        store.save_scores(info, renamed, summarize(renamed))
    return ids


def _info(part: ScoreTable, system: str, suite: str, ref: str) -> RunInfo:
    fingerprint = content_hash(
        {
            "suite": suite,
            "case": part.case.decode(),
            "metric": part.metric.decode(),
            "trial": part.trial.tolist(),
            "score": [None if np.isnan(score) else score for score in part.score.tolist()],
            "error": part.error.decode(),
        }
    )
    now = datetime.now(UTC)
    return RunInfo(
        id=f"import-{fingerprint[:12]}",
        suite=suite,
        suite_fingerprint=content_hash(sorted(set(part.case.values))),
        target=TargetInfo(kind="imported", ref=ref, name=system, fingerprint=fingerprint),
        trials=int(part.trial.max()) + 1,
        seed=0,
        n_cases=len(np.unique(part.case.codes)),
        created_at=now,
        closed_at=now,
        version=__version__,
    )
