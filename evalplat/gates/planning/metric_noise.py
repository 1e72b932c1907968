"""From one metric's paired cases to its Noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalplat.errors import GateUndecidable
from evalplat.gates.effect import sign, width
from evalplat.gates.effects import SKEWED, case_values, estimate, skewed
from evalplat.gates.pairing import Floats, Ints, Pairs, ends
from evalplat.records import MetricRule
from evalplat.stats import ClusterMean, clopper_pearson, cluster_mean

from .aim import Aim, aim_alone, aim_between
from .noise import Noise
from .policy_power import CONFIDENCE
from .source import Source
from .variance_split import UNRELATED_AT_BEST, variance_split


@dataclass(frozen=True, slots=True, eq=False)
class MetricHistory:
    """One gating metric as the history has it. `contribution` (n_cases,) is each case's part in the effect, `scale`
    what a trial's score of baseline and candidate is multiplied with in it."""

    source: Source
    rule: MetricRule
    pairs: Pairs
    contribution: Floats
    scale: tuple[float, float]
    result: ClusterMean

    @classmethod
    def of(cls, source: Source, rule: MetricRule) -> MetricHistory:
        """Raises GateUndecidable where the metric's noise cannot be known."""
        pairs = source.pairs(rule)
        if pairs.n_cases < 2:
            raise GateUndecidable(f"metric {rule.metric}: {pairs.n_cases} usable cases are no history")
        rule = rule.model_copy(update={"range": pairs.value_range})
        contribution, scale = _contribution(source, rule, pairs)
        groups = None if source.policy.estimand == "suite" else pairs.clusters
        result = cluster_mean(contribution, groups, pairs.weights)
        if result.se is None:
            raise GateUndecidable(f"metric {rule.metric}: one cluster is no history; how clusters differ is not known")
        return cls(source, rule, pairs, contribution, scale, result)

    def noise(self, effect: float) -> Noise:
        """Everything that a plan needs of this metric; `effect` is the true change that was stated."""
        pairs, rule = self.pairs, self.rule
        aimed = self._aim(effect)
        weight = np.ones(pairs.n_cases) if pairs.weights is None else pairs.weights
        size = np.bincount(self._groups, weights=weight)
        clusters = len(size)
        even = float(weight.sum() ** 2 / np.sum(weight**2)) / pairs.n_cases
        split = variance_split(self.source, rule, pairs, self.result.se or 0.0, self.scale, even)
        variance = self._discordance if self._discordance is not None else split.variance
        base, cand = case_values(pairs, rule)
        level = cluster_mean(cand if rule.alone else base, pairs.clusters, pairs.weights)
        bounded = pairs.value_range is not None or rule.statistic.startswith("pass^")
        differing, spread = self._differing(), width(pairs, rule)
        return Noise(
            rule=rule,
            estimand=self.source.policy.estimand,
            cases=pairs.n_cases,
            clusters=clusters,
            coverage=(1.0, 1.0),
            trials=split.trials,
            variance=variance,
            cluster_share=split.cluster_share,
            trial_noise=split.trial_noise,
            pure=split.pure,
            df=self.result.df,
            variance_df=self._variance_df(),
            target=aimed.target,
            truth=aimed.truth,
            allowance=aimed.allowance,
            differing=differing,
            worse=1.0 if rule.alone else 0.5,
            width=spread if np.isfinite(spread) else 1.0,
            binary=pairs.value_range == "binary",
            weighted=pairs.weights is not None,
            evenness=(even, float(size.sum() ** 2 / np.sum(size**2)) / clusters),
            level=level.estimate if bounded else None,
            level_variance=(level.se or 0.0) ** 2 * pairs.n_cases,
            fourth=split.fourth,
            failures=self._failing(),
            failure_rate=self._failing() / clusters,
            target_se=(self.result.se or 0.0) if rule.alone and rule.rule != "zero" else 0.0,
            most_variance=self._most(variance, differing, spread, clusters),
            differing_seen=None if self.source.unrelated(rule) else round(differing * clusters),
            least_share=UNRELATED_AT_BEST if self.source.unrelated(rule) else 1.0,
            skewness=self._skewness(),
            notes=(*aimed.notes, *split.notes),
        )

    @property
    def _groups(self) -> Ints:
        """Cluster of each case; under `suite` each is its own."""
        groups = self.pairs.clusters
        return np.arange(self.pairs.n_cases) if groups is None or self.source.policy.estimand == "suite" else groups

    @property
    def _discordance(self) -> float | None:
        """One binary trial a case: the share that differs, which is the variance were nothing changed."""
        pairs = self.pairs
        single = bool((pairs.baseline_trials == 1).all()) and bool((pairs.candidate_trials == 1).all())
        plain = pairs.clusters is None and pairs.weights is None and self.rule.statistic == "mean"
        if self.rule.alone or self.source.candidate is None or pairs.value_range != "binary" or not single or not plain:
            return None
        return float(np.mean(self.contribution != 0))

    def _aim(self, effect: float) -> Aim:
        if not self.rule.alone:
            return aim_between(self.rule, effect, *self._drift())
        if self.rule.rule == "zero":
            return Aim(None, 0.0, 0.0)
        if self.rule.statistic in ("p50", "p95"):
            level = estimate(self.pairs, self.rule, "population").candidate
        else:
            level = float(np.average(case_values(self.pairs, self.rule)[1], weights=self.pairs.weights))
        return aim_alone(self.rule, level)

    def _drift(self) -> tuple[float, tuple[str, ...]]:
        """What failed trials take off an unchanged candidate: its own count as worst, the baseline's as best."""
        rule = self.rule
        if not (self.pairs.base_failed or self.pairs.cand_failed) or rule.statistic not in ("mean", "ratio"):
            return 0.0, ()
        pairs = self.source.unchanged(rule)
        if pairs.base_unknown or pairs.cand_unknown:
            raise GateUndecidable(
                f"metric {rule.metric}: failed trials have no value; declare its range, or `worst` and `best`"
            )
        best, worst = (float(np.average(side, weights=pairs.weights)) for side in (pairs.baseline, pairs.candidate))
        s = sign(rule)
        drift = s * float(np.log(worst / best)) if rule.statistic == "ratio" else s * (worst - best)
        if drift == 0:
            return 0.0, ()
        return drift, (f"{rule.metric}: trials that fail as often as in the history cost {-drift:.4g} of the margin",)

    def _differing(self) -> float:
        """Share of clusters that show a difference; of rules about the candidate alone, from the best end."""
        d = self.contribution
        if self.rule.alone:
            s = 1.0 if self.scale[1] >= 0 else -1.0
            best = s * ends(self.rule.range)[1 if s > 0 else 0] if self.rule.range is not None else float(d.max())
            d = best - d
        elif self.source.unrelated(self.rule):
            return 1.0 if self.result.se else 0.0
        return float((np.bincount(self._groups, weights=(d != 0).astype(float)) > 0).mean())

    def _skewness(self) -> float | None:
        """As the gate asks it: unbounded means of which a side, or the contributions, have a long tail."""
        pairs, rule = self.pairs, self.rule
        if pairs.value_range is not None or rule.statistic != "mean" or self.source.policy.estimand == "suite":
            return None
        own = self.result.skewness or 0.0
        sides = (pairs.candidate,) if rule.alone else (pairs.baseline, pairs.candidate)
        return own if abs(own) > SKEWED or any(skewed(side) for side in sides) else None

    def _failing(self) -> int:
        """Rule zero: clusters with a failure."""
        if self.rule.rule != "zero":
            return 0
        lo, hi = ends(self.rule.range) if self.rule.range is not None else (0.0, float("inf"))
        values, cases = self.pairs.cand_values, self.pairs.cand_cases
        failed = values > lo if self.rule.direction == "lower" else values < hi
        return len(np.unique(self._groups[cases[failed]]))

    def _variance_df(self) -> float:
        """Degrees of freedom of the variance's estimate: fewer than of the mean's where the tails are heavy.

        Var(s^2) / sigma^4 is about (kurtosis - 1) / G; equated with chi-square's 2 / df. The bootstrap's variance of a
        quantile hangs on the density there: 2 / sqrt(pi G p (1 - p)) of either side (Hall & Martin 1988).
        """
        if self.rule.statistic in ("p50", "p95"):
            p = int(self.rule.statistic[1:]) / 100
            known = float(np.sqrt(np.pi * self.result.n_clusters * p * (1 - p)))
            return max(1.0, min(self.result.df, known if self.rule.alone else 2.0 * known))
        weight = np.ones(self.pairs.n_cases) if self.pairs.weights is None else self.pairs.weights
        sums = np.bincount(self._groups, weights=weight * (self.contribution - self.result.estimate))
        square = float(np.mean(sums**2))
        excess = float(np.mean(sums**4)) / square**2 - 1.0 if square > 0 else 0.0
        return min(self.result.df, 2.0 * len(sums) / excess) if excess > 0 else self.result.df

    def _most(self, variance: float, differing: float, spread: float, clusters: int) -> float | None:
        """Where nothing varied: every cluster that may differ unseen, with all that it can lose."""
        if variance > 0 or differing > 0 or not np.isfinite(spread):
            return None
        share = clopper_pearson(0, clusters).upper((1.0 - CONFIDENCE) / 2.0)
        return share * spread**2 * self.pairs.n_cases / clusters


