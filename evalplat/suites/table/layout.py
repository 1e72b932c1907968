"""Which columns of a score table are ours, by name; a near miss is refused, for reading past it changes verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalplat.errors import ScoreTableError

NO_CLUSTER = "none"
REQUIRED = ("system", "case_id", "metric")
TEXTS = (*REQUIRED, "cluster", "error", "output_sha256")
NUMBERS = ("score", "trial", "weight", "cost_usd", "latency_s")
MEASURED = ("cost_usd", "latency_s")
SLICE = "slice."
_ALIASES = {"task_id": "case_id"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Our name of each column that is read, to the file's own name."""

    texts: Mapping[str, str]
    numbers: Mapping[str, str]

    def label(self, column: str) -> str:
        """The file's own name of a column."""
        return self.texts.get(column) or self.numbers.get(column) or column


def layout_of(found: Sequence[str], *, cluster: str | None, where: str) -> Layout:
    """Find our columns among those `found`. `cluster` is a column, `none`, or None: `cluster` where there is one.

    Raises ScoreTableError for a missing column, one that occurs twice, and one whose name is a near miss.
    """
    for name in found:
        if found.count(name) > 1:
            raise ScoreTableError(f"column {name!r} occurs twice", where=where)
    texts = {name: name for name in TEXTS if name in found}
    if "case_id" not in texts and "task_id" in found:
        texts["case_id"] = "task_id"
    texts |= {name: name for name in found if name.startswith(SLICE) and len(name) > len(SLICE)}
    numbers = {name: name for name in NUMBERS if name in found}
    if cluster is not None:
        texts.pop("cluster", None)
        if cluster != NO_CLUSTER:
            texts["cluster"] = cluster
    _complete(texts, numbers, found, where)
    _no_near_miss(texts, numbers, found, where)
    return Layout(texts, numbers)


def _complete(texts: Mapping[str, str], numbers: Mapping[str, str], found: Sequence[str], where: str) -> None:
    missing = [name for name in REQUIRED if name not in texts]
    if "score" not in numbers and "error" not in texts:
        missing.append("score")
    cluster = texts.get("cluster", "cluster")
    if cluster not in found and "cluster" in texts:
        missing.append(cluster)
    if missing:
        shown = ", ".join(repr(name) for name in found[:12]) + (", ..." if len(found) > 12 else "")
        alias = " (or 'task_id')" if "case_id" in missing else ""
        names = ", ".join(repr(name) for name in missing)
        raise ScoreTableError(f"no column {names}{alias}; the columns are {shown or 'none'}", where=where)


def _no_near_miss(texts: Mapping[str, str], numbers: Mapping[str, str], found: Sequence[str], where: str) -> None:
    read = {*texts.values(), *numbers.values()}
    lacking = [name for name in (*TEXTS, *NUMBERS) if name not in texts and name not in numbers]
    for name in found:
        if name in read or name in _ALIASES or name in TEXTS:
            continue
        plain = re.sub(r"[\s\-]+", "_", name.strip().casefold())
        meant = next((known for known in lacking if plain == known or _one_edit(plain, known)), None)
        if re.fullmatch(r"slices?([._:/].*)?", plain):
            meant = "slice." + (re.sub(r"^slices?[._:/]?", "", plain) or "NAME")
        if meant:
            raise ScoreTableError(f"column {name!r} looks like {meant!r}: rename it, or leave it out", where=where)


def _one_edit(left: str, right: str) -> bool:
    """Whether one inserted, left out, changed or exchanged letter makes one of the other."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    rest_left, rest_right = left[start:], right[start:]
    return (
        rest_left[1:] == rest_right[1:]
        or rest_left[1:] == rest_right
        or rest_left == rest_right[1:]
        or (rest_left[:2] == rest_right[1::-1] and rest_left[2:] == rest_right[2:])
    )
