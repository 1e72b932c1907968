"""Spending: candidate beside baseline in money, tokens, calls and time; and what settling a question would take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from evalplat.records import Decision, MetricDecision, Needed, Run, Spending, Spent, Trial
from evalplat.records.spending import Quantity


def _tool_calls(trial: Trial) -> float | None:
    if trial.episode is not None:
        return float(len(trial.episode.tool_calls))
    if trial.trace is None:
        return None
    return float(sum(span.attributes.get("gen_ai.operation.name") == "execute_tool" for span in trial.trace.spans))


def _told(trial: Trial) -> bool:
    """Whether somebody said what the trial used: one call of unknown usage is what is assumed where nobody did."""
    used = trial.usage
    return not used.unknown_usage_calls or used.unknown_usage_calls < used.calls


def _tokens(of: Callable[[Trial], int]) -> Callable[[Trial], float | None]:
    return lambda trial: None if trial.usage.unknown_usage_calls else float(of(trial))


_OF: Final[dict[Quantity, Callable[[Trial], float | None]]] = {
    "cost_usd": lambda trial: trial.usage.cost_usd,
    "input_tokens": _tokens(lambda trial: trial.usage.input_tokens),
    "output_tokens": _tokens(lambda trial: trial.usage.output_tokens),
    "calls": lambda trial: trial.usage.calls + trial.usage.cached_calls if _told(trial) else None,
    "tool_calls": _tool_calls,
    "retries": lambda trial: trial.usage.retries,
    "latency_s": lambda trial: trial.latency_s,
}


def spending(baseline: Run, candidate: Run, *, timed: bool = True) -> Spending | None:
    """Per trial, over the cases that both runs have: what one more trial costs here and there.

    A quantity of which one trial is unknown is unknown. `timed` says whether both runs' clocks are to be trusted.
    None where no case is common.
    """
    base, cand = _by_case(baseline), _by_case(candidate)
    common = [case for case in base if case in cand]
    if not common:
        return None
    rows = [
        _row(name, *(_mean([side[case] for case in common], of) for side in (base, cand)))
        for name, of in _OF.items()
        if timed or name != "latency_s"
    ]
    # What neither run has any of is no news.
    return Spending(n_cases=len(common), rows=tuple(row for row in rows if row.baseline or row.candidate))


def _by_case(run: Run) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in run.trials:
        found.setdefault(trial.key.case_id, []).append(trial)
    return found


def _mean(cases: Sequence[Sequence[Trial]], of: Callable[[Trial], float | None]) -> float | None:
    means = []
    for trials in cases:
        known = [number for number in map(of, trials) if number is not None]
        if len(known) < len(trials):
            return None
        means.append(fmean(known))
    return fmean(means)


def _row(name: Quantity, baseline: float | None, candidate: float | None) -> Spent:
    known = baseline is not None and candidate is not None
    ratio = candidate / baseline if known and baseline and candidate is not None else None
    return Spent(quantity=name, baseline=baseline, candidate=candidate, ratio=ratio)


def priced(decision: Decision, *, cost_usd: float | None, latency_s: float | None) -> Decision:
    """The decision with what settling its open metrics costs in money and time, by what a candidate trial did so far.

    Time is that of trials one after another. Raises ValueError where a price or a time is negative.
    """
    for name, number in (("cost_usd", cost_usd), ("latency_s", latency_s)):
        if number is not None and number < 0:
            raise ValueError(f"{name} must not be negative, is {number:g}")

    def of(one: MetricDecision) -> MetricDecision:
        needed = one.comparison.needed
        if needed is None or needed.candidate_calls is None:
            return one
        told = needed.model_copy(
            update={"cost_usd": _times(needed, cost_usd), "minutes": _times(needed, latency_s, 1 / 60)}
        )
        return one.model_copy(update={"comparison": one.comparison.model_copy(update={"needed": told})})

    return decision.model_copy(update={"metrics": tuple(of(one) for one in decision.metrics)})


def _times(needed: Needed, each: float | None, unit: float = 1.0) -> tuple[float, float] | None:
    if each is None or needed.candidate_calls is None:
        return None
    low, high = needed.candidate_calls
    return low * each * unit, high * each * unit
