"""import: tables of cases as datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evalplat.suites import exchange, write_cases

Kind = Literal["csv", "jsonl", "parquet", "inspect"]


@dataclass(frozen=True, slots=True)
class ImportedCases:
    """A dataset file that was written. `left_out` are columns that no field of a case takes."""

    path: Path
    n_cases: int
    left_out: tuple[str, ...] = ()


def import_cases(
    path: Path | str, out: Path | str, *, kind: Kind, renamed: Mapping[str, str] | None = None
) -> ImportedCases:
    """Write the cases of a table (`inspect`: of Inspect's samples, a line each) to `out`, whole or not at all.

    `renamed` is field to column. Raises InputError, CaseError or LogError naming file, line (or row) and field.
    """
    if kind == "inspect":
        return ImportedCases(Path(out), write_cases(Path(out), exchange.read_samples(Path(path))))
    table = exchange.CaseTable(Path(path), kind, renamed)
    count = write_cases(Path(out), table.read())
    return ImportedCases(Path(out), count, table.left_out)
