"""The head of the page: the verdict, what it means, what changed, what it costs, what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from evalplat.records import MetricComparison, MetricDecision, PartChange, ReportData
from evalplat.reports.held import held
from evalplat.reports.numbers import change, count, span
from evalplat.reports.text import one_line
from evalplat.reports.verdict_words import deciding_place, dimension_at, headline
from evalplat.reports.why import why
from evalplat.reports.words import ADVICE, ESTIMANDS, VERDICTS, attempted, certainty, statistic_in_words

from .costs import in_a_sentence
from .next_steps import next_steps

_ASIDES: Final = {
    "users": "what it means for users",
    "why": "why",
    "changed": "what changed",
    "costs": "what it costs",
    "sure": "what it takes to be sure",
    "steps": "what to do next",
}


def verdict(data: ReportData) -> dict[str, Any]:
    """Variables of the head."""
    decision, place = data.decision, _place(data)
    deciding, meaning = decision.metrics[place], VERDICTS[decision.verdict].meaning
    # An attempt before, an anchor or Holm can make the verdict another than that of any metric.
    other = held(decision, deciding)
    return {
        "decision": decision,
        "place": place,
        "deciding": deciding.comparison,
        "headline": _headline(data, deciding, place) if other is None else other.headline,
        "agrees": other is None,
        "meaning": meaning,
        "counted": _counted(data, deciding),
        "action": ADVICE[decision.decision],
        "estimand": ESTIMANDS[decision.estimand],
        "attempt": attempted(decision),
        "suite": data.suite,
        "generated_at": data.generated_at,
        **_asides(
            users=lambda: list(_users(data, place)),
            why=lambda: why(data),
            changed=lambda: [(one.part, *_line_of(one)) for one in data.changes],
            costs=lambda: in_a_sentence(data),
            sure=lambda: certainty(decision, deciding) if other is None else None,
            steps=lambda: next_steps(data, deciding),
        ),
    }


def _asides(**builds: Callable[[], Any]) -> dict[str, Any]:
    """What stands beside the verdict, which does not fall with it: what breaks is named in its place."""
    found: dict[str, Any] = dict.fromkeys(builds)
    broken = []
    for name, build in builds.items():
        try:
            found[name] = build()
        except Exception as err:  # noqa: BLE001 the verdict must stand whatever breaks beside it; the page names it
            broken.append(f"{_ASIDES[name]}: {type(err).__name__}")
    return {**found, "broken": broken}


def _place(data: ReportData) -> int:
    """Of the metric that decides; where all pass, of the one that the policy names first."""
    place = deciding_place(data)
    if data.decision.metrics[place].verdict != "pass":
        return place
    return next((at for at, one in enumerate(data.decision.metrics) if one.comparison.gating), place)


def _headline(data: ReportData, deciding: MetricDecision, place: int) -> str:
    card = data.candidate
    if deciding.verdict == "fail" and card is not None and card.n_failures == card.n_trials:
        return f"The candidate gave no answer: all {count(card.n_trials)} of its trials failed."
    return headline(deciding, dimension_at(data, place))


def _counted(data: ReportData, deciding: MetricDecision) -> str:
    """What the metric is, and how the others that decide stand."""
    gating = [one for one in data.decision.metrics if one.comparison.gating]
    what = statistic_in_words(deciding.comparison)
    if len(gating) == 1:
        return f"{what}; the one metric that decides"
    same = sum(one.verdict == deciding.verdict for one in gating)
    if same == len(gating):
        narrowest = data.decision.metrics[deciding_place(data)].comparison.metric
        narrowly = f", {one_line(narrowest, 60)} most narrowly" if deciding.verdict == "pass" else ""
        return f"{what}; all {len(gating)} metrics that decide {_do(deciding.verdict, len(gating))}{narrowly}"
    return f"{what}; the worst of {len(gating)} metrics that decide, of which {same} {_do(deciding.verdict, same)}"


def _do(verdict: str, n: int) -> str:
    one = n == 1
    return {
        "pass": "passes" if one else "pass",
        "fail": "fails" if one else "fail",
        "inconclusive": "is open" if one else "are open",
    }[verdict]


def _line_of(change: PartChange) -> tuple[str, str]:
    """The first lines that only one of the two has, before and after: often the whole of a change."""
    before, after = ([line.strip() for line in text.splitlines()] for text in (change.before, change.after))
    lines = [next((line for line in own if line and line not in set(other)), "") for own, other in
             ((before, after), (after, before))]  # fmt: skip
    return lines[0], lines[1]


def _users(data: ReportData, place: int) -> Iterator[tuple[str, str, MetricComparison]]:
    """Path, sentence and figures of whom it touches, where cases have the weights of questions in use: all of them,
    then the slices that got worse beyond doubt."""
    told = [(f"metrics.{place}", data.decision.metrics[place])]
    told += [
        (f"slices.{number}", one)
        for number, one in enumerate(data.decision.slices)
        if one.verdict == "fail" and one.comparison.gating and one.comparison.rule != "zero"
    ][:3]
    told += [(f"metrics.{at}", one) for at, one in enumerate(data.decision.metrics) if one.comparison.gating][:1]
    for path, one in dict(told).items():
        found = one.comparison
        if found.weighted and found.worse_share is not None and found.better_share is not None:
            yield path, _in_thousand(found), found


def _in_thousand(found: MetricComparison) -> str:
    which = f"{found.slice.partition('=')[2]} " if found.slice else ""
    worse, better = (round(1000 * share) for share in (found.worse_share or 0.0, found.better_share or 0.0))
    if not worse and not better:
        return f"Of 1,000 {which}questions as they are asked, none is answered otherwise."
    lead = f"About {count(worse)} in 1,000 {which}questions get worse" if worse else f"No {which}question got worse"
    return f"{lead}, {f'{count(better)} better' if better else 'none better'} (net {_net(found)})."


def _net(found: MetricComparison) -> str:
    return f"{change(found.difference, found)}, {span(found.ci_low, found.ci_high, lambda end: change(end, found))}"
