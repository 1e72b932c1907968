"""Datasets of Inspect AI: a sample a line, as cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalplat.errors import CaseError
from evalplat.records import Case
from evalplat.suites.dataset.read import check_usable

from .inspect_own import KEY
from .inspect_sample import case_of, identity
from .sources import lines_of


def read_samples(path: Path) -> Iterator[Case]:
    """The cases, each checked, each id once; a sample without an id is its line. Raises CaseError or LogError."""
    places: dict[str, str] = {}
    for number, row in lines_of(path):
        where = f"{path}:{number}"
        metadata = row.get("metadata")
        own = metadata.get(KEY) if isinstance(metadata, dict) else None
        beside = own.get("case") if isinstance(own, dict) else None
        case = case_of(identity({"id": number} | row, where), row, beside if isinstance(beside, dict) else {}, where)
        check_usable(case, where)
        first = places.setdefault(case.id, where)
        if first != where:
            raise CaseError(f"id: {case.id!r} is already at {first}", where=where)
        yield case
    if not places:
        raise CaseError("has no cases", where=str(path))
