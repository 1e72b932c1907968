"""Why: what stands out in the cases that got worse, in sentences."""

from __future__ import annotations

from evalplat.records import ReportData, StandOut, Trial

from .numbers import count
from .text import one_line


def why(data: ReportData) -> list[str]:
    """A sentence for each thing that stands out; none where the gate passes."""
    if data.decision.verdict == "pass":
        return []
    n_worse = sum(flip.change < 0 for flip in data.decision.flips)
    return [_sentence(one, whole=one.worse >= n_worse) for one in data.standing_out]


def cut_off(trial: Trial) -> str | None:
    """`cut off at 32 tokens`; None where the last answer of a model was not."""
    if trial.trace is None or not trial.trace.cut_off:
        return None
    return _cut(trial.trace.token_limit)


def _cut(limit: int | None) -> str:
    return f"cut off at {count(limit)} tokens" if limit else "cut off at its token limit"


def _sentence(one: StandOut, *, whole: bool) -> str:
    if one.kind == "length":
        return (
            f"In the cases that got worse the candidate's answers have {one.candidate:g} words at the median, the "
            f"baseline's {one.baseline:g}."
        )
    what = one_line(one.what, 100)
    said = {
        "no answer": "the candidate gave no answer",
        "cut off": f"the candidate's answer was {_cut(one.limit)}",
        "same answer": f"the candidate said the same: “{what}”",
        "failed tool": f"the candidate's tool {what} failed",
    }[one.kind]
    cases = f"the {count(one.worse)} {'cases that got worse' if whole else 'worst cases'}"
    also = f"the baseline's in {count(int(one.baseline))}" if one.baseline else "the baseline's in none"
    others = ""
    if one.others is not None and one.others[1]:
        others = f"; so it was in {count(one.others[0])} of the {count(one.others[1])} other trials"
    return f"In {count(int(one.candidate))} of {cases} {said} ({also}{others})."
