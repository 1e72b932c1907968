"""Held: why a verdict is another than that of the metric that decides, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.records import AnchorCheck, Decision, MetricDecision

from .numbers import count
from .text import one_line
from .words import VERDICTS


@dataclass(frozen=True, slots=True)
class Held:
    """The headline, and the step to take, with the part of the page that it leads to."""

    headline: str
    step: str
    link: str
    says: str


def unconfirmed(decision: Decision, one: MetricDecision) -> bool:
    """Whether a metric fails by itself in a gate that does not: Holm over all that decide does not bear it out."""
    return one.verdict == "fail" and one.comparison.gating and decision.verdict == "inconclusive"


def held(decision: Decision, deciding: MetricDecision) -> Held | None:
    """None where the verdict is that of `deciding`."""
    if deciding.verdict == decision.verdict:
        return None
    anchor = decision.anchor
    if deciding.verdict == "pass" and anchor is not None and anchor.verdict != "pass":
        return _by_the_anchor(anchor)
    if decision.attempt > 1:
        return Held(
            "This change was gated before, and trying again cannot settle it.",
            "A larger test has to be planned as one, with evalplat plan; this is what was said before:",
            "warnings",
            "the warnings",
        )
    if unconfirmed(decision, deciding):
        return _unconfirmed(decision, deciding)
    return Held(
        VERDICTS[decision.verdict].meaning, "More of the same would not settle it:", "warnings", "the warnings say why"
    )


def lost_since(anchor: AnchorCheck) -> str:
    """What to do about an anchor that the sum of all changes fails against."""
    ref = one_line(anchor.anchor.ref, 60)
    return f"Find what was lost since {ref}; or, if that is accepted, make a later run the anchor:"


def _by_the_anchor(anchor: AnchorCheck) -> Held:
    ref = one_line(anchor.anchor.ref, 60)
    worse = anchor.verdict == "fail"
    sum_of = f"all changes since {ref} together {'made the agent worse' if worse else 'may have made it worse'}"
    return Held(
        f"This change holds up by itself; {sum_of}.",
        lost_since(anchor),
        "looks",
        "since the anchor",
    )


def _unconfirmed(decision: Decision, deciding: MetricDecision) -> Held:
    metric, n = (
        one_line(deciding.comparison.metric, 60),
        sum(one.comparison.gating for one in decision.metrics),
    )
    return Held(
        f"{metric} got worse by itself; with {count(n)} metrics that decide, that is not yet beyond doubt.",
        f"One of {count(n)} metrics falls by chance more easily than one alone: more cases would tell. See",
        "warnings",
        "the warnings",
    )
