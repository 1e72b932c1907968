"""What to look at in a dataset before it is trusted: near-duplicates, contradictions, leaks, data about people."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalplat.errors import InputError
from evalplat.records import Case, DatasetFinding, counted
from evalplat.redaction import personal_in, secrets_in

from .read import Cases
from .shingles import Shingles, shingled, words_of
from .similar import THRESHOLD, similar
from .split import Group, group_of

MIN_WORDS = 5
"""Words from which on a case that stands in a prompt is no coincidence."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a check keeps of cases: no text but the ids, a hash of what is asked and expected, and shingles."""

    where: str
    ids: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    expected: list[bytes] = field(default_factory=list)
    long: list[bool] = field(default_factory=list)
    sensitive: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    shingles: list[Shingles] = field(default_factory=list)


def reading(cases: Cases) -> Reading:
    """One pass over the cases. Raises CaseError."""
    kept = Reading(cases.where)

    def texts() -> Iterator[str]:
        for _, case in cases.read():
            words = words_of(case.input)
            kept.ids.append(case.id)
            kept.groups.append(group_of(case))
            kept.asked.append(_hash(" ".join(words) or case.input))
            kept.expected.append(_hash(case.expect.model_dump_json()))
            kept.long.append(len(words) >= MIN_WORDS)
            for kind, place in sorted(set(_sensitive(case))):
                kept.sensitive[kind, place].append(case.id)
            yield case.input

    kept.shingles.append(shingled(texts()))
    return kept


def check_alone(read: Reading, *, threshold: float = THRESHOLD) -> list[DatasetFinding]:
    """What is wrong with the dataset by itself; near-duplicates in one cluster are named, those across count twice."""
    found = [*_contradictions(read), *_duplicates(read, threshold)]
    for (kind, place), ids in sorted(read.sensitive.items()):
        what = "a key or token" if kind == "secret" else f"data about people ({kind})"
        found.append(
            DatasetFinding(
                code="secret" if kind == "secret" else "personal_data",
                message=f"{what} in {place} of {counted(len(ids), 'case')}",
                cases=tuple(ids),
            )
        )
    return found


def check_leak(read: Reading, other: Reading, *, threshold: float = THRESHOLD) -> list[DatasetFinding]:
    """Cases that both datasets have, nearly, and clusters that lie in both."""
    found = []
    theirs = set(other.groups)
    shared = sorted({group[1] for group in read.groups if group[0] == "cluster" and group in theirs})
    for name in shared:
        ids = tuple(case for case, group in zip(read.ids, read.groups, strict=True) if group == ("cluster", name))
        message = f"cluster {name!r} is in both"
        found.append(DatasetFinding(code="leak", message=message, cases=ids, against=other.where))
    both = _joined(read.shingles[0], other.shingles[0])
    n = len(read.ids)
    result = similar(both, threshold=threshold)
    best = {text: value for one, two, value in result.pairs for text in (one, two)}
    for group in result.groups:
        mine, others = [text for text in group if text < n], [text - n for text in group if text >= n]
        if mine and others:
            names = ", ".join(other.ids[text] for text in others[:3]) + (", …" if len(others) > 3 else "")
            found.append(
                DatasetFinding(
                    code="leak",
                    message=f"{counted(len(mine), 'case')} as good as there: {names}",
                    cases=tuple(read.ids[text] for text in mine),
                    against=other.where,
                    similarity=min(best[text] for text in mine),
                )
            )
    return found + _crowded(result.crowded, other.where)


def check_prompt(
    read: Reading, texts: Sequence[str], where: str, *, threshold: float = THRESHOLD
) -> list[DatasetFinding]:
    """Cases that stand in a prompt, as a few-shot example would: this share of their shingles occurs in it."""
    prompt = shingled(texts).hashes
    shares = read.shingles[0].contained_in(prompt)
    return [
        DatasetFinding(
            code="leak",
            message=f"{share:.0%} of its words stand there",
            cases=(read.ids[at],),
            against=where,
            similarity=float(share),
        )
        for at, share in enumerate(shares.tolist())
        if read.long[at] and share >= threshold
    ]


def check_threshold(threshold: float) -> None:
    """Raises InputError for a threshold that the search for near-duplicates was not made for."""
    if not 0.5 <= threshold <= 1:
        raise InputError(f"--threshold: expected 0.5 to 1, found {threshold:g}")


def _contradictions(read: Reading) -> Iterator[DatasetFinding]:
    by_question: defaultdict[bytes, list[int]] = defaultdict(list)
    for at, asked in enumerate(read.asked):
        by_question[asked].append(at)
    for same in by_question.values():
        if len({read.expected[at] for at in same}) > 1:
            yield DatasetFinding(
                code="contradiction",
                message=f"{counted(len(same), 'case')} ask the same in the same words and expect different things",
                cases=tuple(read.ids[at] for at in same),
            )


def _duplicates(read: Reading, threshold: float) -> Iterator[DatasetFinding]:
    result = similar(read.shingles[0], threshold=threshold)
    lowest: dict[int, float] = {}
    for one, other, value in result.pairs:
        for text in (one, other):
            lowest[text] = min(value, lowest.get(text, 1.0))
    for group in result.groups:
        apart = {read.groups[at] for at in group}
        across = len(apart) > 1
        more = f" and count as {len(apart)} independent ones: give them one cluster, or keep one" if across else ""
        yield DatasetFinding(
            code="across_clusters" if across else "near_duplicate",
            message=f"{counted(len(group), 'case')} are nearly the same{more}",
            cases=tuple(read.ids[at] for at in group),
            similarity=min(lowest[at] for at in group),
        )
    yield from _crowded(result.crowded, None)


def _crowded(count: int, against: str | None) -> list[DatasetFinding]:
    if not count:
        return []
    message = f"{count:,} cases are so alike that each was compared with some of the others only: more may be the same"
    return [DatasetFinding(code="crowded", message=message, against=against)]


def _sensitive(case: Case) -> Iterator[tuple[str, str]]:
    texts = [("input", case.input), *(("expect.answers", answer) for answer in case.expect.answers)]
    texts += [("labels", label.note) for label in case.labels if label.note]
    texts += [("labels", label.value) for label in case.labels if isinstance(label.value, str)]
    for place, text in texts:
        yield from ((found.kind, place) for found in secrets_in(text))
        yield from ((found.kind, place) for found in personal_in(text) if not found.nobody)


def _joined(one: Shingles, other: Shingles) -> Shingles:
    starts = np.concatenate([one.starts, one.starts[-1] + other.starts[1:]])
    return Shingles(np.concatenate([one.hashes, other.hashes]), starts)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
