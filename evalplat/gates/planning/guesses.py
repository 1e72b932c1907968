"""Guesses: stated figures in the place of a history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from evalplat.errors import GateUndecidable
from evalplat.gates.pairing import ends
from evalplat.records import GatePolicy, MetricRule

from .aim import Aim, aim_alone, aim_between
from .checks import Figures, check_figures, figure
from .design import Design
from .noise import Noise


@dataclass(frozen=True, slots=True)
class Guesses:
    """Stated figures by metric, of one trial of a case on either side. `rate` is a mean; `discordance` the share of
    cases on which two runs differ (scores of 0 and 1); `sd` the standard deviation of a case's difference (ratio: in
    parts of the mean; rules about the candidate alone: of a case's score; pass^K: of its difference at `trials`);
    `icc` the correlation of these within a cluster; `trial_share` the part of their variance that is noise of trials,
    so that more of them can be planned for. `trials` are those of the design: of baseline and candidate.
    """

    cases: int
    clusters: int
    trials: tuple[float, float] = (1.0, 1.0)
    rate: Figures = field(default_factory=dict)
    discordance: Figures = field(default_factory=dict)
    sd: Figures = field(default_factory=dict)
    icc: Figures = field(default_factory=dict)
    trial_share: Figures = field(default_factory=dict)
    effect: Figures = field(default_factory=dict)


def noises_of_guesses(guesses: Guesses, policy: GatePolicy) -> tuple[Design, tuple[Noise, ...]]:
    """The stated design, and the gating metrics' noise as stated. Raises GateUndecidable naming what lacks."""
    clusters = guesses.cases if policy.estimand == "suite" else guesses.clusters
    if not 1 <= clusters <= guesses.cases:
        raise GateUndecidable(f"--clusters: {guesses.clusters} clusters of {guesses.cases} cases cannot be")
    design = Design(guesses.cases, clusters, guesses.trials)
    return design, tuple(_noise(guesses, rule, policy, clusters) for rule in policy.metrics if rule.gating)


def _noise(guesses: Guesses, rule: MetricRule, policy: GatePolicy, clusters: int) -> Noise:
    if rule.range is None and figure(guesses.discordance, rule.metric) is not None and rule.statistic != "ratio":
        rule = rule.model_copy(update={"range": "binary"})
    size = guesses.cases / clusters
    rate = figure(guesses.rate, rule.metric)
    check_figures(
        rule,
        rate=rate,
        discordance=figure(guesses.discordance, rule.metric),
        sd=figure(guesses.sd, rule.metric),
        icc=figure(guesses.icc, rule.metric),
        trial_share=figure(guesses.trial_share, rule.metric),
    )
    variance = _variance(guesses, rule, rate)
    icc = figure(guesses.icc, rule.metric) or 0.0
    share = size * icc / (1.0 + (size - 1.0) * icc)
    inflated = variance * (1.0 + (size - 1.0) * icc)
    trial = _trial_noise(guesses, rule, policy, variance)
    aimed = _aim(guesses, rule, rate)
    shown = _shown(guesses, rule, rate)
    width = 1.0 if rule.range is None else ends(rule.range)[1] - ends(rule.range)[0]
    bounded = rule.range is not None or rule.statistic.startswith("pass^")
    return Noise(
        rule=rule,
        estimand=policy.estimand,
        cases=guesses.cases,
        clusters=clusters,
        coverage=(1.0, 1.0),
        trials=trial.trials,
        variance=variance if trial.pure else inflated,
        cluster_share=share,
        trial_noise=trial.noise,
        pure=trial.pure,
        df=max(1.0, clusters - 1.0),
        variance_df=None,
        target=aimed.target,
        truth=aimed.truth,
        allowance=aimed.allowance,
        differing=1.0 - (1.0 - shown) ** size,
        worse=1.0 if rule.alone else 0.5,
        width=width,
        binary=rule.range == "binary",
        weighted=False,
        level=rate if bounded else None,
        level_variance=0.0 if rate is None or rule.range != "binary" else rate * (1 - rate),
        notes=tuple(_notes(rule, variance, rate, bounded=bounded)),
    )


def _notes(rule: MetricRule, variance: float, rate: float | None, *, bounded: bool) -> Iterator[str]:
    if rule.rule == "zero":
        return
    if bounded and rate is None:
        yield f"{rule.metric}: --rate is not stated; taken not to be near an end of its range"
    if variance == 0:
        yield f"{rule.metric}: stated without any noise, so that nothing but the gate's smallest sizes is planned for"


def _variance(guesses: Guesses, rule: MetricRule, rate: float | None) -> float:
    """Of a case's contribution to the effect, with one trial on either side."""
    sd, discordance = figure(guesses.sd, rule.metric), figure(guesses.discordance, rule.metric)
    if rule.rule == "zero":
        return 0.0
    if rule.statistic in ("p50", "p95"):
        raise GateUndecidable(f"metric {rule.metric}: {rule.statistic} can only be planned for from a history")
    if sd is not None:
        return sd**2
    if rule.alone and rule.range == "binary" and rate is not None:
        return rate * (1.0 - rate)
    if not rule.alone and discordance is not None and rule.statistic == "mean":
        return discordance
    wanted = "--sd" if rule.alone or rule.statistic != "mean" else "--discordance (scores of 0 and 1) or --sd"
    raise GateUndecidable(f"metric {rule.metric}: without a history state {wanted}")


def _trial_noise(guesses: Guesses, rule: MetricRule, policy: GatePolicy, variance: float) -> _TrialNoise:
    suite = policy.estimand == "suite"
    share = 1.0 if suite else figure(guesses.trial_share, rule.metric)
    if rule.rule == "zero":
        return _TrialNoise((1.0, 1.0), (0.0, 0.0))
    if rule.statistic.startswith("pass^"):
        return _TrialNoise(guesses.trials, (0.0 if rule.alone else None, None))
    if share is not None:
        noise = (0.0, share * variance) if rule.alone else (share * variance / 2.0, share * variance / 2.0)
        return _TrialNoise((1.0, 1.0), noise, pure=suite)
    if guesses.trials[1] != 1 or (guesses.trials[0] != 1 and not rule.alone):
        raise GateUndecidable(f"metric {rule.metric}: for more than one trial a case state --trial-share")
    return _TrialNoise((1.0, 1.0), (0.0 if rule.alone else None, None))


@dataclass(frozen=True, slots=True)
class _TrialNoise:
    """The words are those of Noise."""

    trials: tuple[float, float]
    noise: tuple[float | None, float | None]
    pure: bool = False


def _aim(guesses: Guesses, rule: MetricRule, rate: float | None) -> Aim:
    if rule.rule == "zero":
        return Aim(None, 0.0, 0.0)
    if not rule.alone:
        return aim_between(rule, figure(guesses.effect, rule.metric) or 0.0, 0.0)
    if rate is None:
        raise GateUndecidable(f"metric {rule.metric}: without a history state --rate, the candidate's mean")
    return aim_alone(rule, rate)


def _shown(guesses: Guesses, rule: MetricRule, rate: float | None) -> float:
    """Share of cases that show a difference; of amounts, all."""
    if rule.range != "binary":
        return 1.0
    if rule.alone:
        return 1.0 if rate is None else (1.0 - rate if rule.direction == "higher" else rate)
    return min(1.0, figure(guesses.discordance, rule.metric) or 1.0)
