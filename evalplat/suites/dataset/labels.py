"""Labels: read from a file, put on cases, and how far those who gave them agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Label, Record, build
from evalplat.records.base import Name
from evalplat.suites.files import read_text
from evalplat.suites.json_lines import json_lines

from .read import Cases

_MAX_BYTES = 512 * 2**20


class LabelRow(Record):
    """A line of a file of labels: a label, and the case that it is of."""

    case_id: Name
    label: Label


def load_labels(path: Path | str) -> dict[str, tuple[Label, ...]]:
    """Labels by case from JSON Lines of {case_id, name, value, by, at, note?}. Raises CaseError naming line, field."""
    path = Path(path)
    where = str(path)
    found: defaultdict[str, list[Label]] = defaultdict(list)
    for number, data in json_lines(read_text(path, limit=_MAX_BYTES, error=CaseError), where=where, error=CaseError):
        place = f"{where}:{number}"
        if "case_id" not in data:
            raise CaseError("case_id: Field required", where=place)
        case_id = data.pop("case_id")
        label = build(Label, data, where=place, error=CaseError)
        row = build(LabelRow, {"case_id": case_id, "label": label}, where=place, error=CaseError)
        found[row.case_id].append(label)
    if not found:
        raise CaseError("has no labels", where=where)
    return {case_id: tuple(labels) for case_id, labels in found.items()}


def labelled(cases: Cases, labels: Mapping[str, Sequence[Label]]) -> Iterator[Case]:
    """The cases with these labels added; one that is there already is not added twice.

    Raises CaseError at the end for labels of cases that are not there: what was written by then must be thrown away.
    """
    left = dict(labels)
    for _, case in cases.read():
        new = [label for label in left.pop(case.id, ()) if label not in case.labels]
        yield case.model_copy(update={"labels": (*case.labels, *dict.fromkeys(new))}) if new else case
    if left:
        raise CaseError(f"has no case {min(left)!r}, for which there are labels", where=cases.where)


def latest_labels(cases: Cases, name: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """By label, case and person the value that this person gave last, of all labels or of one.

    Raises InputError where there is none.
    """
    found: defaultdict[str, defaultdict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for _, case in cases.read():
        for label in sorted(case.labels, key=lambda label: label.at):
            if name in (None, label.name):
                found[label.name][case.id][label.by] = label.value
    if not found:
        raise InputError("no case has a label" + (f" {name!r}" if name else ""), where=cases.where)
    return {label: dict(by_case) for label, by_case in sorted(found.items())}
