"""Schedule: the order in which cases are run, and after how many of them one looks. Fixed before the first trial."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import numpy.typing as npt

from evalplat.gates.limits import FEWEST_CASES, FEWEST_CLUSTERS
from evalplat.gates.pairing import Ints, case_weights, cluster_codes, of_cases
from evalplat.records import GatePolicy, ScoreTable
from evalplat.stats import CLOSEST

SURE = 4.0
"""Clusters of a slice that the first look has to expect, for it to be there without help (98 times in 100)."""

EXTRA_LOOKS = 5
"""At most, of an extended test."""

LARGE = 3.0
"""Times the mean size from which on a cluster is large: what it does must be seen before anything is decided."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Whole clusters in a seeded random order, cut into looks.

    The first look has every large cluster, one cluster of each rare slice, and of those that a rule `zero` watches up
    to a quarter of the look. `strata` says by case which of these kinds its cluster is of, so that `weights` can take
    back that they come early.
    """

    order: tuple[str, ...]
    cases: tuple[int, ...]
    """Cases after each look."""
    clusters: tuple[int, ...]
    """Clusters after each look."""
    strata: Mapping[str, int]
    ends: tuple[Mapping[int, tuple[int, int]], ...]
    """By look and stratum: clusters seen, and clusters in all."""
    trials: tuple[int, ...] = ()
    """Candidate trials a case at each look, of a test that may be extended; none: whatever there is."""

    @property
    def order_sha256(self) -> str:
        """SHA-256 of the case ids in order."""
        return hashlib.sha256("\n".join(self.order).encode("utf-8", "surrogatepass")).hexdigest()

    def share(self, look: int) -> float:
        """Planned share of the evidence after a look, counted from 1: of the clusters, times that of their trials.

        Further trials of a case tell less than trials of further cases, so of an extended test this is the least that
        a look before has of the whole. The looks are then more alike than the bounds assume, and err less often
        (Slepian, Bell System Technical Journal 41 (1962) 463-501).
        """
        part = self.clusters[look - 1] / self.clusters[-1]
        return part * self.trials[look - 1] / self.trials[-1] if self.trials else part

    def extended(self, planned: int, most: int) -> Schedule:
        """With up to five looks more, at which all cases have further candidate trials: from `planned` up to `most`."""
        if most <= planned:
            return self
        steps = min(most - planned, EXTRA_LOOKS)
        further = [planned + math.ceil(step * (most - planned) / steps) for step in range(1, steps + 1)]
        n = len(self.cases)
        rows = [(look, planned) for look in range(n)] + [(n - 1, trials) for trials in further]
        kept: list[tuple[int, int]] = []
        for at, (look, trials) in enumerate(rows):
            share = self.clusters[look] * trials / (self.clusters[-1] * most)
            before = self.clusters[kept[-1][0]] * kept[-1][1] / (self.clusters[-1] * most) if kept else 0.0
            if at == len(rows) - 1 or (share - before >= CLOSEST and 1 - share >= CLOSEST):
                kept.append((look, trials))
        return replace(
            self,
            cases=tuple(self.cases[look] for look, _ in kept),
            clusters=tuple(self.clusters[look] for look, _ in kept),
            ends=tuple(self.ends[look] for look, _ in kept),
            trials=tuple(trials for _, trials in kept),
        )

    def unseen(self, look: int) -> bool:
        """Whether some kind of cluster has not been seen at all at a look, so that nothing can be said of it."""
        return any(not seen for seen, _ in self.ends[look - 1].values())

    def weights(self, look: int) -> dict[str, float] | None:
        """By case, how many clusters its own stands for at a look; None where all stand for the same."""
        stands = {stratum: total / seen for stratum, (seen, total) in self.ends[look - 1].items() if seen}
        if max(stands.values()) - min(stands.values()) < 1e-12:
            return None
        return {case: stands[self.strata[case]] for case in self.order[: self.cases[look - 1]]}


def schedule(table: ScoreTable, policy: GatePolicy, *, baseline: str, looks: int, seed: int) -> Schedule:
    """The schedule of a gate on the cases that `baseline` has in `table`.

    Looks end at equal shares of the clusters; one of fewer than 8 clusters or 20 cases is left to the next.
    Raises GateUndecidable where the policy's columns are absent.
    """
    rows = table.system.codes == table.system.code_of(baseline)
    names = table.case.values
    present = np.unique(table.case.codes[rows]).tolist()
    codes = np.array(sorted(present, key=lambda code: names[code]), dtype=np.int64)
    groups = cluster_codes(table, policy, codes)
    groups = np.arange(len(codes)) if groups is None else groups
    members: list[list[str]] = [[] for _ in range(int(groups.max()) + 1)]
    for code, group in zip(codes, groups, strict=True):
        members[group].append(names[code])
    shuffled = list(range(len(members)))
    Random(seed).shuffle(shuffled)  # noqa: S311 - an order, no secret
    first = -(-len(members) // looks)
    kinds = _kinds(table, policy, codes, groups, rows, first)
    head = [group for group in shuffled if kinds[group] == _LARGE]
    head += [group for group in shuffled if kinds[group] == _WATCHED][: max(1, first // 4)]
    head += _one_of_each(shuffled, _rare(table, policy, codes, groups, first))
    order = list(dict.fromkeys([*head, *shuffled]))
    sizes = np.cumsum([len(members[group]) for group in order])
    ends = _ends(len(members), sizes, looks, len(dict.fromkeys(head)))
    totals = Counter(kinds)
    seen = [Counter(kinds[group] for group in order[:end]) for end in ends]
    return Schedule(
        order=tuple(case for group in order for case in members[group]),
        cases=tuple(int(sizes[end - 1]) for end in ends),
        clusters=tuple(ends),
        strata={case: kinds[group] for group in order for case in members[group]},
        ends=tuple({kind: (count[kind], total) for kind, total in totals.items()} for count in seen),
    )


_REST, _LARGE, _WATCHED, _RARE = range(4)


def _kinds(
    table: ScoreTable, policy: GatePolicy, codes: Ints, groups: Ints, rows: npt.NDArray[np.bool_], first: int
) -> list[int]:
    """By cluster, why it comes early, if it does."""
    weights = case_weights(table, codes)
    size = np.bincount(groups, weights=np.ones(len(codes)) if weights is None else weights)
    watched = np.bincount(groups, weights=_watched(table, policy, codes, rows)) > 0
    rare = np.isin(
        np.arange(len(size)), [group for some in _rare(table, policy, codes, groups, first) for group in some]
    )
    kinds = np.select([size > LARGE * size.mean(), watched, rare], [_LARGE, _WATCHED, _RARE], _REST)
    return [int(kind) for kind in kinds]


def _ends(n_clusters: int, sizes: npt.NDArray[np.int64], looks: int, head: int) -> list[int]:
    """Clusters after each look; looks that would be nearly the same are one."""
    ends: list[int] = []
    apart = max(1, math.ceil(CLOSEST * n_clusters))
    for look in range(1, looks):
        end = max(-(-look * n_clusters // looks), min(head, n_clusters))
        enough = end >= FEWEST_CLUSTERS and sizes[end - 1] >= FEWEST_CASES
        if enough and end - (ends[-1] if ends else 0) >= apart and n_clusters - end >= apart:
            ends.append(end)
    return [*ends, n_clusters]


def _watched(table: ScoreTable, policy: GatePolicy, codes: Ints, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Cases with a score of a rule `zero`, where they are but a part of all."""
    metrics = [table.metric.code_of(rule.metric) for rule in policy.metrics if rule.rule == "zero"]
    found = np.isin(codes, table.case.codes[rows & np.isin(table.metric.codes, metrics)])
    return np.zeros_like(found) if found.all() else found


def _rare(table: ScoreTable, policy: GatePolicy, codes: Ints, groups: Ints, first: int) -> list[set[int]]:
    """Clusters of each value of a slice that the first look would hardly meet; none where those alone would fill it."""
    expected = first / (int(groups.max()) + 1)
    found: list[set[int]] = []
    for name in policy.slices:
        column = table.slices.get(name)
        if column is None:
            continue  # `compare` says so
        values = of_cases(table, column)[codes]
        for value in sorted(set(values[values >= 0].tolist())):
            clusters = set(groups[values == value].tolist())
            if len(clusters) * expected < SURE:
                found.append(clusters)
    return found if len(found) <= first // 4 else []


def _one_of_each(shuffled: Sequence[int], wanted: Sequence[set[int]]) -> list[int]:
    """The first cluster in the shuffled order of each set."""
    rank = {group: place for place, group in enumerate(shuffled)}
    return [min(some, key=lambda group: rank[group]) for some in wanted]
