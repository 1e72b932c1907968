"""Schedule: the order in which cases are run, and after how many of them one looks. Fixed before the first trial."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from evalplat.records import GatePolicy, ScoreTable

from .limits import FEWEST_CASES, FEWEST_CLUSTERS
from .pairing import Ints, cluster_codes, of_cases


@dataclass(frozen=True, slots=True)
class Schedule:
    """Whole clusters in a seeded random order, cut into looks.

    `ahead` are the cases that a rule `zero` watches where they are but a part: some of them open the first look, and
    `weight` takes back the share in excess. Per slice one random case is in the first look.
    """

    order: tuple[str, ...]
    cases: tuple[int, ...]
    """Cases after each look."""
    clusters: tuple[int, ...]
    """Clusters after each look."""
    ahead: frozenset[str]

    @property
    def order_sha256(self) -> str:
        """SHA-256 of the case ids in order."""
        return hashlib.sha256("\n".join(self.order).encode("utf-8", "surrogatepass")).hexdigest()

    def share(self, look: int) -> float:
        """Planned share of clusters after a look, counted from 1."""
        return self.clusters[look - 1] / self.clusters[-1]

    def weights(self, look: int) -> dict[str, float] | None:
        """By case, what it stands for at a look; None where all stand for the same."""
        seen = self.order[: self.cases[look - 1]]
        early = sum(case in self.ahead for case in seen)
        if not self.ahead or early in (0, len(seen)) or look == len(self.cases):
            return None
        heavy = len(self.ahead) / early
        light = (len(self.order) - len(self.ahead)) / (len(seen) - early)
        return None if heavy == light else {case: heavy if case in self.ahead else light for case in seen}


def schedule(table: ScoreTable, policy: GatePolicy, *, baseline: str, looks: int, seed: int) -> Schedule:
    """The schedule of a gate on the cases that `baseline` has in `table`.

    Looks end at equal shares of the clusters; one of fewer than 8 clusters or 20 cases is left to the next.
    Raises GateUndecidable where the policy's columns are absent.
    """
    rows = table.system.codes == table.system.code_of(baseline)
    present = np.unique(table.case.codes[rows]).astype(np.int64)
    names = table.case.values
    codes = np.array(sorted(present.tolist(), key=lambda code: names[code]), dtype=np.int64)
    groups = cluster_codes(table, policy, codes)
    groups = np.arange(len(codes)) if groups is None else groups
    members: list[list[str]] = [[] for _ in range(int(groups.max()) + 1)]
    for code, group in zip(codes, groups, strict=True):
        members[group].append(names[code])
    random = Random(seed)  # noqa: S311 - an order, no secret
    shuffled = list(range(len(members)))
    random.shuffle(shuffled)
    ahead = _watched(table, policy, codes, rows)
    first = -(-len(members) // looks)
    head = [group for group in shuffled if any(case in ahead for case in members[group])][: max(1, first // 2)]
    head += _one_a_slice(table, policy, codes, groups, [*head, *shuffled])
    order = list(dict.fromkeys([*head, *shuffled]))
    sizes = np.cumsum([len(members[group]) for group in order])
    ends = _ends(len(members), sizes, looks, len(dict.fromkeys(head)))
    return Schedule(
        order=tuple(case for group in order for case in members[group]),
        cases=tuple(int(sizes[end - 1]) for end in ends),
        clusters=tuple(ends),
        ahead=frozenset(ahead),
    )


def _ends(n_clusters: int, sizes: Sequence[int] | np.ndarray, looks: int, head: int) -> list[int]:
    """Clusters after each look."""
    ends: list[int] = []
    for look in range(1, looks + 1):
        end = max(-(-look * n_clusters // looks), min(head, n_clusters))
        if look < looks and (end < FEWEST_CLUSTERS or sizes[end - 1] < FEWEST_CASES):
            continue
        if not ends or end > ends[-1]:
            ends.append(end)
    return ends


def _watched(table: ScoreTable, policy: GatePolicy, codes: Ints, rows: np.ndarray) -> set[str]:
    """Cases with a score of a rule `zero`, where they are but a part of all."""
    metrics = [table.metric.code_of(rule.metric) for rule in policy.metrics if rule.rule == "zero"]
    watched = np.unique(table.case.codes[rows & np.isin(table.metric.codes, metrics)])
    return {table.case.values[code] for code in watched} if len(watched) < len(codes) else set()


def _one_a_slice(
    table: ScoreTable, policy: GatePolicy, codes: Ints, groups: Ints, shuffled: Sequence[int]
) -> list[int]:
    """For each value of each slice the first cluster in the shuffled order that has a case of it."""
    chosen: list[int] = []
    rank = {group: place for place, group in reversed(list(enumerate(shuffled)))}
    for name in policy.slices:
        column = table.slices.get(name)
        if column is None:
            continue  # `compare` says so
        values = of_cases(table, column)[codes]
        for value in sorted(set(values[values >= 0].tolist())):
            candidates = set(groups[values == value].tolist())
            if not candidates & set(chosen):
                chosen.append(min(candidates, key=lambda group: rank[group]))
    return chosen
