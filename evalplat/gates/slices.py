"""Slices: the pairs of one metric, cut once by a property of their cases."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from .pairing import Ints, Pairs, compact


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """Entries in the order of their group, and where each group begins."""

    entries: Ints
    starts: Ints

    @classmethod
    def by(cls, groups: Ints, n_groups: int) -> _Order:
        return cls(np.argsort(groups, kind="stable"), np.searchsorted(np.sort(groups), np.arange(n_groups + 1)))

    def of(self, group: int) -> Ints:
        return self.entries[self.starts[group] : self.starts[group + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """`pairs` by the group of each case; every row is sorted once, however many groups there are."""

    pairs: Pairs
    position: Ints
    """(n_cases,): a case's place within its group."""
    cases: _Order
    base: _Order
    cand: _Order

    @classmethod
    def of(cls, pairs: Pairs, groups: Ints, n_groups: int) -> Slices:
        """Cut by `groups` (n_cases,), codes from -1 (in no slice) to `n_groups` - 1."""
        cases = _Order.by(groups, n_groups)
        position = np.zeros(pairs.n_cases, dtype=np.int64)
        position[cases.entries] = np.arange(pairs.n_cases) - cases.starts[groups[cases.entries]]
        base, cand = (_Order.by(groups[rows], n_groups) for rows in (pairs.base_cases, pairs.cand_cases))
        return cls(pairs, position, cases, base, cand)

    def part(self, group: int) -> Pairs:
        """The same pairs restricted to the cases of one group."""
        pairs, keep, base, cand = self.pairs, self.cases.of(group), self.base.of(group), self.cand.of(group)
        ids = tuple(pairs.case_ids[i] for i in keep)
        inside = set(ids)
        return dataclasses.replace(
            pairs,
            case_ids=ids,
            codes=pairs.codes[keep],
            baseline=pairs.baseline[keep],
            candidate=pairs.candidate[keep],
            baseline_trials=pairs.baseline_trials[keep],
            candidate_trials=pairs.candidate_trials[keep],
            clusters=None if pairs.clusters is None else compact(pairs.clusters[keep]),
            weights=None if pairs.weights is None else pairs.weights[keep],
            base_values=pairs.base_values[base],
            base_cases=self.position[pairs.base_cases[base]],
            cand_values=pairs.cand_values[cand],
            cand_cases=self.position[pairs.cand_cases[cand]],
            base_failed=tuple(case for case in pairs.base_failed if case in inside),
            cand_failed=tuple(case for case in pairs.cand_failed if case in inside),
            cand_unknown=tuple(case for case in pairs.cand_unknown if case in inside),
            base_unknown=(),
            lacking=(),
            extra=(),
            n_expected=len(keep),
            left_out=False,
            too_many_lack=False,
        )
