"""Learned: the scores from which a plan and a selftest learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalplat.errors import InputError
from evalplat.records import GatePolicy, ScoreTable

from .gated import KeptRun
from .score_tables import open_scores
from .workspace import workspace


@dataclass(frozen=True, slots=True)
class History:
    """Scores of one system or of two. `policy` is the stated one, or that of the last run's suite; `fitted` is the same
    with the cluster column as `table` has it.

    `systems` are the first and, if any, the second as `table` names them, `names` as the user does. `runs` are those
    of the store, in the same order; none where the scores are tables'.
    """

    table: ScoreTable
    policy: GatePolicy
    fitted: GatePolicy
    systems: tuple[str, str | None]
    names: tuple[str, str | None]
    runs: tuple[KeptRun, ...] = ()

    @classmethod
    def of_scores(
        cls, scores: Sequence[Path | str], policy: GatePolicy, baseline: str | None, candidate: str | None
    ) -> History:
        """Systems of score tables: those named, else the one or two that there are. Raises InputError."""
        table, fitted = open_scores(policy, scores)
        systems = _systems(table, baseline, candidate)
        return cls(table, policy, fitted, systems, systems)

    @classmethod
    def of_runs(cls, refs: Sequence[str], policy: GatePolicy | None) -> History:
        """One or two runs of the store, by id or alias. Raises InputError or ReferenceUnknown."""
        if len(refs) > 2:
            raise InputError(f"--history: one or two runs, found {len(refs)}")
        store = workspace().store()
        ids = [store.resolve(ref) for ref in refs]
        if len(set(ids)) != len(ids):
            raise InputError(f"--history: {refs[0]} and {refs[1]} are the same run; give it once")
        kept = tuple(KeptRun.load(store, run_id).whole() for run_id in ids)
        own = kept[-1].suite.policy if kept[-1].suite is not None else None
        rule = policy if policy is not None else own
        if rule is None:
            raise InputError(f"run {refs[-1]} has no policy of its suite; give --policy, or --metric and --margin")
        table = ScoreTable.concat([one.scores for one in kept])
        return cls(table, rule, rule, _pair(ids), _pair(refs), kept)


def _pair(names: Sequence[str]) -> tuple[str, str | None]:
    return names[0], names[1] if len(names) == 2 else None


def _systems(table: ScoreTable, baseline: str | None, candidate: str | None) -> tuple[str, str | None]:
    if baseline is None and candidate is not None:
        raise InputError("--candidate needs --baseline")
    if baseline is not None:
        if baseline == candidate:
            raise InputError(f"--candidate: {candidate} is the baseline itself; leave it out to learn from one system")
        return baseline, candidate
    if len(table.systems) > 2:
        known = ", ".join(sorted(table.systems)[:10])
        raise InputError(f"--baseline: the scores have {len(table.systems)} systems; say which: {known}")
    return _pair(table.systems)
