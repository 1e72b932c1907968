"""history: a suite over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat import __version__
from evalplat.errors import EvalplatError, InputError, ReferenceUnknown
from evalplat.gates import since
from evalplat.records import Drift, GatePolicy, HistoryMetric, PastRun, ScoreTable, SuiteHistory
from evalplat.suites import load_suite

from .anchor import ALIAS
from .command import command
from .past import gates_of, past_run
from .workspace import workspace

if TYPE_CHECKING:
    from evalplat.store import Store, StoredRun

LIMIT = 50


@dataclass(frozen=True, slots=True)
class SuiteOverTime:
    """A suite's history. The methods render it."""

    history: SuiteHistory

    def json(self) -> str:
        """Schema `evalplat.history/1`."""
        from evalplat.reports import history_json

        return history_json(self.history)

    def html(self) -> str:
        """The page for people."""
        from evalplat.reports import render_history_html

        return render_history_html(self.history)


def history(suite: Path | str, *, metrics: Sequence[str] = (), limit: int = LIMIT) -> SuiteOverTime:
    """The newest `limit` kept runs of a suite (suite.yaml, or its name): each metric's mean with interval, the gates
    that each run was the candidate of, and how far it is from the suite's anchor (alias `anchor`, or the policy's).

    `metrics` are the only ones to show. Raises InputError for a metric that no run has, ReferenceUnknown for a suite
    without a kept run.
    """
    if limit < 1:
        raise InputError(f"--limit: at least 1, found {limit}")
    store = workspace().store()
    name, stated = _suite_of(suite)
    kept = store.runs(name)
    if not kept:
        raise ReferenceUnknown(_unknown(store, name))
    shown = sorted(kept[:limit], key=lambda run: run.created_at)
    policy = stated or _policy_of(store, shown)
    chosen = _metrics(shown, policy, metrics)
    names = tuple(one.metric for one in chosen)
    decisions = gates_of(store.decisions(name))
    anchor, drift, no_drift = _drift(store, name, policy, shown, names)
    runs: list[PastRun] = []
    for at, run in enumerate(shown):
        changed = at > 0 and run.suite_fingerprint != shown[at - 1].suite_fingerprint
        runs.append(past_run(run, names, decisions.get(run.run_id, ()), drift.get(run.run_id, ()), changed=changed))
    return SuiteOverTime(
        SuiteHistory(
            suite=name,
            metrics=chosen,
            runs=tuple(runs),
            n_runs=len(kept),
            anchor=anchor,
            no_drift=no_drift,
            generated_at=datetime.now(UTC),
            command=command(),
            version=__version__,
        )
    )


def _suite_of(suite: Path | str) -> tuple[str, GatePolicy | None]:
    """Name and policy of a suite.yaml, or the name as it is."""
    path = Path(suite)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        found = load_suite(path)
        return found.name, found.policy
    return str(suite), None


def _unknown(store: Store, name: str) -> str:
    known = ", ".join(sorted({run.suite for run in store.runs()})[:10])
    return f"suite {name!r} has no kept run in {store.uri}" + (f"; there are runs of {known}" if known else "")


def _policy_of(store: Store, runs: Sequence[StoredRun]) -> GatePolicy | None:
    """The policy of the newest run's suite; None where it was imported as scores."""
    for run in reversed(runs):
        if store.has_trials(run.run_id):
            return store.load_suite(run.run_id).policy
    return None


def _metrics(runs: Sequence[StoredRun], policy: GatePolicy | None, asked: Sequence[str]) -> tuple[HistoryMetric, ...]:
    """Those asked for, else all: gating ones first, in the policy's order."""
    there = list(dict.fromkeys(metric for run in runs for metric in run.metrics))
    for name in asked:
        if name not in there:
            raise InputError(f"--metric: no kept run has {name!r}; there are: {', '.join(sorted(there)[:10])}")
    rules = {} if policy is None else {rule.metric: rule for rule in reversed(policy.metrics)}
    order = [*dict.fromkeys(rule.metric for rule in (policy.metrics if policy else ()) if rule.gating), *there]
    names = list(dict.fromkeys(name for name in (asked or order) if name in there))
    return tuple(
        HistoryMetric(
            metric=name,
            gating=name in rules and rules[name].gating,
            direction=rules[name].direction if name in rules else None,
            share=any("pass^1" in run.metrics.get(name, {}) for run in runs),
        )
        for name in names
    )


def _drift(
    store: Store, suite: str, policy: GatePolicy | None, runs: Sequence[StoredRun], names: Sequence[str]
) -> tuple[str | None, Mapping[str, tuple[Drift, ...]], str | None]:
    """The anchor's run id, what is known of the runs made after it, and why nothing is."""
    if policy is None:
        return None, {}, "no policy says which metrics gate"
    ref = policy.anchor or ALIAS
    if ref == "none":
        return None, {}, "the policy wants no anchor"
    try:
        anchor = store.resolve(ref, suite=suite)
    except ReferenceUnknown:
        return None, {}, "the suite has no anchor yet: the baseline of its first gate that passes becomes it"
    rules = tuple(rule for rule in policy.metrics if rule.gating and rule.metric in names)
    made = store.run_info(anchor).created_at
    after = [run.run_id for run in runs if run.created_at > made and run.run_id != anchor]
    if not rules or not after:
        return anchor, {}, "no gating metric is shown" if not rules else "there is no run after the anchor"
    watched = policy.model_copy(update={"metrics": rules, "slices": ()})
    table = ScoreTable.concat([store.load_scores(run_id) for run_id in (anchor, *after)])
    try:
        return anchor, since(table, watched, anchor=anchor, runs=after), None
    except EvalplatError as err:
        return anchor, {}, str(err)
