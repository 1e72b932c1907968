"""plan: before a run, what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from evalplat.errors import InputError
from evalplat.gates.planning import Asked, Guesses, Price, plan_from_guesses, plan_from_history, price_of_trials
from evalplat.records import GatePolicy, ScoreTable
from evalplat.records.plan import Plan
from evalplat.suites import read_score_table

from .gated import KeptRun
from .workspace import workspace

GUESSES = ("rate", "discordance", "sd", "icc", "trial_share")
"""Figures that stand in the place of a history, by metric; the key "" is for every metric without its own."""


def plan(
    *,
    policy: GatePolicy | None = None,
    scores: Sequence[Path | str] = (),
    history: Sequence[str] = (),
    baseline: str | None = None,
    candidate: str | None = None,
    guesses: Mapping[str, Mapping[str, float]] | None = None,
    effect: Mapping[str, float] | None = None,
    estimand: Literal["population", "suite"] | None = None,
    asked: Asked | None = None,
) -> Plan:
    """What `policy` needs to pass an unchanged candidate with the power that is asked.

    The noise is that of a history: systems `baseline` and `candidate` of the score tables `scores` (or one of them:
    its trials against each other), or one or two kept runs `history`, by id or alias; or that of stated `guesses`
    (see GUESSES; the suite's sizes are then those of `asked`). `effect` are true changes for the better by metric, for
    rules that need one to find. `estimand` replaces the policy's.

    Raises InputError, ReferenceUnknown or GateUndecidable where nothing can be planned.
    """
    wanted = asked or Asked()
    stated = {name: figures for name, figures in (guesses or {}).items() if figures}
    if sum((bool(scores), bool(history), bool(stated))) != 1:
        raise InputError("give one of --scores FILE, --history RUN and stated guesses such as --discordance")
    if history:
        return _of_runs(history, _estimated(policy, estimand), wanted, effect or {}, estimand)
    if policy is None:
        raise InputError("give --policy, or --metric and --margin")
    rule = policy if estimand is None else policy.model_copy(update={"estimand": estimand})
    _check_names(rule, {"effect": effect or {}, **stated})
    if stated:
        return plan_from_guesses(rule, _guesses(stated, effect or {}, wanted), wanted)
    return _of_scores(scores, rule, wanted, effect or {}, baseline, candidate)


def _estimated(policy: GatePolicy | None, estimand: Literal["population", "suite"] | None) -> GatePolicy | None:
    return policy if policy is None or estimand is None else policy.model_copy(update={"estimand": estimand})


def _of_scores(
    scores: Sequence[Path | str],
    policy: GatePolicy,
    asked: Asked,
    effect: Mapping[str, float],
    baseline: str | None,
    candidate: str | None,
) -> Plan:
    ranges = {rule.metric: rule.range for rule in policy.metrics if rule.range is not None}
    column = policy.cluster if policy.cluster not in (None, "none", "cluster") else None
    table = read_score_table([Path(path) for path in scores], ranges=ranges, cluster=column)
    rule = policy if column is None else policy.model_copy(update={"cluster": "cluster"})
    first, second = _systems(table, baseline, candidate)
    found = plan_from_history(table, rule, asked, baseline=first, candidate=second, effects=effect)
    return found.model_copy(update={"policy_sha256": policy.content_hash})


def _systems(table: ScoreTable, baseline: str | None, candidate: str | None) -> tuple[str, str | None]:
    """The systems to learn from: those named, else the one or two that there are."""
    if baseline is None and candidate is not None:
        raise InputError("--candidate needs --baseline")
    if baseline is not None:
        if baseline == candidate:
            raise InputError(f"--candidate: {candidate} is the baseline itself; leave it out to learn from one system")
        return baseline, candidate
    if len(table.systems) > 2:
        known = ", ".join(sorted(table.systems)[:10])
        raise InputError(f"--baseline: the scores have {len(table.systems)} systems; say which: {known}")
    return table.systems[0], table.systems[1] if len(table.systems) == 2 else None


def _of_runs(
    history: Sequence[str],
    policy: GatePolicy | None,
    asked: Asked,
    effect: Mapping[str, float],
    estimand: Literal["population", "suite"] | None,
) -> Plan:
    if len(history) > 2:
        raise InputError(f"--history: one or two runs, found {len(history)}")
    store = workspace().store()
    ids = [store.resolve(ref) for ref in history]
    if len(set(ids)) != len(ids):
        raise InputError(f"--history: {history[0]} and {history[1]} are the same run")
    kept = [KeptRun.load(store, run_id).whole() for run_id in ids]
    rule = policy
    if rule is None and kept[-1].suite is not None:
        rule = kept[-1].suite.policy
    if rule is None:
        raise InputError(f"run {history[-1]} has no policy of its suite; give --policy, or --metric and --margin")
    if estimand is not None:
        rule = rule.model_copy(update={"estimand": estimand})
    _check_names(rule, {"effect": effect})
    table = ScoreTable.concat([one.scores for one in kept])
    # Of a run that was imported only its scores can tell what a trial took.
    prices = [None if one.run is None else price_of_trials(one.run.trials) for one in kept]
    both = None if any(price is None for price in prices) else (prices[0] or Price(), prices[-1] or Price())
    found = plan_from_history(
        table,
        rule,
        asked,
        baseline=ids[0],
        candidate=ids[1] if len(ids) == 2 else None,
        effects=effect,
        prices=both,
        source="runs",
    )
    return found.model_copy(update={"baseline": history[0], "candidate": history[1] if len(ids) == 2 else None})


def _check_names(policy: GatePolicy, figures: Mapping[str, Mapping[str, float]]) -> None:
    known = {rule.metric for rule in policy.metrics}
    for option, values in figures.items():
        for name in values:
            if name and name not in known:
                raise InputError(f"--{option.replace('_', '-')}: the policy has no metric {name!r}")


def _guesses(stated: Mapping[str, Mapping[str, float]], effect: Mapping[str, float], asked: Asked) -> Guesses:
    unknown = set(stated) - set(GUESSES)
    if unknown:
        raise InputError(f"guesses: {min(unknown)!r} is none of {', '.join(GUESSES)}")
    if asked.cases is None:
        raise InputError("without a history --cases is needed: how many the suite has, or would have")
    if "icc" in stated and asked.clusters is None:
        raise InputError("--icc needs --clusters: how many the cases are in")
    trials = asked.trials or 1
    return Guesses(
        cases=asked.cases,
        clusters=asked.clusters or asked.cases,
        trials=(float(asked.baseline_trials or trials), float(trials)),
        effect=effect,
        **stated,
    )
