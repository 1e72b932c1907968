"""Fit: a metric's history -> the model that its scores are simulated by, and what had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.gates.pairing import Floats, Ints, Pairs, ends
from evalplat.gates.simulation import Binary, Bounded, Latent, Lognormal, Normal, Shape, SimulatedModel, pairs_of
from evalplat.records import MetricRule
from evalplat.stats import VarianceComponents, cluster_mean, variance_components

ASSUMED_SHOCK = 0.05
"""Share of a score's variance by which each arm's clusters move by themselves, where one system alone is known."""

LEAST_SHOCK = 0.01
"""The same where it was estimated: an estimate of nothing from few clusters is not nothing."""

CEILING = 0.95
NEAR = 0.10
_MOST = 0.9
_ROUNDS = 3
_LEAST_RATE = 1e-9


@dataclass(frozen=True, slots=True)
class Parts:
    """Variances: shared by both arms (cluster, case), each arm's own (cluster_shock, case_shock), each trial's."""

    cluster: float
    case: float
    cluster_shock: float
    case_shock: float
    trial: float

    @property
    def total(self) -> float:
        """Of one score."""
        return self.cluster + self.case + self.cluster_shock + self.case_shock + self.trial


def fit(pairs: Pairs, rule: MetricRule, *, two: bool, shocks: bool) -> tuple[SimulatedModel, tuple[str, ...]]:
    """The model of a metric, and what was assumed.

    `pairs` are of two systems where `two`, else of one with itself. `shocks` False leaves out what each arm has of its
    own: estimand `suite` asks about exactly these cases, and there a cluster that got worse is a change.

    Raises GateUndecidable where the history is too thin to simulate anything.
    """
    if pairs.n_cases < 2 or len(np.unique(_groups(pairs))) < 2:
        raise GateUndecidable(f"metric {rule.metric}: a suite of one case or cluster cannot be simulated")
    if pairs.value_range == "binary":
        return _binary(pairs, rule, two=two, shocks=shocks)
    if rule.rule == "zero":
        raise GateUndecidable(
            f"metric {rule.metric}: rule zero is simulated for scores of 0 or 1; declare range: binary"
        )
    if pairs.value_range is not None:
        return _bounded(pairs, rule, two=two, shocks=shocks)
    return _unbounded(pairs, rule, two=two, shocks=shocks)


def near_ceiling(model: SimulatedModel, rule: MetricRule) -> SimulatedModel | None:
    """The same metric with a mean 5 % from the good end of its range; None where it has none or is near one already."""
    if not isinstance(model, Binary | Bounded) or rule.alone:
        return None
    low, high = ends(model.value_range or "binary")
    share = (model.mean - low) / (high - low)
    if min(share, 1 - share) <= NEAR:
        return None
    share = CEILING if rule.direction == "higher" else 1 - CEILING
    return replace(model, mean=low + (high - low) * share)


def _binary(pairs: Pairs, rule: MetricRule, *, two: bool, shocks: bool) -> tuple[SimulatedModel, tuple[str, ...]]:
    successes, n = float(pairs.base_values.sum()), len(pairs.base_values)
    if successes in (0.0, float(n)):
        never = "failed" if successes else "succeeded"
        if rule.rule == "zero":
            mean = 1 - _LEAST_RATE if successes else _LEAST_RATE
            return Binary(mean), (f"{rule.metric}: never {never} in the history, and is simulated so",)
        mean = (successes + 0.5) / (n + 1)
        assumed = f"{rule.metric}: never {never} in {n} trials; simulated at {100 * mean:.3g} %"
        return Binary(mean, case=0.3, cluster_shock=ASSUMED_SHOCK if shocks else 0.0), (assumed,)
    parts, said = _parts(pairs, rule, pairs.base_values, pairs.cand_values, two=two, shocks=shocks)
    return _calibrated(Binary(successes / n), parts, pairs), said


def _bounded(pairs: Pairs, rule: MetricRule, *, two: bool, shocks: bool) -> tuple[SimulatedModel, tuple[str, ...]]:
    low, high = ends(pairs.value_range or "binary")
    width = high - low
    inside = 1e-6 * width
    mean = float(np.clip(pairs.base_values.mean(), low + inside, high - inside))
    scaled = [(values - low) / width for values in (pairs.base_values, pairs.cand_values)]
    parts, said = _parts(pairs, rule, *scaled, two=two, shocks=shocks)
    return _calibrated(Bounded(mean, low=low, high=high), parts, pairs), said


def _unbounded(pairs: Pairs, rule: MetricRule, *, two: bool, shocks: bool) -> tuple[SimulatedModel, tuple[str, ...]]:
    base, cand = pairs.base_values, pairs.cand_values
    mean, least = float(base.mean()), min(float(base.min()), float(cand.min()))
    if mean > 0 and least >= 0 and (rule.statistic == "ratio" or _skewness(base) > 1.0):
        floor = 0.5 * float(np.concatenate([base[base > 0], cand[cand > 0]]).min())
        logs = [np.log(np.maximum(values, floor)) for values in (base, cand)]
        parts, said = _parts(pairs, rule, *logs, two=two, shocks=shocks)
        if least == 0:
            said = (*said, f"{rule.metric}: amounts of 0 are simulated as {floor:.3g}")
        return Lognormal(mean, **_deviations(parts)), said
    parts, said = _parts(pairs, rule, base, cand, two=two, shocks=shocks)
    return Normal(mean, **_deviations(parts)), said


def _deviations(parts: Parts) -> dict[str, float]:
    names = ("cluster", "case", "cluster_shock", "case_shock", "trial")
    return {name: float(np.sqrt(getattr(parts, name))) for name in names}


def _parts(
    pairs: Pairs, rule: MetricRule, base: Floats, cand: Floats, *, two: bool, shocks: bool
) -> tuple[Parts, tuple[str, ...]]:
    """Variances from trial scores on the scale of the model, and what they do not tell."""
    estimated = _estimate(pairs, base, cand, two=two)
    if not shocks:
        return replace(estimated, cluster_shock=0.0, case_shock=0.0), ()
    own, what = ("cluster_shock", "clusters") if pairs.clusters is not None else ("case_shock", "cases")
    said: list[str] = []
    if not two:
        said.append(
            f"{rule.metric}: only one system is known; that unchanged agents' {what} move by themselves by "
            f"{ASSUMED_SHOCK:.0%} of a score's variance is assumed"
        )
        estimated = replace(estimated, **{own: ASSUMED_SHOCK * estimated.total})
        if int(pairs.baseline_trials.max()) == 1:
            said.append(
                f"{rule.metric}: one trial a case; half of what varies within clusters is taken for the trials'"
            )
    elif what == "clusters" and estimated.cluster_shock < LEAST_SHOCK * estimated.total:
        said.append(
            f"{rule.metric}: the history shows no movement of whole clusters; {LEAST_SHOCK:.0%} of a score's variance "
            "is simulated"
        )
        estimated = replace(estimated, cluster_shock=LEAST_SHOCK * estimated.total)
    return estimated, tuple(said)


def _estimate(pairs: Pairs, base: Floats, cand: Floats, *, two: bool) -> Parts:
    """Analysis of variance of the baseline's level and, of two systems, of their difference."""
    n = pairs.n_cases
    level = variance_components(np.zeros(n), np.arange(n), base, pairs.base_cases, pairs.clusters)
    clusters, cases, trial = level.between_clusters, level.between_cases, level.trial_candidate
    if not two:
        trial = 0.5 * cases if trial is None else trial
        cases = 0.5 * cases if level.trial_candidate is None else cases
        return Parts(clusters, cases, 0.0, 0.0, trial)
    apart = variance_components(base, pairs.base_cases, cand, pairs.cand_cases, pairs.clusters)
    own_clusters, own_cases = (0.5 * value for value in _apart(apart, pairs, base, cand))
    if trial is None or apart.trial_candidate is None:
        # One trial a case: what the arms do not share is the trials'.
        trial, own_cases, cases = own_cases, 0.0, max(0.0, cases - own_cases)
    else:
        cases = max(0.0, cases - own_cases)
    return Parts(max(0.0, clusters - own_clusters), cases, own_clusters, own_cases, trial)


