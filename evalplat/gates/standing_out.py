"""Standing out: what the candidate's answers to the cases that got worse have more often than the baseline's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final

from evalplat.records import CasePair, StandOut, Trial

_FEWEST: Final = 3
"""Worse cases below which each is soon read, and a share says nothing."""

_EXCESS: Final = 0.2
"""Of the worse cases, how many more of the candidate's answers must have it than of the baseline's."""

_MOST: Final = 2
_WORDS: Final = 3.0
"""Times as many words, or a third, at the median."""

_TEXT: Final = 80

Sides = tuple[Trial, Trial]


def standing_out(pairs: Sequence[CasePair], trials: Sequence[Trial] = ()) -> tuple[StandOut, ...]:
    """At most two, what stands out most first; none where nothing does. Looks at pairs with a change for the worse.

    `trials` are all of the candidate's: of those of other cases it is told how many have it too.
    """
    worse = [
        (pair.baseline, pair.candidate)
        for pair in pairs
        if pair.change is not None and pair.change < 0 and pair.baseline is not None and pair.candidate is not None
    ]
    if len(worse) < _FEWEST:
        return ()
    found = [
        one
        for one in (_no_answer(worse), _cut_off(worse), _same_answer(worse), _failing_tool(worse))
        if one is not None and one.candidate - one.baseline >= _EXCESS * one.worse
    ]
    found.sort(key=lambda one: one.baseline - one.candidate)
    names = {pair.case.id for pair in pairs if pair.change is not None and pair.change < 0}
    others = [trial for trial in trials if trial.key.case_id not in names]
    return tuple([*(_beside(one, others) for one in found), *_lengths(worse)][:_MOST])


def _beside(one: StandOut, others: Sequence[Trial]) -> StandOut:
    """With how many of the other trials have it too."""
    if not others:
        return one
    has: dict[str, Callable[[Trial], bool]] = {
        "no answer": lambda trial: trial.failure is not None,
        "cut off": lambda trial: trial.trace is not None and trial.trace.cut_off,
        "same answer": lambda trial: trial.answer is not None and _told(trial.answer.text) == one.what,
        "failed tool": lambda trial: one.what in _failed_tools(trial),
    }
    return one.model_copy(update={"others": (sum(has[one.kind](trial) for trial in others), len(others))})


def _told(text: str) -> str:
    return text[:_TEXT] + ("…" if len(text) > _TEXT else "")


def _counted(worse: Sequence[Sides], has: Callable[[Trial], bool], **more: object) -> StandOut:
    baseline, candidate = (sum(has(sides[side]) for sides in worse) for side in (0, 1))
    return StandOut.model_validate({"worse": len(worse), "baseline": baseline, "candidate": candidate, **more})


def _no_answer(worse: Sequence[Sides]) -> StandOut:
    return _counted(worse, lambda trial: trial.failure is not None, kind="no answer")


def _cut_off(worse: Sequence[Sides]) -> StandOut:
    cut = [new.trace for _, new in worse if new.trace is not None and new.trace.cut_off]
    limits = {trace.token_limit for trace in cut}
    limit = limits.pop() if len(limits) == 1 else None
    return _counted(worse, lambda trial: trial.trace is not None and trial.trace.cut_off, kind="cut off", limit=limit)


def _same_answer(worse: Sequence[Sides]) -> StandOut | None:
    texts = Counter(new.answer.text for _, new in worse if new.answer is not None)
    text, times = texts.most_common(1)[0] if texts else ("", 0)
    if times < _FEWEST:
        return None
    same = _counted(worse, lambda trial: trial.answer is not None and trial.answer.text == text, kind="same answer")
    return same.model_copy(update={"what": _told(text)})


def _failing_tool(worse: Sequence[Sides]) -> StandOut | None:
    failed = Counter(tool for _, new in worse for tool in _failed_tools(new))
    if not failed:
        return None
    tool = failed.most_common(1)[0][0]
    return _counted(worse, lambda trial: tool in _failed_tools(trial), kind="failed tool", what=tool)


def _failed_tools(trial: Trial) -> set[str]:
    spans = () if trial.trace is None else trial.trace.spans
    return {
        str(span.attributes.get("gen_ai.tool.name", span.name))
        for span in spans
        if span.status == "error" and span.attributes.get("gen_ai.operation.name") == "execute_tool"
    }


def _lengths(worse: Sequence[Sides]) -> Iterator[StandOut]:
    both = [
        (len(old.answer.text.split()), len(new.answer.text.split()))
        for old, new in worse
        if old.answer is not None and new.answer is not None
    ]
    if len(both) < _FEWEST:
        return
    baseline, candidate = (median(words[side] for words in both) for side in (0, 1))
    if max(baseline, candidate) >= _WORDS * max(min(baseline, candidate), 1):
        yield StandOut(kind="length", worse=len(both), baseline=baseline, candidate=candidate)
