"""Dimensions: which side of an agent each metric is about, how each stands, and which metric decides."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from evalplat.records import DIMENSIONS, Decision, Dimension, Light, MetricComparison, MetricDecision
from evalplat.records.suite import ScorerKind

from .rules import turned

_BY_KIND: Final[dict[str, Dimension]] = {
    "latency": "speed",
    "tokens": "cost",
    "cost": "cost",
    "resisted": "safety",
    "never_said": "safety",
    "finished": "reliability",
    "bounded": "reliability",
}
_AMOUNTS: Final = ("latency", "tokens", "cost")

# Of metrics that other tools scored nothing but the name is known.
_BY_NAME: Final[tuple[tuple[re.Pattern[str], Dimension], ...]] = (
    (re.compile(r"(^|_)(cost|usd|price|tokens?)($|_)"), "cost"),
    (re.compile(r"(^|_)(latency|duration|seconds|ttft)($|_)"), "speed"),
    (re.compile(r"safe|harm|toxic|leak|inject|jailbreak|attack|resisted|never_said|refus"), "safety"),
    (re.compile(r"(^|_)(finished|bounded|reliab\w*|consisten\w*|robust\w*|error_rate)($|_)"), "reliability"),
)

_WORST: Final = ("fail", "inconclusive", "pass")
_GRAVEST: Final[tuple[Dimension, ...]] = ("safety", "quality", "reliability", "cost", "speed")


def dimension_of(found: MetricComparison, kind: ScorerKind | None = None) -> Dimension:
    """What the policy states; else what the scorer measures, a rule that tolerates nothing (safety), a statistic over
    repeated trials (reliability), or the name say; else quality."""
    if found.dimension is not None:
        return found.dimension
    told = _BY_KIND.get(kind or "")
    if kind in _AMOUNTS and told is not None:
        return told
    if found.rule == "zero" or told == "safety":
        return "safety"
    if found.statistic.startswith("pass^"):
        return "reliability"
    if told is not None:
        return told
    if kind in (None, "imported"):
        name = found.metric.lower()
        return next((dimension for pattern, dimension in _BY_NAME if pattern.search(name)), "quality")
    return "quality"


def lights(decision: Decision, kinds: Mapping[str, ScorerKind] | None = None) -> tuple[Light, ...]:
    """All five dimensions in their order. `kinds` are the scorers' by metric, where a suite is known."""
    known = kinds or {}
    told = [dimension_of(one.comparison, known.get(one.comparison.metric)) for one in decision.metrics]
    return tuple(_light(dimension, told, decision.metrics) for dimension in DIMENSIONS)


def _light(dimension: Dimension, told: Sequence[Dimension], metrics: Sequence[MetricDecision]) -> Light:
    own = [place for place, one in enumerate(told) if one == dimension]
    if not own:
        return Light(dimension=dimension)
    gating = [place for place in own if metrics[place].comparison.gating]
    verdicts = {metrics[place].verdict for place in gating or own}
    return Light(
        dimension=dimension,
        verdict=next(verdict for verdict in _WORST if verdict in verdicts),
        gating=bool(gating),
        metrics=tuple(own),
    )


def deciding(decision: Decision, kinds: Mapping[str, ScorerKind] | None = None) -> int:
    """Place of the gating metric that decides: of those that fail one of what matters most (safety, then answers, ...,
    money and time last), with the strongest evidence; else the open one, or of passing ones that, whose interval is
    nearest to what it must not reach, in its own standard errors. `kinds` as in `lights`."""
    gating = [place for place, one in enumerate(decision.metrics) if one.comparison.gating]
    worst = next(verdict for verdict in _WORST if any(decision.metrics[place].verdict == verdict for place in gating))
    own = [place for place in gating if decision.metrics[place].verdict == worst]
    if worst == "fail":
        known = kinds or {}

        def graveness(place: int) -> tuple[int, float]:
            found = decision.metrics[place].comparison
            return _GRAVEST.index(dimension_of(found, known.get(found.metric))), _or_last(found.p_adjusted)

        return min(own, key=graveness)
    return min(own, key=lambda place: _room(decision.metrics[place].comparison))


def _or_last(p: float | None) -> float:
    """A failure under rule `zero` has no p-value and is certain."""
    return -1.0 if p is None else p


def _room(found: MetricComparison) -> float:
    if found.rule == "zero":
        return math.inf if found.rate_upper is None or not found.max_rate else found.max_rate / found.rate_upper
    ends = turned(found)
    if ends is None:
        return -math.inf
    room = ends.pass_low + (found.margin or found.effect or 0.0)
    return room / found.se if found.se else math.inf if room > 0 else room
