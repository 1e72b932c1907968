"""Result: the counts of a selftest -> the record that people read, with what it warns of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields

import numpy as np

from evalplat import __version__
from evalplat.gates.pairing import ends
from evalplat.gates.simulation import Binary, Bounded, Lognormal, Shape, SimulatedModel
from evalplat.records import GatePolicy, Verdict
from evalplat.records.selftest import (
    Selftest,
    SelftestMetric,
    SelftestScenario,
    SelftestShape,
    SelftestStopping,
    SelftestWarning,
    Setting,
    SimulatedShare,
    Step,
)
from evalplat.stats import clopper_pearson

from .bench import STEPS, Bench, StandIn, Tally, name_of
from .blocked import in_words as reason

SLACK = 1.3
"""How far beyond its nominal level an error rate must lie, by its 99 % bound, before it is called wrong."""

VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "inconclusive")

NOMINAL_POWER = 0.8
"""`no_significant_drop` promises to see its effect so often, and no more."""


def result(
    bench: Bench, tally: Tally, policy: GatePolicy, *, seed: int, history: tuple[str, ...], looks: tuple[int, ...] = ()
) -> Selftest:
    """The selftest of `policy` from the tally of all its chunks; `looks` are the cases after each early look."""
    scenarios, metrics = tuple(_scenarios(bench, tally)), tuple(_metrics(bench, tally))
    return Selftest(
        shape=_shape(bench.shape),
        estimand=policy.estimand,
        draws=tally.draws,
        seed=seed,
        history=history,
        scenarios=scenarios,
        metrics=metrics,
        looks=looks,
        stopping=tuple(_stopping(bench, tally)) if tally.look_draws else (),
        assumptions=bench.assumptions,
        warnings=tuple(_warnings(bench, tally)),
        policy_sha256=policy.content_hash,
        version=__version__,
    )


def _shape(shape: Shape) -> SelftestShape:
    size = np.bincount(shape.groups)
    return SelftestShape(
        n_cases=shape.n_cases,
        n_clusters=shape.n_clusters,
        clustered=shape.clusters is not None,
        largest_cluster=float(size.max() / shape.n_cases),
        trials=shape.trials,
        calls=(shape.n_cases * shape.trials[0], shape.n_cases * shape.trials[1]),
    )


def share(count: int, draws: int) -> SimulatedShare:
    """A share with its Monte Carlo standard error."""
    p = count / draws
    return SimulatedShare(share=p, se=math.sqrt(p * (1 - p) / draws), draws=draws)


def _scenarios(bench: Bench, tally: Tally) -> Iterator[SelftestScenario]:
    for setting, stand_ins in bench.settings.items():
        wanted: list[tuple[Step, str | None]] = [("unchanged", None)]
        wanted += [(step, name_of(one.rule)) for one in stand_ins for step in STEPS[1:] if step in one.steps.effects]
        for step, metric in wanted:
            counts = {verdict: tally.verdicts[(setting, step, metric), verdict] for verdict in VERDICTS}
            yield SelftestScenario(
                setting=setting,
                step=step,
                metric=metric,
                passes=share(counts["pass"], tally.draws),
                fails=share(counts["fail"], tally.draws),
                inconclusive=share(counts["inconclusive"], tally.draws),
            )


def _stopping(bench: Bench, tally: Tally) -> Iterator[SelftestStopping]:
    n, (_, most) = tally.look_draws, _shape(bench.shape).calls
    for step, metric in sorted({key[:2] for key in tally.calls}, key=lambda key: (key[1] is not None, str(key[1]))):
        mean = tally.calls[step, metric, 1] / n
        spread = max(0.0, tally.calls[step, metric, 2] / n - mean**2)
        passes, fails, still_open = (share(tally.stops[step, metric, verdict], n) for verdict in VERDICTS)
        yield SelftestStopping(
            step=step,
            metric=metric,
            passes=passes,
            fails=fails,
            inconclusive=still_open,
            calls=mean,
            calls_se=math.sqrt(spread / n),
            share=mean / most,
        )


def _metrics(bench: Bench, tally: Tally) -> Iterator[SelftestMetric]:
    for setting, stand_ins in bench.settings.items():
        for i, one in enumerate(stand_ins):
            if setting != "history" and one is bench.settings["history"][i]:
                continue

            def of(what: str, setting: Setting = setting, i: int = i, one: StandIn = one) -> dict[Step, SimulatedShare]:
                return {step: share(tally.metrics[setting, i, step, what], tally.draws) for step in one.steps.effects}

            known = {step: tally.metrics[setting, i, step, "interval"] for step in one.steps.effects}
            yield SelftestMetric(
                metric=one.rule.metric,
                statistic=one.rule.statistic,
                rule=one.rule.rule,
                direction=one.rule.direction,
                alpha=one.rule.alpha,
                setting=setting,
                model=in_words(one.model),
                level=one.model.level,
                drop=one.steps.drop,
                se=one.se,
                passes=of("pass"),
                fails=of("fail"),
                coverage={
                    step: share(tally.metrics[setting, i, step, "covered"], n)
                    for step, n in known.items()
                    if n and one.rule.rule != "zero"
                },
                confidence=1 - 2 * one.rule.alpha,
            )


def in_words(model: SimulatedModel) -> str:
    """How scores are simulated, in a line."""
    if isinstance(model, Binary | Bounded):
        kind = "0 or 1" if isinstance(model, Binary) else f"{model.low:g} to {model.high:g}"
        unit = "shares of the largest variance"
        skip: tuple[str, ...] = ("mean", "low", "high")
    else:
        kind = "log-normal" if isinstance(model, Lognormal) else "normal"
        unit = "standard deviations" + (" of the logarithm" if isinstance(model, Lognormal) else "")
        skip = ("mean",)
    values: Mapping[str, float] = {f.name: getattr(model, f.name) for f in fields(model) if f.name not in skip}  # type: ignore[arg-type]
    parts = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in values.items())
    return f"{kind}, mean {model.level:.4g}; {unit}: {parts}"


def _warnings(bench: Bench, tally: Tally) -> Iterator[SelftestWarning]:
    n = tally.draws
    for setting, stand_ins in bench.settings.items():
        where = "" if setting == "history" else "near the ceiling, "
        alpha = max(one.rule.alpha for one in stand_ins)
        beyond = [name_of(one.rule) for one in stand_ins if _beyond_its_bound(one)]
        passes, fails = (tally.verdicts[(setting, "unchanged", None), verdict] for verdict in VERDICTS[:2])
        if not any(one.rule.rule == "superiority" or one.rule.margin == 0 for one in stand_ins):
            yield from _of_passes(bench, tally, setting, where, passes)
        elif _surely_above(passes, n, SLACK * alpha):
            said = f"{where}{passes / n:.1%} of unchanged agents pass as better"
            yield SelftestWarning(code="false_passes", message=said)
        if _surely_above(fails, n, SLACK * alpha) and not beyond:
            said = f"{where}{fails / n:.1%} of unchanged agents fail, at alpha {alpha:g}"
            yield SelftestWarning(code="false_alarms", message=said)
        for i, one in enumerate(stand_ins):
            yield from _of_metric(tally, setting, where, i, one)


def _of_passes(bench: Bench, tally: Tally, setting: Setting, where: str, passes: int) -> Iterator[SelftestWarning]:
    n = tally.draws
    if passes >= n / 2:
        return
    own = [tally.metrics[setting, i, "unchanged", "pass"] for i in range(len(bench.settings[setting]))]
    least = int(np.argmin(own))
    one = bench.settings[setting][least]
    why, times = max(
        ((code, count) for (s, i, code), count in sorted(tally.blocked.items()) if s == setting and i == least),
        key=lambda found: found[1],
        default=("", 0),
    )
    if one.rule.rule == "zero":
        because = (
            "the baseline itself fails now and then" if _beyond_its_bound(one) else "too few clusters for max_rate"
        )
    elif _beyond_its_bound(one):
        because = f"the baseline's own level {one.model.level:.4g} is beyond the bound"
    elif times > (n - own[least]) / 2:
        because = reason(why, one.rule, bench.shape, _width(one))
    elif one.steps.drop is not None:
        because = f"the smallest drop that the suite shows 4 times in 5 is {2.4865 * one.se:.3g}"
    else:
        because = "no margin can be reached"
    said = f"{where}{passes / n:.1%} of unchanged agents pass; {name_of(one.rule)} stands in the way: {because}"
    yield SelftestWarning(code="rarely_passes" if passes else "never_passes", message=said, metric=one.rule.metric)


def _width(one: StandIn) -> float:
    """What a cluster can lose at most; of unbounded scores and of ratios nothing is known beforehand."""
    if one.model.value_range is None or one.rule.statistic == "ratio":
        return math.inf
    low, high = ends(one.model.value_range)
    return high - low


def _of_metric(tally: Tally, setting: Setting, where: str, i: int, one: StandIn) -> Iterator[SelftestWarning]:
    n, name = tally.draws, name_of(one.rule)
    if one.steps.drop is None:
        said = f"{where}{name}: no agent can be worse by the margin; is it in the unit of the scores?"
        yield SelftestWarning(code="unreachable", message=said, metric=one.rule.metric)
        return
    passes, fails = (tally.verdicts[(setting, "worse", name), verdict] for verdict in VERDICTS[:2])
    nominal = one.rule.alpha if one.rule.rule != "no_significant_drop" else 1 - NOMINAL_POWER
    if _surely_above(passes, n, SLACK * nominal):
        said = f"{where}{passes / n:.1%} of agents whose {name} is worse by the margin pass"
        yield SelftestWarning(code="false_passes", message=said, metric=one.rule.metric)
    if fails < n / 2 and not one.rule.alone:
        said = f"{where}{fails / n:.1%} of agents whose {name} is worse by the margin fail"
        yield SelftestWarning(code="rarely_fails" if fails else "never_fails", message=said, metric=one.rule.metric)
    covered, known = (tally.metrics[setting, i, "unchanged", what] for what in ("covered", "interval"))
    if one.rule.rule != "zero" and known and _surely_above(known - covered, known, SLACK * 2 * one.rule.alpha):
        said = f"{where}{name}: {covered / known:.1%} of the {1 - 2 * one.rule.alpha:.0%} intervals hold the truth"
        yield SelftestWarning(code="undercoverage", message=said, metric=one.rule.metric)


def _beyond_its_bound(one: StandIn) -> bool:
    """A bound on the candidate alone that the baseline itself breaks; of rule zero, by any failure."""
    if one.rule.rule == "zero":
        good = 1.0 if one.rule.direction == "higher" else 0.0
        return abs(one.model.level - good) > 1e-6
    if one.rule.bound is None or not one.rule.alone:
        return False
    truth = one.steps.truths["unchanged"]
    return truth < one.rule.bound if one.rule.rule == "at_least" else truth > one.rule.bound


def _surely_above(count: int, n: int, rate: float) -> bool:
    return clopper_pearson(count, n).lower(0.01) > rate
