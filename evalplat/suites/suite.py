"""suite.yaml and gate.yaml into records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from evalplat.errors import CaseError, SpecError
from evalplat.records import Dataset, GatePolicy, Record, ScorerSpec, Suite, build, parse_yaml
from evalplat.records.base import Name

from .dataset.dataset import load_dataset
from .files import read_text
from .scenario.file import is_scenario_file, load_scenarios

MAX_BYTES = 4 * 2**20

Lines = dict[tuple[str | int, ...], int]


class SuiteFile(Record):
    """The fields of suite.yaml. `datasets` and `policy` are files, relative to it; YAML and folders are scenarios."""

    name: Name
    datasets: tuple[Name, ...] = Field(min_length=1)
    scorers: tuple[ScorerSpec, ...] = Field(min_length=1)
    trials: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)
    policy: Name | None = None


def load_suite(path: Path | str) -> Suite:
    """A suite with its datasets and, where it names one, its gate policy. The options of scorers are not looked at.

    Raises SpecError naming file, line and field, and CaseError for a dataset.
    """
    path = Path(path)
    where = str(path)
    data, lines = read_plain(path)
    file = build(SuiteFile, data, where=where, lines=lines)
    datasets = []
    for position, name in enumerate(file.datasets):
        if not (path.parent / name).exists():
            line = lines.get(("datasets", position), 1)
            raise SpecError(f"datasets.{position}: no file {path.parent / name}", where=f"{where}:{line}")
        datasets.append(read_dataset(path.parent / name))
    _no_case_twice(file, datasets, path)
    fields = {
        "name": file.name, "datasets": tuple(datasets), "scorers": file.scorers,
        "trials": file.trials, "seed": file.seed, "policy": policy_of_suite(file, path, lines),
    }  # fmt: skip
    return build(Suite, fields, where=where, lines=lines)


def read_plain(path: Path) -> tuple[Any, Lines]:
    """A small YAML file, and the line of each of its fields."""
    return parse_yaml(read_text(path, limit=MAX_BYTES, error=SpecError), where=str(path))


def policy_of_suite(file: SuiteFile, path: Path, lines: Lines) -> GatePolicy | None:
    """What the suite.yaml at `path` names. Raises SpecError where it is not there."""
    if file.policy is None:
        return None
    if not (path.parent / file.policy).is_file():
        line = lines.get(("policy",), 1)
        raise SpecError(f"policy: no file {path.parent / file.policy}", where=f"{path}:{line}")
    return load_policy(path.parent / file.policy)


def read_dataset(path: Path) -> Dataset:
    """Cases in JSON Lines, or scenarios."""
    return load_scenarios(path) if path.is_dir() or is_scenario_file(path) else load_dataset(path)


def load_policy(path: Path | str) -> GatePolicy:
    """A gate policy. Raises SpecError naming file, line and field."""
    path = Path(path)
    data, lines = read_plain(path)
    return build(GatePolicy, data, where=str(path), lines=lines)


def _no_case_twice(file: SuiteFile, datasets: list[Dataset], path: Path) -> None:
    homes: dict[str, str] = {}
    for name, dataset in zip(file.datasets, datasets, strict=True):
        for case in dataset.cases:
            if case.id in homes:
                raise CaseError(f"id: {case.id!r} is also in {homes[case.id]}", where=str(path.parent / name))
            homes[case.id] = name
