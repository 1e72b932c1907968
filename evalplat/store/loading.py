"""Kept runs read back as records."""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from evalplat.errors import ReferenceUnknown, StoreError
from evalplat.records import Run, RunInfo, ScoreTable, Suite

from .artifacts import download, has_file
from .door import Door
from .experiments import aliases, experiments
from .facts import split_metrics
from .kept import StoredRun
from .names import clipped, run_key
from .runs import is_complete, search
from .score_table import scores_from_parquet
from .trial_table import trials_from_files, with_traces

_MLFLOW_ID_LENGTH = 32
_NEAR = 5


def whole_run(door: Door, run_id: str) -> Any:
    """The MLflow run that holds our run. Raises ReferenceUnknown where it is absent or was kept only in part."""
    partly = False
    for found in search(door, "run", run_key(run_id)):
        if is_complete(found):
            return found
        partly = True
    if partly:
        raise ReferenceUnknown(
            f"run {run_id} is only half in {door.location.shown}: save it again (`evalplat run … --resume {run_id}`)"
        )
    raise ReferenceUnknown(f"run {run_id} is not in {door.location.shown}")


def has_trials(door: Door, run_id: str) -> bool:
    """Whether the run has trials and a suite."""
    return has_file(whole_run(door, run_id), "trials.parquet")


def _run_with_trials(door: Door, run_id: str) -> Any:
    found = whole_run(door, run_id)
    if not has_file(found, "trials.parquet"):
        raise ReferenceUnknown(f"run {run_id} was imported as scores: it has no trials and no suite")
    return found


def load_info(door: Door, run_id: str) -> RunInfo:
    """What the run froze, and how it stands."""
    content = download(door, whole_run(door, run_id), "run.json")
    with _readable(run_id, "run.json"):
        return RunInfo.model_validate(json.loads(content))


def load_run(door: Door, run_id: str, *, traces: bool = True) -> Run:
    """The run with all its trials, with or without their traces."""
    found = _run_with_trials(door, run_id)
    info, table = (download(door, found, name) for name in ("run.json", "trials.parquet"))
    lines = _lines(door, found) if traces else None
    with _readable(run_id, "its trials"):
        return Run(info=RunInfo.model_validate(json.loads(info)), trials=trials_from_files(table, lines))


def load_traces(door: Door, run: Run, whole: Container[str]) -> Run:
    """A kept run that was loaded without traces, with them."""
    lines = _lines(door, _run_with_trials(door, run.info.id))
    with _readable(run.info.id, "its traces"):
        return run.model_copy(update={"trials": with_traces(run.trials, lines, whole)})


def _lines(door: Door, found: Any) -> Iterable[bytes]:
    # As bytes, whose only line end is the file's: a model's text may hold others.
    return io.BytesIO(download(door, found, "traces.jsonl"))


def load_suite(door: Door, run_id: str) -> Suite:
    """The suite as the run saw it."""
    content = download(door, _run_with_trials(door, run_id), "suite.json")
    with _readable(run_id, "suite.json"):
        return Suite.model_validate(json.loads(content))


def load_scores(door: Door, run_id: str) -> ScoreTable:
    """The run's score table."""
    content = download(door, whole_run(door, run_id), "scores.parquet")
    with _readable(run_id, "scores.parquet"):
        return scores_from_parquet(content)


def list_runs(door: Door, suite: str | None) -> tuple[StoredRun, ...]:
    """Whole runs, the newest first."""
    names: dict[str, list[str]] = {}
    for experiment in experiments(door, suite):
        for alias, run_id in aliases(experiment).items():
            names.setdefault(run_id, []).append(alias)
    kept = (found for found in search(door, "run", suite=suite) if is_complete(found))
    return tuple(_stored(found, names) for found in kept)


def resolve(door: Door, ref: str, suite: str | None) -> str:
    """Our run id behind a run id, an MLflow run id, or an alias of a suite."""
    for found in search(door, "run", run_key(ref)):
        if is_complete(found):
            return ref
    by_alias = {named[ref] for experiment in experiments(door, suite) if ref in (named := aliases(experiment))}
    if len(by_alias) > 1:
        raise ReferenceUnknown(f"the alias {ref!r} names runs of {len(by_alias)} suites: say which with --suite")
    if by_alias:
        return by_alias.pop()
    if len(ref) == _MLFLOW_ID_LENGTH:
        for run in list_runs(door, None):
            if run.mlflow_run_id == ref:
                return run.run_id
    raise ReferenceUnknown(_unknown(door, ref, suite))


def _unknown(door: Door, ref: str, suite: str | None) -> str:
    kept = list_runs(door, suite)
    known = list(dict.fromkeys(name for run in kept for name in (*run.aliases, run.run_id)))
    near = difflib.get_close_matches(ref, known, n=_NEAR, cutoff=0.5) or known[:_NEAR]
    where = door.location.shown + (f", suite {suite}" if suite else "")
    if any(search(door, "run", run_key(ref))):
        return f"run {ref} is only half in {where}: save it again (`evalplat run … --resume {ref}`)"
    if not near:
        return f"{ref!r} is no run and no alias: there are no runs in {where}"
    return f"{ref!r} is no run and no alias in {where}; there are {', '.join(near)}"


def _stored(found: Any, names: dict[str, list[str]]) -> StoredRun:
    tags = found.data.tags
    run_id = tags["evalplat.run_id"]
    metrics, totals = split_metrics(found.data.metrics)
    return StoredRun(
        run_id=run_id,
        mlflow_run_id=found.info.run_id,
        suite=tags["evalplat.suite"],
        suite_fingerprint=tags["evalplat.suite.sha256"],
        target=tags["evalplat.target"],
        target_ref=tags["evalplat.target.ref"],
        target_fingerprint=tags["evalplat.target.sha256"],
        n_cases=int(tags["evalplat.n_cases"]),
        trials=int(tags["evalplat.trials"]),
        created_at=tags["evalplat.created_at"],
        closed_at=tags.get("evalplat.closed_at"),
        version=tags["evalplat.version"],
        metrics=metrics,
        totals=totals,
        aliases=tuple(sorted(names.get(run_id, ()))),
    )


@contextmanager
def _readable(run_id: str, what: str) -> Iterator[None]:
    try:
        yield
    except ValueError as err:
        first = str(err).splitlines()[0]
        raise StoreError(f"run {run_id}: {what} cannot be read by this version of evalplat: {clipped(first)}") from err
