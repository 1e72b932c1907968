"""dataset curate: cases out of traces and runs, pending until somebody accepts them."""

from __future__ import annotations

import getpass
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from evalplat.errors import CaseError, InputError, ReferenceUnknown
from evalplat.records import Case, Curated, Decided, Evaluation, PendingCase, Suite, build
from evalplat.suites import CaseFile, exchange
from evalplat.suites.curation import (
    Beside,
    Curator,
    FailedCase,
    Known,
    Place,
    bad_scores,
    failed_cases,
    leaks_of,
    proposals,
    without_duplicates,
)
from evalplat.suites.dataset.check import check_threshold
from evalplat.suites.dataset.read import check_usable

from .dataset import open_dataset
from .dataset_group import find_group, kept_groups
from .imported import evaluation_of
from .words import name_said, note_said
from .workspace import workspace

_NEW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\- ]{0,99}")
"""A name without a suffix: `x.yaml` and `x/y` are files that are not there."""

Status = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where cases are taken from: a kept run (all its cases, those that failed, or a group of failures), or traces."""

    run: str | None = None
    traces: Path | None = None
    failed: bool = False
    group: str | None = None
    metrics: Sequence[str] = ()
    below: float | None = None
    case: str | None = None
    cluster: str | None = None
    slices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """What an accepted case gets beside what it has. With any field of `expect`, the old expectation is replaced."""

    expect: Mapping[str, object] | None = None
    as_is: str | None = None
    cluster: str | None = None
    slices: Mapping[str, str] | None = None
    tags: Sequence[str] = ()


def curate(ref: str, source: Source, *, by: str | None = None, threshold: float = 0.8) -> Curated:
    """Put cases beside a dataset, masked, where neither it nor what waits, was rejected or retired has their like.

    `ref` is the dataset's file or name, also of one that is not there yet: it will be datasets/NAME.jsonl where there
    is that folder, else NAME.jsonl here. The dataset itself is not touched. Raises InputError, CaseError, LogError or
    ReferenceUnknown; then nothing is written.
    """
    check_threshold(threshold)
    by = who(by)
    beside = beside_of(ref, new=True, make=True)
    found, suite, name, written = _evaluation(source)
    failed: Sequence[FailedCase] | None = None
    group = None
    if source.group is not None:
        failed, group = _of_group(source, found, suite)
    elif source.failed:
        failed = failed_cases(found, bad_scores(found, metrics=source.metrics, below=source.below, suite=suite))
    from evalplat.runtime.telemetry import Redactor

    curator = Curator(source=name, by=by, at=_now(), group=group, known=Redactor().known, written=written)
    proposed, notes = proposals(found, failed, curator)
    with beside.locked(workspace().locks):
        waiting = beside.pending()
        kept, duplicates = without_duplicates(proposed, _known(beside), threshold=threshold)
        if kept:
            beside.put_pending([*waiting, *kept])
    return Curated(
        dataset=str(beside.dataset),
        source=name,
        path=str(beside.pending_path),
        n_found=len(proposed),
        pending=tuple(kept),
        duplicates=tuple(duplicates),
        notes=(*found.notes, *notes),
    )


def pending(ref: str) -> tuple[PendingCase, ...]:
    """The cases that wait beside a dataset. Raises CaseError or ReferenceUnknown."""
    return beside_of(ref, new=True).pending()


def accept(
    ref: str, ids: Sequence[str] = (), *, fields: Fields = Fields(), by: str | None = None, every: bool = False
) -> tuple[Case, ...]:
    """Put pending cases into the dataset, at its end; what was decided goes to a log beside it.

    `every` takes all that lack nothing. Raises CaseError for a case that lacks something that `fields` does not give,
    or holds a key; InputError where one expectation is given for several cases. Then no file is changed.
    """
    beside, by, why = beside_of(ref, new=True), who(by), note_said(fields.as_is or "", "--as-is")
    with beside.locked(workspace().locks):
        waiting = beside.pending()
        chosen = _chosen(waiting, ids, beside, every=every)
        if fields.expect and len(chosen) > 1:
            raise InputError("an expectation is one case's: accept the cases one by one")
        there = {c.id: c for _, c in CaseFile(beside.dataset).read()} if beside.dataset.is_file() else {}
        accepted = [_accepted(one, fields, beside) for one in chosen]
        for case in accepted:
            if case.id in there and there[case.id].content_hash != case.content_hash:
                raise CaseError(f"case {case.id!r} is in the dataset already, with other content", where=ref)
        beside.add(case for case in accepted if case.id not in there)
        _settle(beside, waiting, chosen, "accepted", by, why)
    return tuple(accepted)


def reject(ref: str, ids: Sequence[str], *, by: str | None = None, note: str = "") -> tuple[PendingCase, ...]:
    """Take pending cases away; they are not proposed again. Raises CaseError or ReferenceUnknown."""
    beside, by, note = beside_of(ref, new=True), who(by), note_said(note, "--note")
    with beside.locked(workspace().locks):
        waiting = beside.pending()
        chosen = _chosen(waiting, ids, beside, every=False)
        _settle(beside, waiting, chosen, "rejected", by, note)
    return chosen


def beside_of(ref: str, *, new: bool = False, make: bool = False) -> Beside:
    """What lies beside the dataset's file, which may be still to come (`new`): of a name only where something waits for
    it already, or where it begins now (`make`).

    Raises ReferenceUnknown, InputError where the reference is no file.
    """
    path = Path(ref)
    if new and path.suffix == ".jsonl" and path.parent.is_dir() and not path.exists():
        return Beside(path)
    try:
        named = open_dataset(ref)
    except ReferenceUnknown:
        beside = _still_to_come(ref, make=make) if new else None
        if beside is None:
            raise
        return beside
    if named.path is None:
        raise InputError(f"{ref} is no file: curation works on a dataset's file")
    return Beside(named.path)


def _still_to_come(name: str, *, make: bool) -> Beside | None:
    """Where a dataset that has only a name yet has its files; None where nothing waits for it."""
    if not _NEW_NAME.fullmatch(name):
        return None
    here, among = Beside(Path(f"{name}.jsonl")), Beside(Path("datasets", f"{name}.jsonl"))
    for beside in (here, among):
        if beside.pending_path.is_file() or beside.curated_path.is_file():
            return beside
    return (among if among.dataset.parent.is_dir() else here) if make else None


def who(by: str | None) -> str:
    """Who does this: as said, else the user of this machine. Raises InputError where that is no name or not known."""
    if by is not None:
        return name_said(by, "--by")
    try:
        return getpass.getuser()
    except (KeyError, OSError) as err:
        raise InputError("--by: the user of this machine is not known: say who decides") from err


def _evaluation(source: Source) -> tuple[Evaluation, Suite | None, str, bool]:
    """Cases and trials; the suite; where they are from; whether people wrote the cases, as those of a suite are."""
    if (source.run is None) == (source.traces is None):
        raise InputError("give either --run RUN or --traces FILE")
    if source.run is not None:
        store = workspace().store()
        run_id = store.resolve(source.run)
        written = store.run_info(run_id).target.kind != "imported"
        return evaluation_of(store, run_id), store.load_suite(run_id), f"run:{run_id}", written
    path = source.traces or Path()
    if source.group is not None:
        raise InputError("--group goes with --run: groups are of a run's failures")
    if path.is_file() and exchange.is_run(path):
        if source.case or source.cluster or source.slices:
            raise InputError("--case, --cluster and --slice are of traces: an exported run's cases have theirs")
        return exchange.read_run(path), None, str(path), False
    found = exchange.read_otlp(path, case=source.case, cluster=source.cluster, slices=source.slices)
    return found, None, str(path), False


def _of_group(source: Source, found: Evaluation, suite: Suite | None) -> tuple[list[FailedCase], str]:
    groups = kept_groups(source.run or "")
    group = find_group(groups, source.group or "")
    bad = bad_scores(found, metrics=groups.metrics, below=groups.below, suite=suite)
    return [one for one in failed_cases(found, bad) if one.case_id in set(group.cases)], group.name


def _known(beside: Beside) -> Known:
    found: list[tuple[Place, Case]] = []
    if beside.dataset.is_file():
        found += [("dataset", case) for _, case in CaseFile(beside.dataset).read()]
    found += [("pending", one.case) for one in beside.pending()]
    found += [("rejected", one.pending.case) for one in beside.decided() if one.status == "rejected"]
    found += [("retired", one.case) for one in beside.retired()]
    return Known(tuple(found))


def _chosen(
    waiting: Sequence[PendingCase], ids: Sequence[str], beside: Beside, *, every: bool
) -> tuple[PendingCase, ...]:
    if every == bool(ids):
        raise InputError("name the cases, or say --all")
    if every:
        ready = tuple(one for one in waiting if not one.lacks)
        if not ready:
            raise CaseError(
                f"none of {len(waiting)} pending cases is ready: each lacks something", where=str(beside.pending_path)
            )
        return ready
    by_id = {one.case.id: one for one in waiting}
    for case_id in ids:
        if case_id not in by_id:
            some = ", ".join(list(by_id)[:5]) + (", …" if len(by_id) > 5 else "") or "none"
            raise ReferenceUnknown(f"{beside.pending_path}: no pending case {case_id!r}; there are {some}")
    return tuple(by_id[case_id] for case_id in dict.fromkeys(ids))


def _accepted(one: PendingCase, fields: Fields, beside: Beside) -> Case:
    """The case as it goes into the dataset."""
    where = f"{beside.pending_path}: case {one.case.id!r}"
    lacks = () if fields.expect or fields.as_is else one.lacks
    if lacks:
        raise CaseError(
            f"lacks {' and '.join(lacks)}: give one (--answer, --number, --pattern, --abstain), or say with --as-is why"
            " none is needed",
            where=where,
        )
    data = one.case.model_dump(mode="json", exclude_defaults=True)
    if fields.expect:
        data["expect"] = dict(fields.expect)
    if fields.cluster is not None:
        data["cluster"] = fields.cluster
    data["slices"] = {**data.get("slices", {}), **(fields.slices or {})}
    data["tags"] = list(dict.fromkeys([*data.get("tags", ()), *fields.tags]))
    case = build(Case, data, where=where, error=CaseError)
    check_usable(case, where)
    for place, kind in leaks_of(case):
        if kind == "secret":
            raise CaseError(f"{place}: holds what has the shape of a key or token: mask it first", where=where)
    return case


def _settle(
    beside: Beside, waiting: Sequence[PendingCase], chosen: Sequence[PendingCase], status: Status, by: str, note: str
) -> None:
    gone = {one.case.id for one in chosen}
    at = _now()
    beside.log(Decided(status=status, pending=one, by=by, at=at, note=note) for one in chosen)
    beside.put_pending([one for one in waiting if one.case.id not in gone])


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