def _apart(found: VarianceComponents, pairs: Pairs, base: Floats, cand: Floats) -> tuple[float, float]:
    """What the arms do not share, of clusters and of cases.

    Where one of them was estimated below 0 and set to 0, the other would make more noise than the history has: it is
    then what the standard error of the history leaves for it beside the noise of trials.
    """
    if not found.truncated or pairs.weights is not None:
        return found.between_clusters, found.between_cases
    means = [
        np.bincount(cases, weights=values) / np.bincount(cases)
        for values, cases in ((base, pairs.base_cases), (cand, pairs.cand_cases))
    ]
    se = cluster_mean(means[1] - means[0], pairs.clusters).se
    sides = zip((found.trial_baseline, found.trial_candidate), found.trials, strict=True)
    noise = sum((variance or 0.0) / trials for variance, trials in sides) / found.n_cases
    rest = max(0.0, (se or 0.0) ** 2 - noise)
    return (
        0.0 if "between_clusters" in found.truncated else rest * found.effective_clusters,
        0.0 if "between_cases" in found.truncated else rest * found.n_cases,
    )


def _calibrated(model: Binary | Bounded, parts: Parts, pairs: Pairs) -> SimulatedModel:
    """Shares for which large simulated suites have these variances: moved rates do not simply add theirs up."""
    low, high = ends(model.value_range or "binary")
    share = (model.mean - low) / (high - low)
    largest = share * (1 - share)
    names = ["cluster", "case", "cluster_shock", "case_shock"] + (["trial"] if isinstance(model, Bounded) else [])
    wanted = {name: getattr(parts, name) / largest for name in names}
    shares = {name: min(_MOST, value) for name, value in wanted.items()}
    per_cluster = max(1, round(pairs.n_cases / (int(_groups(pairs).max()) + 1)))
    shape = Shape.of_sizes([per_cluster] * max(40, 4000 // per_cluster), (4, 4))
    latent = Latent.draw(shape, np.random.default_rng(0))
    for _ in range(_ROUNDS):
        model = replace(model, **shares)
        drawn = pairs_of(shape, model, latent, 0.0)
        scaled = [(values - low) / (high - low) for values in (drawn.base_values, drawn.cand_values)]
        found = _estimate(drawn, *scaled, two=True)
        for name in names:
            seen = getattr(found, name) / largest
            if shares[name] > 0 and seen > 0:
                shares[name] = min(_MOST, shares[name] * float(np.clip(wanted[name] / seen, 0.5, 2.0)))
    return replace(model, **shares)


def _groups(pairs: Pairs) -> Ints:
    return np.arange(pairs.n_cases) if pairs.clusters is None else pairs.clusters


def _skewness(values: Floats) -> float:
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    return 0.0 if variance <= 0 else float(np.mean(centred**3)) / variance**1.5
