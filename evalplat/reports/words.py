"""Plain words for verdicts, rules and what would settle a question: the same in every format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final, TypeVar

from evalplat.records import Decision, MetricComparison, MetricDecision, Needed

from .numbers import count, level, minutes, money, size, value
from .text import one_line

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """How a verdict is called, and what it means to somebody who has to act."""

    label: str
    meaning: str


VERDICTS: Final = {
    "pass": VerdictWords("Pass", "The change holds up: on every metric that decides, it is good enough."),
    "fail": VerdictWords("Fail", "The change made the agent measurably worse on a metric that decides."),
    "inconclusive": VerdictWords("Inconclusive", "The evidence is too thin to say whether the agent got worse."),
}

DECISIONS: Final = {"ship": "Ship", "hold": "Hold", "needs-approval": "Needs approval"}

ADVICE: Final = {
    "ship": "Ship it.",
    "hold": "Hold it: do not ship this change.",
    "needs-approval": "It may ship once somebody approves it.",
}

ESTIMANDS: Final = {
    "population": "The verdict speaks about scenarios like these, not only about the ones in this suite.",
    "suite": "The verdict speaks about exactly the cases of this suite; only the noise between trials is allowed for.",
}

_STATISTICS: Final = {"mean": "mean", "ratio": "ratio of totals", "p50": "median", "p95": "95th percentile"}


_STOPS: Final = {
    "decided": "it was decided",
    "futility": "a pass was out of reach",
    "end": "it was the last",
}


def course(decision: Decision) -> str | None:
    """What a gate that looks more than once cost; None for one that did not run the candidate."""
    calls = decision.calls
    if calls is None or decision.stopped is None:
        return None
    baseline = f"{count(calls.baseline_run)} baseline trials were run, {count(calls.baseline_kept)} kept ones used"
    reused = f" ({count(calls.candidate_reused)} of them from an earlier gate)" if calls.candidate_reused else ""
    ended = f"It ended at look {decision.looks[-1].look}, as {_STOPS[decision.stopped]}"
    trials = f"{count(calls.candidate)} of at most {count(calls.largest)} candidate trials{reused}"
    return f"{ended}: {trials}; {baseline}."


def attempted(decision: Decision) -> str | None:
    """Which attempt at this change it is, and what it rests on; None for a first one that nothing went before."""
    went_on = decision.continued
    if went_on is None:
        return None if decision.attempt == 1 else f"Attempt {decision.attempt} of this change."
    base, cand = (count(trials) for trials in went_on.trials)
    begun = f"{went_on.begun_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    new = "no trial is new" if not went_on.new_trials else f"{count(went_on.new_trials)} candidate trials are new"
    if not went_on.pooled:
        drifted = any(finding.code == "baseline_stale" for finding in decision.findings)
        why = "the baseline drifted since" if drifted else "it was planned with another budget"
        return (
            f"Attempt {decision.attempt} of this change, first gated on {begun} ({_verdicts(went_on.earlier)}). "
            f"What was asked before is not pooled: {why}. "
            "No better verdict than the first is to be had."
        )
    evidence = f"evidence pooled, {cand} candidate and {base} baseline trials ({new})"
    if not went_on.earlier:
        return f"Continues the test of this change begun on {begun}, which was cut short: {evidence}."
    so_far = _verdicts(went_on.earlier)
    return f"Attempt {decision.attempt} of this change: continues the test begun on {begun} ({so_far}), {evidence}."


def _verdicts(earlier: Sequence[str]) -> str:
    told = ", then ".join(earlier[-5:])
    return f"so far {told}" if len(earlier) <= 5 else f"so far {count(len(earlier))} times, lastly {told}"


def statistic_in_words(found: MetricComparison) -> str:
    """What is compared."""
    if found.statistic.startswith("pass^"):
        return f"share of cases right in all of {found.statistic.removeprefix('pass^')} trials"
    return "share of cases" if found.statistic == "mean" and found.range == "binary" else _STATISTICS[found.statistic]


def rule_in_words(found: MetricComparison) -> str:
    """What passes, in words."""
    if found.rule == "non_inferiority":
        return _non_inferiority(found)
    if found.rule == "superiority":
        return "must improve"
    if found.rule in ("at_least", "at_most"):
        return f"must be {found.rule.replace('_', ' ')} {level(found.bound, found)}"
    if found.rule == "zero":
        return f"no failure, and a rate of at most {value(found.max_rate)}"
    return f"no significant drop, where one of {size(found.effect, found)} would show"


def _non_inferiority(found: MetricComparison) -> str:
    worse = "drop" if found.direction == "higher" or found.statistic.startswith("pass^") else "rise"
    if not found.margin:
        return "must improve"
    return f"may {worse} by less than {size(found.margin, found)}"


def sentence(reason: str) -> str:
    """A reason as it is shown: with a true arrow."""
    return reason.replace(" -> ", " → ")


def not_by_more_cases(decision: Decision) -> str | None:
    """Said beside what would settle a metric, where that would not let the change pass; None where it may."""
    anchor = decision.anchor
    if decision.verdict != "inconclusive" or anchor is None or anchor.verdict != "fail":
        return None
    return (
        f"That is about this change alone. Since the anchor {one_line(anchor.anchor.ref, 60)} the agent got worse, and "
        "no further case lets it pass."
    )


def certainty(decision: Decision, deciding: MetricDecision) -> str | None:
    """What it would take to be sure: nothing where it is decided, else what would settle the metric that decides."""
    found = deciding.comparison
    if found.rule == "zero" or found.alpha is None:
        return None
    chance = f"{100 * found.alpha:.3g} in 100"
    if decision.verdict == "fail":
        return f"No more calls are needed: of agents that got no worse, at most {chance} are told this."
    if decision.verdict == "pass":
        return f"No more calls are needed: of agents that lost more than is tolerated, at most {chance} are told this."
    return settling(found) or None


def settling(found: MetricComparison, *, prices: bool = True) -> str:
    """What would settle an inconclusive metric, in plain words; with calls, money and time unless told without.

    Nothing where nobody knows.
    """
    needed = found.needed
    if needed is None:
        return ""
    if needed.reachable == "no":
        return "No number of cases or trials like these would settle it at this margin."
    if needed.reachable == "by trials":
        wanted = f"About {_trials(needed)} of each of the {_cases(needed)} at hand"
        return f"{wanted}{_calls(needed) if prices else ''}. New cases are not needed."
    wanted = f"About {_cases(needed)}, at {_trials(needed)} each{_calls(needed) if prices else ''}."
    if needed.cases is not None and needed.cases <= found.n_cases:
        wanted += " It had as many: these answer in 4 of 5 attempts where nothing changed, and did not here."
    elif needed.cases is not None:
        new = count(needed.cases - found.n_cases)
        wanted += f" That is {new} more than were compared; the baseline is asked them too, which comes on top."
    return f"{wanted} More trials of the cases at hand would not do."


def _cases(needed: Needed) -> str:
    cases = "the cases" if needed.cases is None else f"{count(needed.cases)} cases"
    clustered = needed.clusters is not None and needed.clusters != needed.cases
    return f"{cases} in {count(needed.clusters)} clusters" if clustered else cases


def _trials(needed: Needed) -> str:
    if needed.trials is None:
        return "as many trials"
    return "1 trial" if needed.trials == 1 else f"{count(needed.trials)} trials"


def _calls(needed: Needed) -> str:
    if needed.candidate_calls is None:
        return ""
    told = [f"{_range(needed.candidate_calls, count)} calls of the candidate"]
    if needed.cost_usd is not None:
        told.append(_range(needed.cost_usd, money) if needed.cost_usd[1] else "no money")
    if needed.minutes is not None:
        told.append(f"{_range(needed.minutes, minutes)} one after another")
    return f": {', '.join(told)}"


def _range(ends: tuple[N, N], show: Callable[[N], str]) -> str:
    low, high = show(ends[0]), show(ends[1])
    return low if low == high else f"{low} to {high}"
