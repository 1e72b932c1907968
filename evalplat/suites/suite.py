"""suite.yaml and gate.yaml into records."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from evalplat.errors import CaseError, SpecError
from evalplat.records import Dataset, GatePolicy, Record, ScorerSpec, Suite, build, parse_yaml
from evalplat.records.base import Name

from .dataset.dataset import load_dataset
from .files import read_text
from .scenario.file import is_scenario_file, load_scenarios

MAX_BYTES = 4 * 2**20


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
    data, lines = parse_yaml(read_text(path, limit=MAX_BYTES, error=SpecError), where=where)
    file = build(SuiteFile, data, where=where, lines=lines)
    datasets = []
    for position, name in enumerate(file.datasets):
        if not (path.parent / name).exists():
            line = lines.get(("datasets", position), 1)
            raise SpecError(f"datasets.{position}: no file {path.parent / name}", where=f"{where}:{line}")
        datasets.append(_dataset(path.parent / name))
    _no_case_twice(file, datasets, path)
    fields = {
        "name": file.name, "datasets": tuple(datasets), "scorers": file.scorers,
        "trials": file.trials, "seed": file.seed, "policy": _policy(file, path, lines),
    }  # fmt: skip
    return build(Suite, fields, where=where, lines=lines)


def load_rules(path: Path | str) -> GatePolicy | None:
    """The policy in a gate.yaml, or the one that a suite.yaml names, whose datasets are not looked at; None where it
    names none. Raises SpecError naming file, line and field."""
    path = Path(path)
    data, lines = parse_yaml(read_text(path, limit=MAX_BYTES, error=SpecError), where=str(path))
    if not isinstance(data, dict) or "datasets" not in data:
        return build(GatePolicy, data, where=str(path), lines=lines)
    return _policy(build(SuiteFile, data, where=str(path), lines=lines), path, lines)


def _policy(file: SuiteFile, path: Path, lines: dict[tuple[str | int, ...], int]) -> GatePolicy | None:
    if file.policy is None:
        return None
    if not (path.parent / file.policy).is_file():
        line = lines.get(("policy",), 1)
        raise SpecError(f"policy: no file {path.parent / file.policy}", where=f"{path}:{line}")
    return load_policy(path.parent / file.policy)


def _dataset(path: Path) -> Dataset:
    return load_scenarios(path) if path.is_dir() or is_scenario_file(path) else load_dataset(path)


def load_policy(path: Path | str) -> GatePolicy:
    """A gate policy. Raises SpecError naming file, line and field."""
    path = Path(path)
    data, lines = parse_yaml(read_text(path, limit=MAX_BYTES, error=SpecError), where=str(path))
    return build(GatePolicy, data, where=str(path), lines=lines)


def _no_case_twice(file: SuiteFile, datasets: list[Dataset], path: Path) -> None:
    homes: dict[str, str] = {}
    for name, dataset in zip(file.datasets, datasets, strict=True):
        for case in dataset.cases:
            if case.id in homes:
                raise CaseError(f"id: {case.id!r} is also in {homes[case.id]}", where=str(path.parent / name))
            homes[case.id] = name
