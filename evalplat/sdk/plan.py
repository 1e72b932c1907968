"""plan: before a run, what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from evalplat.errors import InputError
from evalplat.gates.planning import Asked, Guesses, Price, plan_from_guesses, plan_from_history, price_of_trials
from evalplat.records import GatePolicy
from evalplat.records.plan import Plan

from .gated import KeptRun
from .learned import History

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
    effects = effect or {}
    if history:
        past = History.of_runs(history, policy)
        _check_names(past.policy, {"effect": effects})
        return _from_history(past, wanted, effects, estimand)
    if policy is None:
        raise InputError("give --policy, or --metric and --margin")
    _check_names(policy, {"effect": effects, **stated})
    if stated:
        return plan_from_guesses(_estimated(policy, estimand), _guesses(stated, effects, wanted), wanted)
    return _from_history(History.of_scores(scores, policy, baseline, candidate), wanted, effects, estimand)


def _estimated(policy: GatePolicy, estimand: Literal["population", "suite"] | None) -> GatePolicy:
    return policy if estimand is None else policy.model_copy(update={"estimand": estimand})


def _from_history(
    past: History,
    asked: Asked,
    effects: Mapping[str, float],
    estimand: Literal["population", "suite"] | None,
) -> Plan:
    found = plan_from_history(
        past.table,
        _estimated(past.fitted, estimand),
        asked,
        baseline=past.systems[0],
        candidate=past.systems[1],
        effects=effects,
        prices=_prices(past.runs),
        source="runs" if past.runs else "scores",
    )
    sha256 = _estimated(past.policy, estimand).content_hash
    return found.model_copy(update={"policy_sha256": sha256, "baseline": past.names[0], "candidate": past.names[1]})


def _prices(runs: Sequence[KeptRun]) -> tuple[Price, Price] | None:
    """What a trial of either side took; None where only the scores can tell, as of a run that was imported."""
    prices = [price_of_trials(one.run.trials) for one in runs if one.run is not None and not _foreign(one)]
    if not runs or len(prices) < len(runs):
        return None
    return prices[0], prices[-1]


def _foreign(one: KeptRun) -> bool:
    return one.info.target.kind == "imported"


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
