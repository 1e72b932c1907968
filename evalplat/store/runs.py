"""Runs of ours as MLflow runs: kept whole or marked as not whole, found by their id, read back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalplat.errors import StoreError
from evalplat.records import Record, Run, RunInfo, ScoreTable, Suite, Summary, canonical_json

from .artifacts import Content, upload
from .door import Door
from .experiments import ensure_experiment, experiments
from .facts import dataset_digests, run_params, run_tags, run_totals, summary_metrics
from .json_text import json_line, record_json
from .location import without_credentials
from .names import clipped, run_key
from .prompts import keep_prompts
from .score_table import scores_to_parquet
from .trial_table import traces_to_jsonl, trials_to_parquet

KIND_TAG = "evalplat.kind"
COMPLETE_TAG = "evalplat.complete"
KEY_TAG = "evalplat.key"
CONTENT_TAG = "evalplat.content.sha256"
OWN_FILES = ("run.json", "suite.json", "summary.json", "trials.parquet", "traces.jsonl", "scores.parquet")

_BATCH = 50
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is kept of a run, put together."""

    info: RunInfo
    content: str
    files: Mapping[str, Content]
    metrics: Mapping[str, float]
    datasets: Mapping[str, str]


def keep_run(
    door: Door, run: Run, suite: Suite, scores: ScoreTable, summary: Summary, files: Mapping[str, Content]
) -> str:
    """Keep a run whole: trials, traces, suite, scores, summary and more files."""
    info = run.info
    if suite.name != info.suite or suite.fingerprint != info.suite_fingerprint:
        raise StoreError(f"run {info.id} cannot be kept: it was made with another suite than {suite.name}")
    own: dict[str, Content] = {
        "suite.json": record_json(suite),
        "trials.parquet": trials_to_parquet(run.trials),
        "traces.jsonl": "".join(traces_to_jsonl(run.trials)),
    }
    content = _content_hash(info, scores, suite, *run.trials)
    shown = summary_metrics(info.id, summary) | run_totals(run)
    return _keep(
        door, _Parcel(info, content, own | _common(info, scores, summary, files), shown, dataset_digests(suite))
    )


def keep_scores(door: Door, info: RunInfo, scores: ScoreTable, summary: Summary, files: Mapping[str, Content]) -> str:
    """Keep a system of a score table as a run that has scores and no trials."""
    content = _content_hash(info, scores)
    own = _common(info, scores, summary, files)
    return _keep(door, _Parcel(info, content, own, summary_metrics(info.id, summary), {}))


def _keep(door: Door, parcel: _Parcel) -> str:
    """Complete what a crash left of an earlier attempt, put it away where it differs, or begin anew."""
    info, key = parcel.info, run_key(parcel.info.id)
    experiment_id = ensure_experiment(door, info.suite)
    half = None
    for found in search(door, "run", key):
        if is_complete(found):
            return _same(door, found, info.id, parcel.content)
        if half is None and found.data.tags.get(CONTENT_TAG) == parcel.content:
            half = str(found.info.run_id)
        else:
            door.client.delete_run(found.info.run_id)
    tags = run_tags(info) | {CONTENT_TAG: parcel.content}
    name = clipped(f"{info.target.name} · {info.id}", 250)
    mlflow_run_id = half or begin(door, "run", experiment_id, key, name, _millis(info.created_at), tags)
    tags |= upload(door, mlflow_run_id, parcel.files)
    tags |= keep_prompts(door, info.target.spec, experiment_id)
    _log_datasets(door, mlflow_run_id, parcel.datasets)
    ended = _millis(info.closed_at or info.created_at)
    finish(door, mlflow_run_id, parcel.metrics, tags, run_params(info), ended)
    return mlflow_run_id


def begin(door: Door, kind: str, experiment_id: str, key: str, name: str, started: int, tags: Mapping[str, str]) -> str:
    """A new MLflow run, marked as not whole."""
    own = {KIND_TAG: kind, KEY_TAG: key, COMPLETE_TAG: "false", "mlflow.source.name": "evalplat"}
    made = door.client.create_run(experiment_id, start_time=started, run_name=name, tags={**tags, **own})
    return str(made.info.run_id)


