"""Source: where a history's paired differences come from: two systems, or the trials of one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.gates.pairing import Pairs, pair
from evalplat.records import Column, GatePolicy, MetricRule, ScoreTable

HALVES = ("one half of the trials", "the other half")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """`halves` is the table of one system, each case's trials in turns under two names; None where there are two
    systems, or one trial a case."""

    table: ScoreTable
    halves: ScoreTable | None
    policy: GatePolicy
    baseline: str
    candidate: str | None

    @classmethod
    def of(cls, table: ScoreTable, policy: GatePolicy, baseline: str, candidate: str | None) -> Source:
        """Raises GateUndecidable where a system is absent."""
        for system in (baseline, candidate):
            if system is not None and system not in table.systems:
                known = ", ".join(sorted(table.systems)[:10])
                raise GateUndecidable(f"no system {system!r} in the scores; there are: {known}")
        halves = None if candidate is not None else _halved(table.of_system(baseline))
        return cls(table, halves, policy, baseline, candidate)

    def halved(self, rule: MetricRule) -> bool:
        """Whether the rule's differences are those between one system's trials."""
        return self.halves is not None and not rule.alone

    def unrelated(self, rule: MetricRule) -> bool:
        """Whether there are no differences to be seen: one system with one trial a case."""
        return self.candidate is None and self.halves is None and not rule.alone

    def pairs(self, rule: MetricRule) -> Pairs:
        """The cases that both sides have."""
        if self.halves is not None and not rule.alone:
            return pair(self.halves, rule, self.policy, baseline=HALVES[0], candidate=HALVES[1], lacking="intersect")
        return pair(
            self.table,
            rule,
            self.policy,
            baseline=self.baseline,
            candidate=self.candidate or self.baseline,
            lacking="intersect",
        )

    def unchanged(self, rule: MetricRule) -> Pairs:
        """The baseline against itself: its failed trials at their best on one side, at their worst on the other."""
        return pair(
            self.table,
            rule,
            self.policy,
            baseline=self.baseline,
            candidate=self.baseline,
            lacking="intersect",
            baseline_failures="best",
        )


def _halved(table: ScoreTable) -> ScoreTable | None:
    keys = np.stack([table.case.codes.astype(np.int64), table.trial.astype(np.int64)], axis=1)
    distinct, of_row = np.unique(keys, axis=0, return_inverse=True)
    _, first, count = np.unique(distinct[:, 0], return_index=True, return_counts=True)
    if count.min() < 2:
        return None
    rank = np.arange(len(distinct)) - np.repeat(first, count)
    return replace(table, system=Column((rank % 2)[of_row.ravel()].astype(np.int32), HALVES))
