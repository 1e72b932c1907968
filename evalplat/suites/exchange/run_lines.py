"""Runs as JSON Lines: a head, a line a case, a line a trial with its grades. Nothing of a run is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalplat.errors import LogError
from evalplat.records import Case, Evaluation, Graded, RunHead, build
from evalplat.suites.files import replaced

from .assemble import check_trials
from .sources import begins_with, lines_of

_BEGINNING = b'{"schema":"evalplat.run/'


def is_run(path: Path) -> bool:
    """Whether a file of JSON Lines is an exported run, by how it begins. Raises LogError where it cannot be read."""
    return begins_with(path).replace(b" ", b"").startswith(_BEGINNING)


def write_run(path: Path, evaluation: Evaluation) -> None:
    """The run as a file, whole or not at all. Raises InputError."""
    with replaced(path) as file:
        file.write(f"{evaluation.head.model_dump_json(by_alias=True)}\n".encode())
        for case in evaluation.cases:
            file.write(f'{{"case":{case.model_dump_json(exclude_defaults=True)}}}\n'.encode())
        for one in evaluation.trials:
            file.write(f"{one.model_dump_json(exclude_defaults=True)}\n".encode())


def read_run(path: Path) -> Evaluation:
    """The run in a file. Raises LogError naming line and field, also where the file was cut or changed."""
    rows = lines_of(path)
    number, first = next(rows, (1, {}))
    head = build(RunHead, first, where=f"{path}:{number}", error=LogError)
    found = Evaluation(
        system=head.system,
        suite=head.suite,
        dataset=head.dataset,
        cases=tuple(_cases(rows, head.n_cases, path)),
        trials=tuple(build(Graded, row, where=f"{path}:{line}", error=LogError) for line, row in rows),
        scorers=head.scorers,
        seed=head.seed,
    )
    check_trials(found.trials, path)
    if len(found.trials) != head.n_trials:
        raise LogError(f"has {len(found.trials)} trials where its head says {head.n_trials}: it was cut",
                       where=str(path))  # fmt: skip
    known = {case.id for case in found.cases}
    for one in found.trials:
        if one.trial.key.case_id not in known:
            raise LogError(f"a trial is of case {one.trial.key.case_id!r}, which it has not", where=str(path))
    if found.digest != head.digest:
        raise LogError("is not what its head says: it was changed after it was exported", where=str(path))
    return found


def _cases(rows: Iterator[tuple[int, dict[str, Any]]], count: int, path: Path) -> Iterator[Case]:
    seen: set[str] = set()
    for _ in range(count):
        line, row = next(rows, (0, {}))
        if not isinstance(row.get("case"), dict):
            raise LogError(f"expected case {len(seen) + 1} of {count}", where=f"{path}:{line}" if line else str(path))
        case = build(Case, row["case"], where=f"{path}:{line}", error=LogError)
        if case.id in seen:
            raise LogError(f"case {case.id!r} occurs twice", where=f"{path}:{line}")
        seen.add(case.id)
        yield case