def finish(
    door: Door,
    mlflow_run_id: str,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    params: Mapping[str, str],
    ended: int,
) -> None:
    """Log what MLflow's tables show, then mark the run as whole: the very last step."""
    from mlflow.entities import Metric, Param, RunTag

    for some in _chunks(params.items(), _BATCH):
        door.client.log_batch(mlflow_run_id, params=[Param(*pair) for pair in some], synchronous=True)
    for some in _chunks(tags.items(), _BATCH):
        door.client.log_batch(mlflow_run_id, tags=[RunTag(*pair) for pair in some], synchronous=True)
    for numbers in _chunks(metrics.items(), _PAGE):
        points = [Metric(key, value, ended, 0) for key, value in numbers]
        door.client.log_batch(mlflow_run_id, metrics=points, synchronous=True)
    door.client.set_terminated(mlflow_run_id, "FINISHED", ended)
    door.client.set_tag(mlflow_run_id, COMPLETE_TAG, "true", synchronous=True)


def search(door: Door, kind: str, key: str | None = None, suite: str | None = None) -> Iterator[Any]:
    """MLflow runs of ours, the oldest first where a key is given, else the newest."""
    found = [experiment.experiment_id for experiment in experiments(door, suite)]
    if not found:
        return
    query = f"tags.`{KIND_TAG}` = '{kind}'" + (f" AND tags.`{KEY_TAG}` = '{key}'" if key else "")
    order = ["attributes.start_time " + ("ASC" if key else "DESC"), "attributes.run_id ASC"]
    token = None
    while True:
        page = door.client.search_runs(found, query, max_results=_PAGE, order_by=order, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def is_complete(mlflow_run: Any) -> bool:
    """True where the run was kept to the end."""
    return bool(mlflow_run.data.tags.get(COMPLETE_TAG) == "true")


def _same(door: Door, found: Any, run_id: str, content: str) -> str:
    if found.data.tags.get(CONTENT_TAG) != content:
        raise StoreError(
            f"run {run_id} is already in {door.location.shown} with other trials or scores, and a kept run does not "
            "change: run the suite again under a new id"
        )
    return str(found.info.run_id)


def _common(info: RunInfo, scores: ScoreTable, summary: Summary, files: Mapping[str, Content]) -> dict[str, Content]:
    clash = sorted(set(files) & set(OWN_FILES))
    if clash:
        raise StoreError(f"run {info.id} cannot be kept: the name {clash[0]} is the store's own")
    ref = without_credentials(info.target.ref)
    clean = info.model_copy(update={"target": info.target.model_copy(update={"ref": ref})})
    table = {"schema": "evalplat.summary/1", **summary.model_dump(mode="json")}
    return {
        "run.json": record_json(clean),
        "summary.json": json_line(table) + "\n",
        "scores.parquet": scores_to_parquet(scores),
        **files,
    }


def _log_datasets(door: Door, mlflow_run_id: str, digests: Mapping[str, str]) -> None:
    from mlflow.entities import Dataset, DatasetInput

    inputs = [
        DatasetInput(Dataset(clipped(name, 500), digest[:36], "evalplat", f"sha256:{digest}"))
        for name, digest in digests.items()
    ]
    if inputs:
        door.client.log_inputs(mlflow_run_id, datasets=inputs)


def _content_hash(info: RunInfo, scores: ScoreTable, *records: Record) -> str:
    """SHA-256 over what a kept run consists of: not when and from which path it was made, nor how it is written."""
    digest = hashlib.sha256()
    frozen = info.model_dump(
        mode="json", exclude={"created_at": True, "closed_at": True, "version": True, "target": {"ref"}}
    )
    for part in (frozen, *(record.model_dump(mode="json") for record in records)):
        digest.update(canonical_json(part).encode("utf-8", "surrogatepass") + b"\n")
    texts = [scores.system, scores.case, scores.metric, scores.error, scores.cluster, scores.output_sha256]
    for column in [*texts, *scores.slices.values()]:
        if column is not None:
            digest.update(canonical_json(column.values).encode("utf-8", "surrogatepass") + column.codes.tobytes())
    digest.update(scores.trial.tobytes() + scores.score.tobytes())
    digest.update(b"" if scores.weight is None else scores.weight.tobytes())
    return digest.hexdigest()


def _millis(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))


def _chunks(pairs: Iterable[tuple[str, Any]], size: int) -> Iterator[list[tuple[str, Any]]]:
    todo = list(pairs)
    return (todo[at : at + size] for at in range(0, len(todo), size))
