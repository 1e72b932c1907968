"""Decide: Comparison + policy -> Decision. A pure function; nothing is measured here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evalplat import __version__
from evalplat.records import (
    AnchorCheck,
    Comparison,
    Decision,
    Finding,
    GatePolicy,
    MetricComparison,
    MetricDecision,
    Verdict,
)
from evalplat.stats import benjamini_hochberg, holm

from .rules import Ruling, rule, turned
from .words import state

SAID = {"population": "", "suite": " This is about exactly these cases: only the noise of trials is counted."}


def decide(comparison: Comparison, policy: GatePolicy, *, anchor: Comparison | None = None) -> Decision:
    """The verdict of the policy.

    Pass where every gating metric passes (no correction is needed); fail where a gating metric's drop survives Holm
    over the gating metrics; else inconclusive. Slices are adjusted by Benjamini-Hochberg and never decide.
    With `anchor`, the candidate against an earlier release, its metrics must pass too; it fails nothing, so that alpha
    stays the chance to fail a change that is none for the worse.
    """
    metrics = _adjusted(comparison.metrics, holm)
    found = _Judged.of(metrics)
    slices = _adjusted_slices(comparison.slices)
    slice_rulings = [rule(one) for one in slices]
    findings = (
        *comparison.findings,
        *_metric_findings(metrics, found.rulings, found.confirmed),
        *_slice_findings(slices, slice_rulings),
    )
    verdict, reason, check = found.verdict, found.reason, None
    if anchor is not None:
        others = _adjusted(anchor.metrics, holm)
        against = _Judged.of(others)
        check = AnchorCheck(
            anchor=anchor.baseline,
            verdict=against.verdict,
            reason=against.reason,
            metrics=_decided(others, against.rulings),
        )
        verdict, reason = _with_anchor(found, against, anchor.baseline.ref)
    return Decision(
        verdict=verdict,
        decision=_follows(verdict, policy),
        reason=reason + SAID[comparison.estimand],
        estimand=comparison.estimand,
        baseline=comparison.baseline,
        candidate=comparison.candidate,
        metrics=_decided(metrics, found.rulings),
        slices=_decided(slices, slice_rulings),
        flips=comparison.flips,
        findings=findings,
        anchor=check,
        policy_sha256=policy.content_hash,
        version=__version__,
    )


def _follows(verdict: Verdict, policy: GatePolicy) -> Literal["ship", "hold", "needs-approval"]:
    """What is to be done; where nothing can be said and the policy is to ask, a person decides."""
    if verdict == "inconclusive" and policy.on_inconclusive == "ask":
        return "needs-approval"
    return "ship" if verdict == "pass" else "hold"


@dataclass(frozen=True, slots=True)
class _Judged:
    """The metrics against one other system: their rulings, and what follows from the gating ones."""

    rulings: list[Ruling]
    confirmed: list[MetricComparison]
    verdict: Verdict
    reason: str

    @classmethod
    def of(cls, metrics: Sequence[MetricComparison]) -> _Judged:
        rulings = [rule(found) for found in metrics]
        gating = [(found, ruling) for found, ruling in zip(metrics, rulings, strict=True) if found.gating]
        confirmed = [found for found, ruling in gating if ruling.verdict == "fail" and _survives(found)]
        verdict: Verdict = "fail" if confirmed else "inconclusive"
        if all(ruling.verdict == "pass" for _, ruling in gating):
            verdict = "pass"
        return cls(rulings, confirmed, verdict, _reason(verdict, gating, confirmed))


def _with_anchor(found: _Judged, against: _Judged, anchor: str) -> tuple[Verdict, str]:
    """A pass needs both; a fail is one of the change itself."""
    if found.verdict == "pass" and against.verdict != "pass":
        return "inconclusive", held_by_anchor(anchor, against.reason)
    if found.verdict == "inconclusive" and against.verdict == "fail":
        return "inconclusive", f"{found.reason} All changes since the anchor {anchor} together: {against.reason}"
    return found.verdict, found.reason


def held_by_anchor(anchor: str, reason: str) -> str:
    """Why a change that passes by itself is no pass."""
    return f"The last change passes, but not all changes since the anchor {anchor}: {reason}"


def _decided(found: Sequence[MetricComparison], rulings: Sequence[Ruling]) -> tuple[MetricDecision, ...]:
    return tuple(
        MetricDecision(
            # What would settle it is asked only of what is open.
            comparison=one
            if ruling.verdict == "inconclusive" and not ruling.blocked
            else one.model_copy(update={"needed": None}),
            verdict=ruling.verdict,
            reason=ruling.reason,
        )
        for one, ruling in zip(found, rulings, strict=True)
    )


def _adjusted(found: Sequence[MetricComparison], method) -> list[MetricComparison]:  # type: ignore[no-untyped-def]
    """Adjusted p over the gating metrics, on the two-sided scale of `p_value`."""
    family = [i for i, one in enumerate(found) if one.gating and one.p_drop is not None and one.rule != "zero"]
    # What cannot be judged stays in the family and takes no one's place in it.
    p_drops = [1.0 if found[i].unusable is not None else found[i].p_drop for i in family]
    adjusted = method(np.array(p_drops)) if family else []
    out = list(found)
    for i, p in zip(family, adjusted, strict=True):
        out[i] = found[i].model_copy(update={"p_adjusted": min(1.0, 2.0 * float(p))})
    return out


def _adjusted_slices(found: Sequence[MetricComparison]) -> list[MetricComparison]:
    """Benjamini-Hochberg over all slices of all metrics that can be judged."""
    out = list(found)
    family = _slice_family(found)
    if family:
        for i, p in zip(family, benjamini_hochberg(np.array([found[i].p_drop for i in family])), strict=True):
            out[i] = found[i].model_copy(update={"p_adjusted": min(1.0, 2.0 * float(p))})
    return out


def _slice_family(found: Sequence[MetricComparison]) -> list[int]:
    return [i for i, one in enumerate(found) if one.p_drop is not None and one.unusable is None and one.rule != "zero"]


def _survives(found: MetricComparison) -> bool:
    """A drop that Holm confirms. A failure under `zero` is certain and needs no test."""
    return found.rule == "zero" or (found.p_adjusted is not None and found.p_adjusted <= 2 * found.alpha)


def _metric_findings(
    metrics: Sequence[MetricComparison], rulings: Sequence[Ruling], confirmed: Sequence[MetricComparison]
) -> list[Finding]:
    findings = []
    for found, ruling in zip(metrics, rulings, strict=True):
        ends = turned(found)
        if found.rule == "non_inferiority" and ruling.verdict == "pass" and ends is not None and ends.high < 0:
            message = f"{state(found)}: really worse, by less than the margin; a chain of such changes adds up"
            findings.append(Finding(code="tolerable_drop", message=message, metric=found.metric))
        if ruling.verdict == "fail" and found.gating and not any(one is found for one in confirmed):
            message = f"{state(found)}: fails by itself, but not after Holm over the gating metrics"
            findings.append(Finding(code="unconfirmed_drop", message=message, metric=found.metric))
    return findings


def _slice_findings(slices: Sequence[MetricComparison], rulings: Sequence[Ruling]) -> list[Finding]:
    family = len(_slice_family(slices))
    noun = "comparison" if family == 1 else "comparisons"
    return [
        Finding(
            code="slice_regression",
            message=f"{state(found)}: "
            + (
                "fails on this slice"
                if found.rule == "zero"
                else f"worse on this slice, after Benjamini-Hochberg over {family} {noun}"
            ),
            metric=found.metric,
        )
        for found, ruling in zip(slices, rulings, strict=True)
        if found.gating and ruling.verdict == "fail" and _survives(found)
    ]


def _reason(
    verdict: Verdict, gating: Sequence[tuple[MetricComparison, Ruling]], confirmed: Sequence[MetricComparison]
) -> str:
    if verdict == "fail":
        first = next(ruling for found, ruling in gating if found is confirmed[0])
        return _sentence(first.reason)
    if verdict == "pass":
        return _sentence(gating[0][1].reason) if len(gating) == 1 else (
            f"All {len(gating)} gating metrics pass. " + _sentence(gating[0][1].reason)
        )  # fmt: skip
    failing = [ruling for _, ruling in gating if ruling.verdict == "fail"]
    opened = [ruling for _, ruling in gating if ruling.verdict == "inconclusive"]
    if failing:
        return _sentence(f"{failing[0].reason}, but not after Holm over the {len(gating)} gating metrics")
    return _sentence(opened[0].reason)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