def _contribution(source: Source, rule: MetricRule, pairs: Pairs) -> tuple[Floats, tuple[float, float]]:
    base, cand = case_values(pairs, rule)
    s = _turn(rule)
    if rule.statistic.startswith("pass^"):
        _check_pass_k(source, rule, pairs)
    if rule.alone:
        return s * cand, (0.0, s)
    scale = (s, s)
    if rule.statistic == "ratio":
        means = [float(np.average(side, weights=pairs.weights)) for side in (base, cand)]
        if min(means) <= 0 or min(base.min(), cand.min()) < 0:
            raise GateUndecidable(f"metric {rule.metric}: a ratio needs amounts of at least 0 and totals above 0")
        scale = (s / means[0], s / means[1])
    elif rule.statistic in ("p50", "p95"):
        # What moves a quantile is how many lie beyond it.
        q = int(rule.statistic[1:]) / 100
        base, cand = ((side > np.quantile(side, q)).astype(np.float64) for side in (base, cand))
    return scale[1] * cand - (0.0 if source.unrelated(rule) else scale[0] * base), scale


def _turn(rule: MetricRule) -> float:
    return 1.0 if rule.statistic.startswith("pass^") else sign(rule)


def _check_pass_k(source: Source, rule: MetricRule, pairs: Pairs) -> None:
    k = int(rule.statistic.removeprefix("pass^"))
    sides = [pairs.candidate_trials] if rule.alone else [pairs.baseline_trials, pairs.candidate_trials]
    fewest = min(int(trials.min()) for trials in sides)
    if pairs.value_range != "binary":
        raise GateUndecidable(f"metric {rule.metric}: {rule.statistic} needs scores of 0 or 1")
    if source.unrelated(rule):
        raise GateUndecidable(f"metric {rule.metric}: {rule.statistic} needs {k} trials of every case, or two systems")
    if fewest < k:
        halves = " in each half of one system's trials" if source.halved(rule) else ""
        raise GateUndecidable(
            f"metric {rule.metric}: {rule.statistic} needs {k} trials of every case{halves}, some case has {fewest}"
        )
