"""dataset weigh: cases count as often as what they stand for occurs in production."""

from __future__ import annotations

from pathlib import Path

from evalplat.errors import InputError
from evalplat.records import Weighing
from evalplat.suites import load_traffic, weigh, weighed, write_cases

from .dataset import open_dataset


def weigh_dataset(ref: str, traffic: Path, *, out: Path | None = None) -> tuple[Weighing, Path]:
    """Write the dataset with weights from a table of traffic, in place or to `out`; what they came to, and where.

    Raises InputError, CaseError or ReferenceUnknown; then no file is changed.
    """
    named = open_dataset(ref)
    target = out or named.path
    if target is None:
        raise InputError(f"{ref} is no file: say with --out where the weighted cases go")
    table = load_traffic(traffic)
    weighing = weigh(named.cases, table)
    write_cases(target, (weighed(case, table, weighing, named.cases.where) for _, case in named.cases.read()))
    return weighing, target
