"""dataset group: a run's failures in groups that a person can name, label, and turn into a slice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.records import Case, Evaluation, FailureGroup, FailureGroups, Label, build
from evalplat.records.label import LabelValue
from evalplat.suites import CaseFile
from evalplat.suites.curation import Beside, FailedCase, Failing, bad_scores, failed_cases, group_failures
from evalplat.suites.files import read_text, replaced

from .dataset import open_dataset
from .imported import evaluation_of
from .words import name_said, note_said
from .workspace import workspace

_MAX_BYTES = 64 * 2**20


def group(
    run: str, *, metrics: tuple[str, ...] = (), below: float | None = None, n_groups: int | None = None
) -> FailureGroups:
    """Group the failures of a kept run by what was asked and what failed, and keep the groups in the project.

    The same run and options give the same groups. Groups that have the same cases as ones that were kept before keep
    their labels and the name that a person gave. Raises InputError where nothing failed, ReferenceUnknown.
    """
    from evalplat.runtime.retrieval.embedding import embed
    from evalplat.runtime.retrieval.words import make_tokenizer

    store = workspace().store()
    run_id = store.resolve(run)
    found, suite = evaluation_of(store, run_id), store.load_suite(run_id)
    bad = bad_scores(found, metrics=metrics, below=below, suite=suite)
    failed = failed_cases(found, bad)
    if not failed:
        looked = ", ".join(bad.metrics) or "none, as no metric has scores of 0 and 1 only: --metric M --below X"
        raise InputError(f"run {run_id}: no trial failed (metrics: {looked})")
    failing = _failing(found, failed)
    names = {one.case_id for one in failed}
    others = [_asked(case) for case in found.cases if case.id not in names]
    made = group_failures(failing, embed([one.asked for one in failing]), others, make_tokenizer(), n_groups=n_groups)
    groups = FailureGroups(
        run=run_id,
        metrics=bad.metrics,
        below=below,
        method=made.method,
        n_failed=len(failed),
        n_cases=len(found.cases),
        silhouette=made.silhouette,
        groups=tuple(
            FailureGroup(
                id=f"g{number}",
                name=one.name,
                words=one.words,
                failed=dict(one.failed),
                cases=tuple(failing[at].case_id for at in one.members),
                example=failing[one.example].case_id,
            )
            for number, one in enumerate(made.groups, start=1)
        ),
        at=datetime.now(UTC).replace(microsecond=0),
    )
    return _keep(_with_labels(groups))


def kept_groups(run: str) -> FailureGroups:
    """The groups of a run that were kept. Raises ReferenceUnknown where there are none."""
    place = workspace()
    run_id = place.store().resolve(run)
    path = _path(run_id)
    if not path.is_file():
        raise ReferenceUnknown(f"run {run_id} has no groups yet: `evalplat dataset group {run_id}` makes them")
    import json

    return build(FailureGroups, json.loads(read_text(path, limit=_MAX_BYTES, error=InputError)), where=str(path))


def label_group(
    run: str,
    group_id: str,
    *,
    by: str,
    name: str | None = None,
    label: str | None = None,
    value: LabelValue | None = None,
    note: str = "",
) -> FailureGroup:
    """Give a group another name, or a label, or both. Raises ReferenceUnknown, InputError where neither is given."""
    if name is None and label is None:
        raise InputError("give --name, or --label LABEL=VALUE")
    by, note = name_said(by, "--by"), note_said(note, "--note")
    name = None if name is None else name_said(name, "--name")
    label = None if label is None else name_said(label, "--label")
    value = name_said(value, "--label") if isinstance(value, str) else value
    groups = kept_groups(run)
    with FileLock(_path(groups.run).with_suffix(".lock")):
        groups = kept_groups(groups.run)
        old = find_group(groups, group_id)
        changes: dict[str, object] = {} if name is None else {"name": name}
        if label is not None:
            at = datetime.now(UTC).replace(microsecond=0)
            new = Label(name=label, value=value if value is not None else True, by=by, at=at, note=note)
            changes["labels"] = (*old.labels, new)
        group = FailureGroup.model_validate({**old.model_dump(), **changes})
        if any(one.name == group.name for one in groups.groups if one.id != group.id):
            raise InputError(f"--name: another group is called {group.name!r}")
        _keep(
            groups.model_copy(update={"groups": tuple(group if one.id == group.id else one for one in groups.groups)})
        )
    return group


def slice_by_group(
    ref: str, run: str, *, slice_name: str = "failure", groups: tuple[str, ...] = (), others: str | None = None
) -> tuple[int, tuple[str, ...], Path]:
    """Set a slice on the cases of a dataset by the group of failures that they are in; how many, and who is missing.

    Without `groups` all of them count; cases in none get `others` as value, where it is given. Lines of other cases
    stay as they are. Raises ReferenceUnknown, CaseError, InputError for a reference that is no file.
    """
    slice_name = name_said(slice_name, "--name")
    others = None if others is None else name_said(others, "--others")
    named = open_dataset(ref)
    if named.path is None:
        raise InputError(f"{ref} is no file: a slice is set in a dataset's file")
    kept = kept_groups(run)
    chosen = [find_group(kept, one) for one in groups] or list(kept.groups)
    values = {case_id: one.name for one in chosen for case_id in one.cases}
    beside = Beside(named.path)
    with beside.locked(workspace().locks):
        lines: dict[int, Case | None] = {}
        seen = set()
        for number, case in CaseFile(named.path).read():
            seen.add(case.id)
            value = values.get(case.id, others)
            if value is not None and case.slices.get(slice_name) != value:
                lines[number] = case.model_copy(update={"slices": {**case.slices, slice_name: value}})
        missing = tuple(sorted(values.keys() - seen))
        if len(missing) == len(values):
            raise InputError(f"none of the {len(values)} cases is in the dataset", where=str(named.path))
        if lines:
            beside.change(lines)
    return len(lines), missing, named.path


def find_group(groups: FailureGroups, which: str) -> FailureGroup:
    """A group by id or name. Raises ReferenceUnknown."""
    for one in groups.groups:
        if which in (one.id, one.name):
            return one
    known = ", ".join(one.id for one in groups.groups)
    raise ReferenceUnknown(f"run {groups.run} has no group {which!r}; it has {known}")


def _failing(found: Evaluation, failed: tuple[FailedCase, ...]) -> list[Failing]:
    cases = {case.id: case for case in found.cases}
    return [
        Failing(one.case_id, _asked(cases[one.case_id]), (*one.failed, *_more(cases[one.case_id], one)))
        for one in failed
    ]


def _more(case: Case, one: FailedCase) -> tuple[str, ...]:
    """What else tells failures apart: that nothing is known to answer with, and how a conversation ended."""
    said = ("should not know",) if case.expect.abstain else ()
    episode = one.trial.episode
    return said if episode is None else (*said, f"ended: {episode.ended}")


def _asked(case: Case) -> str:
    return case.input if case.scenario is None else f"{case.input}\n{case.scenario.goal}"


def _with_labels(groups: FailureGroups) -> FailureGroups:
    """With unique names, and what people said of groups of the same cases."""
    names: set[str] = set()
    found = []
    known = {frozenset(one.cases): one for one in kept_groups(groups.run).groups} if _path(groups.run).is_file() else {}
    for one in groups.groups:
        before = known.get(frozenset(one.cases))
        name = before.name if before is not None else one.name
        name = name if name not in names else f"{name} ({one.id})"
        names.add(name)
        found.append(one.model_copy(update={"name": name, "labels": before.labels if before is not None else ()}))
    return groups.model_copy(update={"groups": tuple(found)})


def _keep(groups: FailureGroups) -> FailureGroups:
    with replaced(_path(groups.run)) as file:
        file.write(groups.model_dump_json(indent=1).encode() + b"\n")
    return groups


def _path(run_id: str) -> Path:
    return workspace().root / "groups" / f"{run_id}.json"
