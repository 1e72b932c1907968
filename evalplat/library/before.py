"""`ep.plan` and `ep.selftest`: before a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .verb import Direction, Files, Range, files, names, put, rule_of, verb

if TYPE_CHECKING:
    from evalplat.records import GatePolicy, Plan
    from evalplat.records.selftest import Selftest

Figure = float | Mapping[str, float]
"""A figure for every metric, or by metric."""


@verb
def plan(
    *,
    scores: Files | None = None,
    history: str | Sequence[str] | None = None,
    baseline: str | None = None,
    candidate: str | None = None,
    rate: Figure | None = None,
    discordance: Figure | None = None,
    sd: Figure | None = None,
    icc: Figure | None = None,
    trial_share: Figure | None = None,
    effect: Figure | None = None,
    cases: int | None = None,
    clusters: int | None = None,
    trials: int | None = None,
    baseline_trials: int | None = None,
    kept_baseline: bool = False,
    power: float = 0.8,
    spend: float | None = None,
    spend_usd: float | None = None,
    case_cost: float = 0.0,
    suite: Path | str | None = None,
    policy: GatePolicy | Path | str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    direction: Direction | None = None,
    alpha: float | None = None,
    range: Range | None = None,  # noqa: A002 - the option's name
    cluster: str | None = None,
    estimand: Literal["population", "suite"] | None = None,
    concurrency: int = 4,
    json: Path | str | None = None,
) -> Plan:
    """Before a run: the cases, clusters, trials and calls that a policy's power takes: `evalplat plan`.

    Parameters
    ----------
    scores, baseline, candidate : score tables, and the one or two systems of them whose noise is taken.
    history : one or two kept runs instead, by id or alias.
    rate, discordance, sd, icc, trial_share : guesses instead, as one number or by metric: mean score; share of cases on
        which two trials differ; standard deviation of a case's difference; correlation within a cluster; part of the
        variance that is noise of trials. They need `cases` (and `clusters`).
    effect : a true change for the better, for rule superiority.
    cases, clusters, trials, baseline_trials : sizes to plan for; None: the history's.
    kept_baseline : the baseline is run once and kept, its calls are not counted.
    power : chance that the policy passes an unchanged candidate, from 0.5 to below 1.
    spend, spend_usd, case_cost : the best use of so many trials, or US dollars; what a new case costs in that unit.
    suite, policy, metric, margin, direction, alpha, range, cluster : as of `ep.gate`.
    estimand : replaces the policy's.
    concurrency : trials at once, for minutes.
    json : a file to write.

    Returns
    -------
    Plan: `now` (the power of what there is), `reachable`, `by_clusters`, `by_trials`, `cheapest`, `metrics`; every
    figure as a range at 80 %. Power by the noncentral t distribution on the effective degrees of freedom of the
    interval that the gate uses; allocation by Neyman (1934).

    Raises
    ------
    InputError, ReferenceUnknown or GateUndecidable where nothing can be planned.

    Example
    -------
    >>> import evalplat as ep
    >>> found = ep.plan(discordance=0.1, cases=200, metric="correct", margin=0.02, range="binary")
    >>> found.reachable, found.by_clusters.estimate.cases > 1000
    ('by clusters', True)
    """
    from evalplat.gates.planning import Asked
    from evalplat.sdk.plan import plan as planned

    rule = rule_of(
        policy, suite=suite, metric=metric, margin=margin, direction=direction, alpha=alpha, value_range=range,
        cluster=cluster,
    )  # fmt: skip
    guesses = {"rate": rate, "discordance": discordance, "sd": sd, "icc": icc, "trial_share": trial_share}
    found = planned(
        policy=rule,
        scores=files(scores),
        history=names(history),
        baseline=baseline,
        candidate=candidate,
        guesses={name: _by_metric(value) for name, value in guesses.items()},
        effect=_by_metric(effect),
        estimand=estimand,
        asked=Asked(
            power, cases, clusters, trials, baseline_trials, kept_baseline, spend, spend_usd, case_cost, concurrency
        ),
    )
    from evalplat.reports import plan_json

    put(json, lambda: plan_json(found))
    return found


@verb
def selftest(
    *,
    scores: Files | None = None,
    history: str | Sequence[str] | None = None,
    baseline: str | None = None,
    candidate: str | None = None,
    suite: Path | str | None = None,
    policy: GatePolicy | Path | str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    direction: Direction | None = None,
    alpha: float | None = None,
    range: Range | None = None,  # noqa: A002 - the option's name
    cluster: str | None = None,
    draws: int = 2000,
    seed: int = 20_000,
    workers: int = 1,
    json: Path | str | None = None,
    html: Path | str | None = None,
) -> Selftest:
    """How often this very gate is wrong on this suite's shape, by simulation: `evalplat selftest`.

    Parameters
    ----------
    scores, baseline, candidate, history : what the shape is learned from, as of `ep.plan`.
    suite, policy, metric, margin, direction, alpha, range, cluster : as of `ep.gate`.
    draws : simulated gates of each kind, from 100.
    seed : the same seed gives the same result, whatever `workers`.
    workers : processes that simulate; 0: one for each core. More than 1 in a script needs `if __name__ == "__main__"`.
    json, html : files to write.

    Returns
    -------
    Selftest: `scenarios` (shares of pass, inconclusive and fail by what is true), `metrics` (coverage of intervals),
    `stopping`, `warnings`; every share with its Monte Carlo standard error.

    Raises
    ------
    InputError, ReferenceUnknown or GateUndecidable where nothing can be simulated.

    Example
    -------
    >>> import json, pathlib
    >>> import evalplat as ep
    >>> rows = [{"system": "v1", "case_id": f"c{i}", "trial": t, "metric": "correct", "score": float((i + t) % 7 != 0)}
    ...         for i in range(100) for t in range(2)]
    >>> _ = pathlib.Path("scores.jsonl").write_text("\\n".join(map(json.dumps, rows)))
    >>> found = ep.selftest(scores="scores.jsonl", metric="correct", margin=0.1, range="binary", draws=100)
    >>> found.scenario("history", "unchanged").fails.share < 0.2
    True
    """
    from evalplat.sdk.selftest import cores, page
    from evalplat.sdk.selftest import selftest as simulated

    rule = rule_of(
        policy, suite=suite, metric=metric, margin=margin, direction=direction, alpha=alpha, value_range=range,
        cluster=cluster,
    )  # fmt: skip
    found = simulated(
        policy=rule,
        scores=files(scores),
        history=names(history),
        baseline=baseline,
        candidate=candidate,
        draws=draws,
        seed=seed,
        workers=workers or cores(),
    )
    from evalplat.reports import selftest_json

    put(json, lambda: selftest_json(found))
    put(html, lambda: page(found))
    return found


def _by_metric(figure: Figure | None) -> dict[str, float]:
    if figure is None:
        return {}
    return {"": float(figure)} if isinstance(figure, int | float) else {name: float(x) for name, x in figure.items()}
