"""The verdict in one sentence for a person outside the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evalplat.records import Dimension, MetricComparison, MetricDecision, ReportData

from .interval import Scale, scale
from .numbers import change, count, level, percent, size


@dataclass(frozen=True, slots=True)
class _Subject:
    """How a dimension is spoken of: what it is, its verb, and its two ways to change."""

    name: str
    verb: str
    bad: str
    good: str


_SUBJECTS: Final[dict[Dimension, _Subject]] = {
    "quality": _Subject("Answers", "are", "worse", "better"),
    "safety": _Subject("Safety", "is", "worse", "better"),
    "reliability": _Subject("Reliability", "is", "worse", "better"),
    "cost": _Subject("Cost", "is", "higher", "lower"),
    "speed": _Subject("Response time", "is", "longer", "shorter"),
}


def deciding_place(data: ReportData) -> int:
    """Place of the metric that the headline is about: the one told, else the first of the worst verdict."""
    metrics = data.decision.metrics
    if data.deciding is not None and data.deciding < len(metrics):
        return data.deciding
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    own = [place for place, one in enumerate(metrics) if one.comparison.gating] or [0]
    return min(own, key=lambda place: order[metrics[place].verdict])


def places_of(data: ReportData, dimension: Dimension) -> list[int]:
    """Places of the metrics of a dimension that the decision has."""
    told = [place for light in data.lights if light.dimension == dimension for place in light.metrics]
    return [place for place in told if place < len(data.decision.metrics)]


def dimension_at(data: ReportData, place: int) -> Dimension:
    """Of the metric at a place; quality where nothing was told."""
    return next((light.dimension for light in data.lights if place in light.metrics), "quality")


def headline(one: MetricDecision, dimension: Dimension) -> str:
    """What was found of the metric that decides, held against what is tolerated."""
    found, subject, held = one.comparison, _SUBJECTS[dimension], scale(one.comparison)
    if found.rule == "zero":
        return _zero(one, subject)
    if held.low is None and held.high is None:
        return f"Nothing can be said about {subject.name.lower()}: there is no interval."
    if held.null is None:
        return _bound(one, subject, held)
    told = f"the {'change' if found.statistic == 'ratio' else 'difference'} is {_between(held)}"
    if found.margin or found.effect:
        return _tolerant(one, subject, held, told)
    return {
        "pass": f"{subject.name} {subject.verb} {subject.good}: {told}.",
        "fail": f"{subject.name} {subject.verb} {subject.bad}: {told}.",
        "inconclusive": f"{subject.name} may be {subject.good}, or not: {told}.",
    }[one.verdict]


def _tolerant(one: MetricDecision, subject: _Subject, held: Scale, told: str) -> str:
    found = one.comparison
    tolerated = size(found.margin or found.effect, found)
    beyond = f"{subject.bad} by more than {tolerated}"
    if one.verdict == "pass" and found.rule == "non_inferiority":
        return f"{subject.name} {subject.verb} not {beyond}: {told}."
    if one.verdict == "pass":
        return f"{subject.name} {subject.verb} not shown to be {subject.bad}: {told}."
    if one.verdict == "fail":
        if found.rule != "non_inferiority":
            return f"{subject.name} {subject.verb} {subject.bad} by {_amount(found)}: {told}."
        if _within(held):  # the drop is sure, its size is not
            return f"{subject.name} {subject.verb} {subject.bad}, perhaps by more than {tolerated}: {told}."
        by = f"{subject.bad} by {_amount(found)}"
        return f"{subject.name} {subject.verb} {by}: {told}; less than {tolerated} is tolerated."
    if held.threshold is not None and _clears(held):
        return f"It cannot be ruled out yet that {subject.name.lower()} {subject.verb} {beyond}."
    return f"{subject.name} may be {beyond}, or not: {told}."


def _clears(held: Scale) -> bool:
    """Whether the interval alone would do, so that something else is in the way."""
    low = held.low if held.better > 0 else held.high
    return low is not None and held.threshold is not None and held.better * low > held.better * held.threshold


def _within(held: Scale) -> bool:
    """Whether the interval's better end is tolerable."""
    best = held.high if held.better > 0 else held.low
    return best is not None and held.threshold is not None and held.better * best > held.better * held.threshold


def _bound(one: MetricDecision, subject: _Subject, held: Scale) -> str:
    found = one.comparison
    bound = f"{'at least' if found.rule == 'at_least' else 'at most'} {level(found.bound, found)}"
    name = f"The share of right answers ({found.metric})" if subject.name == "Answers" else f"{subject.name}"
    said = {"pass": "is", "fail": "is not", "inconclusive": "may be, or not,"}[one.verdict]
    return f"{name} {said} {bound}: it is {_between(held)}."


def _zero(one: MetricDecision, subject: _Subject) -> str:
    found = one.comparison
    trials = f"{count(found.n_trials[1])} trials"
    if found.failures:
        return f"What must never happen did, in {count(found.failures)} of {trials}."
    if found.rate_upper is None:
        return f"Nothing can be said about {subject.name.lower()}: nothing was measured."
    few = "" if one.verdict == "pass" else ", too few to be sure"
    upper = f"the true rate is at most {percent(found.rate_upper)}, and {percent(found.max_rate)} is tolerated"
    return f"What must never happen did not, in {trials}{few}: {upper}."


def _between(held: Scale) -> str:
    if held.low is None or held.high is None:
        return f"at least {held.show(held.low)}" if held.high is None else f"at most {held.show(held.high)}"
    unit = held.show(held.high).partition(" ")[2]
    low = held.show(held.low).removesuffix(f" {unit}") if unit else held.show(held.low)
    return f"between {low} and {held.show(held.high)}"


def _amount(found: MetricComparison) -> str:
    return change(found.difference, found).lstrip("+−")
