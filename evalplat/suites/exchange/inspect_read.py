"""Logs of Inspect AI: `.eval` archives and `.json` logs as evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evalplat.errors import LogError
from evalplat.records import Evaluation, Graded, ScorerSpec

from .archive import Archive
from .assemble import Cases, check_trials, text_name
from .inspect_own import OwnHead
from .inspect_sample import SampleReader
from .sources import MAX_DOCUMENT_BYTES, as_object, begins_with, document, field, shown

_HEADER, _START, _SAMPLES = "header.json", "_journal/start.json", "samples/"


def read_inspect(
    path: Path,
    *,
    suite: str | None = None,
    system: str | None = None,
    cluster: str | None = None,
    slices: Sequence[str] = (),
) -> Evaluation:
    """A finished log. `cluster` and `slices` name fields of the samples' metadata.

    Scores C, I, P and N are 1, 0, 0.5 and 0; a dictionary of values is a metric each, `scorer.key`. A sample that broke
    off is a failed trial; one without a score has an error. Raises LogError naming file, sample and field, also for a
    log that is not finished: what it lacks is not by chance.
    """
    if begins_with(path).startswith(b"PK"):
        with Archive(path) as archive:
            header = _header(archive, path)
            samples = _members(archive)
            return _evaluation(header, samples, path, suite, system, cluster, slices)
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise LogError(f"is larger than {MAX_DOCUMENT_BYTES // 2**20} MiB: write it as .eval", where=str(path))
    header = document(path.read_bytes(), where=str(path), no_numbers=True)
    if not isinstance(header, dict) or "eval" not in header:
        raise LogError("is no log of Inspect: it has no `eval`", where=str(path))
    listed = field(header, "samples", list, where=str(path), default=[])
    samples = ((f"{path}: samples.{at}", sample) for at, sample in enumerate(listed))
    return _evaluation(header, samples, path, suite, system, cluster, slices)


def _header(archive: Archive, path: Path) -> dict[str, Any]:
    if _HEADER not in archive.names:
        if _START in archive.names:
            raise LogError("is not finished: it has no header.json", where=str(path))
        raise LogError("is no log of Inspect: it has no header.json", where=str(path))
    header = document(archive.read(_HEADER), where=archive.where(_HEADER), no_numbers=True)
    return as_object(header, archive.where(_HEADER))


def _members(archive: Archive) -> Iterator[tuple[str, Any]]:
    for name in archive.names:
        if name.startswith(_SAMPLES) and name.endswith(".json"):
            where = archive.where(name)
            yield where, document(archive.read(name), where=where, no_numbers=True)


def _evaluation(
    header: dict[str, Any],
    samples: Iterator[tuple[str, Any]],
    path: Path,
    suite: str | None,
    system: str | None,
    cluster: str | None,
    slices: Sequence[str],
) -> Evaluation:
    where = str(path)
    status = field(header, "status", str, where=where)
    if status != "success":
        raise LogError(f"is not finished: its status is {shown(status)}, and the samples that it lacks are not missing "
                       "by chance; finish it with `inspect eval-retry`", where=where)  # fmt: skip
    spec = field(header, "eval", dict, where=where)
    own = OwnHead.of(spec, where)
    if own is not None and (cluster is not None or slices):
        raise LogError("its cases bring their clusters and slices, as evalplat wrote it: name none", where=where)
    task = field(spec, "task", str, where=f"{where}: eval")
    model = field(spec, "model", str, where=f"{where}: eval")
    dataset = field(field(spec, "dataset", dict, where=f"{where}: eval", default={}), "name", str, where=where,
                    default=None)  # fmt: skip
    who = text_name(system or (own.system if own else model), "eval.model", where)
    name = text_name(suite or (own.suite if own else task), "eval.task", where)
    reader = SampleReader(system=who, model=own.model if own else model, own=own, cluster=cluster, slices=tuple(slices))
    cases, trials = Cases(), []
    for place, raw in samples:
        if not isinstance(raw, dict):
            raise LogError(f"expected a sample, found {shown(raw)}", where=place)
        case, one = reader.read(raw, place)
        cases.add(case, place, instruction=True)
        trials.append(one)
    check_trials(trials, path)
    metrics = own.metrics if own else reader.metrics()
    if not metrics:
        raise LogError("has no scores: score it first, with `inspect score`", where=where)
    return Evaluation(
        system=who,
        suite=name,
        dataset=own.dataset if own else text_name((dataset or "").strip() or name, "eval.dataset.name", where),
        cases=cases.all(),
        trials=tuple(Graded(trial=one.trial, grades=reader.filled(one, metrics)) for one in trials),
        scorers=tuple(ScorerSpec(metric=metric, kind="imported") for metric in metrics),
        seed=own.seed if own else 0,
        notes=reader.notes(where),
    )
