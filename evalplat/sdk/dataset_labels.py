"""dataset labels: what people said about cases, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalplat.errors import InputError
from evalplat.records import Agreement, Label
from evalplat.suites import agreement, labelled, latest_labels, load_labels, write_cases
from evalplat.suites.dataset.agreement import Level

from .dataset import open_dataset


def labels(ref: str, *, name: str | None = None, level: Level = "nominal") -> tuple[Agreement, ...]:
    """Agreement on each label of a dataset, or on one. Where a person answered twice, the later answer counts.

    Raises InputError, CaseError, ReferenceUnknown, and DependencyMissing where the extra `labels` is not installed.
    """
    named = open_dataset(ref)
    by_label = latest_labels(named.cases, name)
    return tuple(agreement(label, by_case, level=level) for label, by_case in by_label.items())


def add_labels(ref: str, files: Sequence[Path], *, out: Path | None = None) -> int:
    """Put labels of JSON Lines files on the cases of a dataset, in place or to `out`; how many rows were read.

    Raises InputError, CaseError or ReferenceUnknown; then no file is changed.
    """
    named = open_dataset(ref)
    target = out or named.path
    if target is None:
        raise InputError(f"{ref} is no file: say with --out where the labelled cases go")
    found: dict[str, tuple[Label, ...]] = {}
    for file in files:
        for case_id, new in load_labels(file).items():
            found[case_id] = (*found.get(case_id, ()), *new)
    write_cases(target, labelled(named.cases, found))
    return sum(map(len, found.values()))
