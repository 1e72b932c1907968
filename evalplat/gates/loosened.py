"""Loosened: what a policy lets pass that an earlier one did not."""

from __future__ import annotations

from collections.abc import Iterator

from evalplat.records import GatePolicy, MetricRule

_LARGER = ("margin", "max_rate", "effect", "alpha")
"""Of these, more lets more pass."""

_SAME = ("direction", "range", "worst", "best")
"""What these let pass depends on the scores."""


def loosened(before: GatePolicy, now: GatePolicy) -> tuple[str, ...]:
    """Each change by which `now` may pass what `before` would not, in words; none where it is as strict.

    What is not compared can only hold back or stop earlier: looks, slices, what follows an inconclusive verdict.
    """
    return tuple(_changes(before, now))


def _changes(before: GatePolicy, now: GatePolicy) -> Iterator[str]:
    for rule in before.metrics:
        if rule.gating:
            yield from _of_metric(rule, now)
    if before.estimand != now.estimand and now.estimand == "suite":
        yield "it speaks about these cases only (estimand suite)"
    if before.cluster != now.cluster:
        yield f"cluster {before.cluster or 'as the data has it'} -> {now.cluster or 'as the data has it'}"
    if before.anchor != now.anchor and now.anchor == "none":
        yield "no anchor"
    if now.stopping.recheck < before.stopping.recheck:
        yield f"recheck {before.stopping.recheck:g} -> {now.stopping.recheck:g}"


def _of_metric(rule: MetricRule, now: GatePolicy) -> Iterator[str]:
    own = [one for one in now.metrics if one.gating and (one.metric, one.statistic) == (rule.metric, rule.statistic)]
    same = next((one for one in own if one.rule == rule.rule), None)
    if same is not None:
        yield from _of_rule(rule, same)
    elif not any(_implies(one, rule) for one in own):
        yield f"{rule.metric} no longer has to hold to {rule.rule}"


def _of_rule(rule: MetricRule, now: MetricRule) -> Iterator[str]:
    for name in _LARGER:
        was, is_ = getattr(rule, name), getattr(now, name)
        if was is not None and is_ is not None and is_ > was:
            yield f"{rule.metric}: {name} {was:g} -> {is_:g}"
    if rule.bound is not None and now.bound is not None:
        laxer = now.bound < rule.bound if rule.rule == "at_least" else now.bound > rule.bound
        if laxer:
            yield f"{rule.metric}: bound {rule.bound:g} -> {now.bound:g}"
    for name in _SAME:
        was, is_ = getattr(rule, name), getattr(now, name)
        if was != is_:
            yield f"{rule.metric}: {name} {_shown(was)} -> {_shown(is_)}"


def _implies(now: MetricRule, rule: MetricRule) -> bool:
    """Whether a metric that must improve is also held to not falling."""
    return now.rule == "superiority" and rule.rule == "non_inferiority" and now.alpha <= rule.alpha


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{one:g}" for one in value) + "]"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
