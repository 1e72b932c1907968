"""Several candidates in plain words: the same in every format."""

from __future__ import annotations

from collections.abc import Sequence

from evalplat.records import Decision, MetricComparison, RankedSystem, Ranking, SeveralReportData, Verdict

from .numbers import level

_MOST = 6


def verdict_of(decisions: Sequence[Decision]) -> Verdict:
    """As the command ends: pass where one may ship, fail where all fail, else inconclusive."""
    verdicts = {one.verdict for one in decisions}
    return "pass" if "pass" in verdicts else "fail" if verdicts == {"fail"} else "inconclusive"


def headline(data: SeveralReportData) -> str:
    """Which may ship, in one sentence."""
    passed = [one.candidate.ref for one in data.decisions if one.decision == "ship"]
    waiting = [one.candidate.ref for one in data.decisions if one.verdict == "pass" and one.decision != "ship"]
    failed = sum(one.verdict == "fail" for one in data.decisions)
    n = len(data.decisions)
    if passed:
        return f"{listed(passed)} may ship."
    if waiting:
        return f"{listed(waiting)} may ship once somebody approves it."
    if failed == n:
        return (
            f"None of the {n} candidates may ship: each is measurably worse than the baseline on a metric that decides."
        )
    return f"None of the {n} candidates may ship: the evidence is too thin for {n - failed} of them."


def held_by(data: SeveralReportData) -> list[str]:
    """By what keeps candidates from shipping, a sentence: the metrics on which they fail, else those that are open."""
    about: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in data.decisions:
        verdict = {"fail": "fail", "inconclusive": "inconclusive"}.get(one.verdict)
        own = [
            metric.comparison.metric for metric in one.metrics if metric.comparison.gating and metric.verdict == verdict
        ]
        if verdict is not None and own:
            about.setdefault((verdict, tuple(dict.fromkeys(own))), []).append(one.candidate.ref)
    told = {"fail": ("fails on", "fail on"), "inconclusive": ("is open on", "are open on")}
    return [
        f"{listed(refs)} {told[verdict][len(refs) > 1]} {listed(metrics)}."
        for (verdict, metrics), refs in about.items()
    ]


def places(one: RankedSystem) -> str:
    """The places that a system can have: `1 to 3`."""
    return str(one.first) if one.first == one.last else f"{one.first} to {one.last}"


def level_of(ranking: Ranking, value: float | None) -> str:
    """A system's value, in percent where it is a share."""
    return level(value, _like(ranking))


def of_all(ranking: Ranking) -> str:
    """What the letters mean and what the claims are worth."""
    pairs = len(ranking.pairs)
    return (
        f"Systems that share a letter cannot be told apart. Of all {pairs} pairs together, the chance of calling any "
        f"difference real that is not is at most {100 * ranking.alpha:.3g} %."
    )


def listed(names: Sequence[str]) -> str:
    """`A, B and C`; of many, the first and how many more."""
    if len(names) > _MOST:
        return f"{', '.join(names[: _MOST - 1])} and {len(names) - _MOST + 1} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _like(ranking: Ranking) -> MetricComparison:
    """What says whether the metric is a share. A ratio's levels are no ratios."""
    found = ranking.pairs[0].comparison
    return found.model_copy(update={"statistic": "mean"}) if found.statistic == "ratio" else found
