"""dataset: what a reference names, its figures, its versions and what changed between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evalplat.errors import ReferenceUnknown
from evalplat.records import Card, Dataset, DatasetDiff, DatasetFacts, DatasetVersion
from evalplat.suites import (
    CaseFile,
    CaseList,
    Cases,
    DatasetVersions,
    card_of,
    dataset_diff,
    dataset_facts,
    is_scenario_file,
    load_scenarios,
)
from evalplat.suites import dataset_name as name_of_file
from evalplat.suites.curation import Beside

from .words import note_said
from .workspace import workspace

_PLACES = ("{}", "{}.jsonl", "datasets/{}", "datasets/{}.jsonl")
_RUN = "run:"


@dataclass(frozen=True, slots=True)
class Named:
    """A dataset that a reference names. `path` is there where it is a file of the user's."""

    name: str
    cases: Cases
    card: Card | None = None
    path: Path | None = None
    version: DatasetVersion | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A dataset in figures, with its card, and the versions that it has here, the oldest first."""

    named: Named
    facts: DatasetFacts
    versions: tuple[DatasetVersion, ...]
    same: tuple[DatasetVersion, ...]


def open_dataset(ref: str) -> Named:
    """The dataset behind a reference, not yet read.

    `ref` is a file; a YAML file or folder of scenarios; a name, looked for as NAME.jsonl here and in datasets/, then
    among the versions; NAME@latest, NAME@v3 or NAME@DIGEST; or run:RUN, as that run saw it (run:RUN/NAME where its
    suite has several).
    Raises ReferenceUnknown that says where it looked, and SpecError for a malformed card.
    """
    if ref.startswith(_RUN):
        return _of_run(ref)
    for place in _PLACES:
        path = Path(place.format(ref))
        if path.is_dir() or (path.is_file() and is_scenario_file(path)):
            # No `path`: what is written by people in YAML is not rewritten by commands.
            return Named(name_of_file(path), CaseList(load_scenarios(path).cases, str(path)), card=card_of(path))
        if path.is_file():
            return Named(name_of_file(path), CaseFile(path), card=card_of(path), path=path)
    name, at, which = ref.rpartition("@")
    kept = _versions()
    if at and name:
        return _of_version(kept, kept.find(name, which or "latest"))
    if kept.versions(ref):
        return _of_version(kept, kept.find(ref))
    raise ReferenceUnknown(f"dataset {ref!r}: no such file here or in datasets/, and no kept version of that name")


def show(ref: str) -> Shown:
    """Figures, card and versions of a dataset; every case is checked. Raises CaseError or ReferenceUnknown."""
    named = open_dataset(ref)
    facts = dataset_facts(named.cases)
    kept = _versions()
    return Shown(named, facts, kept.versions(named.name), kept.of_digest(facts.digest))


def version(ref: str, *, name: str | None = None, message: str = "", register: bool = False) -> DatasetVersion:
    """Keep the dataset as a version; the latest one where nothing changed. With `register`, MLflow shows it too.

    Raises CaseError, ReferenceUnknown, and StoreError where MLflow cannot be reached: the version is kept then.
    """
    named = open_dataset(ref)
    kept = _versions().keep(
        name or named.name, named.cases, at=datetime.now(UTC), message=note_said(message, "--message"), card=named.card
    )
    if register:
        workspace().store().register_dataset(kept)
    return kept


def diff(before: str, after: str) -> DatasetDiff:
    """What became of a dataset, between any two references; of what was removed, what a retirement took out."""
    one, other = open_dataset(before), open_dataset(after)
    found = dataset_diff(one.cases, other.cases)
    retired = {gone.case.id for path in {one.path, other.path} if path is not None for gone in Beside(path).retired()}
    return found.model_copy(update={"retired": tuple(case_id for case_id in found.removed if case_id in retired)})


def _versions() -> DatasetVersions:
    return DatasetVersions(workspace().root / "datasets")


def _of_version(kept: DatasetVersions, found: DatasetVersion) -> Named:
    return Named(found.name, kept.cases(found), card=found.card, version=found)


def _of_run(ref: str) -> Named:
    run_ref, slash, name = ref.removeprefix(_RUN).partition("/")
    store = workspace().store()
    datasets: tuple[Dataset, ...] = store.load_suite(store.resolve(run_ref)).datasets
    known = ", ".join(dataset.name for dataset in datasets)
    if not slash and len(datasets) > 1:
        raise ReferenceUnknown(f"{ref}: the run's suite has {known}; say which, as {_RUN}{run_ref}/{datasets[0].name}")
    for dataset in datasets:
        if not slash or dataset.name == name:
            return Named(dataset.name, CaseList(dataset.cases, where=ref))
    raise ReferenceUnknown(f"{ref}: the run's suite has no dataset {name!r}; it has {known}")
