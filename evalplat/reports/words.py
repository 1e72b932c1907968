"""Plain words for verdicts, rules and what would settle a question: the same in every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evalplat.records import MetricComparison, Needed

from .numbers import count, is_share, level, size, value


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


def statistic_in_words(found: MetricComparison) -> str:
    """What is compared."""
    if found.statistic.startswith("pass^"):
        return f"share of cases right in all of {found.statistic.removeprefix('pass^')} trials"
    return "share of cases right" if found.statistic == "mean" and is_share(found) else _STATISTICS[found.statistic]


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


def settling(needed: Needed) -> str:
    """What would settle an inconclusive metric, in plain words."""
    if needed.reachable == "no":
        return "No number of cases or trials like these would settle it at this margin."
    wants = []
    if needed.cases is not None:
        within = f" in {count(needed.clusters)} clusters" if needed.clusters is not None else ""
        wants.append(f"{count(needed.cases)} cases{within}")
    elif needed.clusters is not None:
        wants.append(f"{count(needed.clusters)} clusters")
    if needed.trials is not None:
        wants.append(f"{count(needed.trials)} trials a case")
    calls = ""
    if needed.candidate_calls is not None:
        low, high = needed.candidate_calls
        calls = f", {count(low)} calls" if low == high else f", {count(low)} to {count(high)} calls"
        calls += " of the candidate"
    how = {
        "by trials": "More trials of the same cases would do.",
        "only by clusters": "More trials of the same cases would not do; it takes new cases from new sources.",
    }[needed.reachable]
    wanted = " or ".join(wants)
    return f"About {wanted}{calls}. {how}" if wanted else how
