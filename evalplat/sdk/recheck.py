"""Recheck: a random share of a kept run is run again, to see whether what it talks to still is what it was."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from evalplat.errors import EvalplatError, ReferenceUnknown
from evalplat.gates import drift
from evalplat.records import Finding, GatePolicy, ScoreTable, Suite
from evalplat.scorers import score_run, score_table

from .gated import KeptRun
from .homes import homeless
from .run import How, opened, run_trials
from .workspace import Workspace

FEWEST_RECHECKED = 20
FEWEST_OF_A_METRIC = 10
"""Cases that have a gating metric, where some have it and some have not."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What came of it: trials that it took; that the run is stale; or why it could not be run again."""

    trials: int = 0
    stale: Finding | None = None
    impossible: str | None = None


def recheck(
    kept: KeptRun,
    policy: GatePolicy,
    how: How,
    *,
    seed: int,
    place: Workspace,
    cases: AbstractSet[str] | None = None,
) -> Recheck:
    """Run a share of `kept` again, as the policy has it, or these `cases`. A share of 0 is no recheck, and finds
    nothing.

    Raises RunFailed where no trial of it has an answer.
    """
    from evalplat.harness import require_some_success

    if not policy.stopping.recheck:
        return Recheck()
    why = cannot_be_run_again(kept, how, place)
    if why is not None or kept.suite is None:
        return Recheck(impossible=why)
    part = _part(kept.suite, _drawn(kept.suite, kept.scores, policy, seed) if cases is None else cases)
    run = run_trials(part, kept.info.target.ref, replace(how, cached=False), place=place)
    require_some_success(run)  # else a provider that is down would have the whole baseline run against it
    again = score_table(score_run(part, run), part, run, run.info.id)
    table = ScoreTable.concat([kept.scores, again])
    return Recheck(len(run.trials), drift(table, policy, kept=kept.run_id, again=run.info.id))


def cannot_be_run_again(kept: KeptRun, how: How, place: Workspace) -> str | None:
    """Why the system behind a run is not to be had as it was; None where it is. Costs no call."""
    if kept.info.target.kind == "imported":
        return f"run {kept.run_id} was imported"
    lost = None if kept.suite is None else homeless(kept.suite)
    if lost is not None:
        return f"domain {lost.domain} is not what it was"
    try:
        target = opened(kept.info.target.ref, replace(how, cached=False), place)
        if target.info.fingerprint != kept.fingerprint:
            raise ReferenceUnknown(f"{kept.info.target.ref} is not what it was")
    except EvalplatError as err:
        return str(err)
    return None


def _drawn(suite: Suite, scores: ScoreTable, policy: GatePolicy, seed: int) -> AbstractSet[str]:
    """A random share of the cases; of a metric that only some have, some of those."""
    random = Random(seed)  # noqa: S311 - a sample, no secret
    cases = sorted(case.id for case in suite.cases)
    count = min(len(cases), max(FEWEST_RECHECKED, math.ceil(policy.stopping.recheck * len(cases))))
    chosen = set(random.sample(cases, count))
    for metric in dict.fromkeys(rule.metric for rule in policy.metrics if rule.gating):
        rows = scores.metric.codes == scores.metric.code_of(metric)
        having = {scores.case.values[code] for code in np.unique(scores.case.codes[rows])} & set(cases)
        lacking = min(FEWEST_OF_A_METRIC, len(having)) - len(having & chosen)
        if lacking > 0:
            chosen |= set(random.sample(sorted(having - chosen), lacking))
    return chosen


def _part(suite: Suite, chosen: AbstractSet[str]) -> Suite:
    """These cases of the suite, one trial each."""
    datasets = [
        dataset.model_copy(update={"cases": tuple(case for case in dataset.cases if case.id in chosen)})
        for dataset in suite.datasets
    ]
    return suite.model_copy(update={"datasets": tuple(one for one in datasets if one.cases), "trials": 1})
