"""Flipped and failed cases, both answers side by side, in as much detail as fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from evalplat.records import CasePair, Expectation, Flip, Trial

from .numbers import count, money, seconds, signed, value
from .talk import Talk, talk
from .traces import TraceRows, rows
from .why import cut_off
from .worddiff import Pieces, compared


@dataclass(frozen=True, slots=True)
class Detail:
    """How many characters of each text are shown."""

    name: str
    text: int
    attribute: int
    traces: bool


_UNSEEN_S = 0.05
"""Seconds of waiting that are not worth telling."""

FULL = Detail("full", text=8000, attribute=1500, traces=True)
BRIEF = Detail("brief", text=800, attribute=0, traces=False)


@dataclass(frozen=True, slots=True)
class SideView:
    """One run's trial of a case."""

    label: str
    answer: str | None
    failure_kind: str | None
    failure_message: str
    figures: tuple[str, ...]
    citations: tuple[tuple[str, str, str], ...]
    n_citations: int
    trace: TraceRows | None
    talk: Talk | None = None
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as the page shows it. `states` are of worse, better, unchanged and failed."""

    number: int
    id: str
    states: tuple[str, ...]
    flip: str
    input: str
    slices: tuple[str, ...]
    cluster: str | None
    expected: tuple[tuple[str, str], ...]
    scores: tuple[tuple[str, str, str], ...]
    why: dict[str, str]
    sides: tuple[SideView, ...]
    detail: Detail


@dataclass(frozen=True, slots=True)
class Shown:
    """What fits: the HTML of each pair in order, and how many were written in full and in brief."""

    html: tuple[str, ...]
    n_full: int
    n_brief: int


def fit(
    pairs: Sequence[CasePair],
    render: Callable[[CaseView], str],
    budget: int,
    labels: tuple[str, str],
    metric: str | None,
) -> Shown:
    """Write pairs in order until `budget` bytes are used: the worst in full; where not all fit, the rest in brief."""
    written: list[str] = []
    used, n_full, detail = 0, 0, FULL
    for number, pair in enumerate(pairs, start=1):
        html = render(view(pair, number, detail, labels, metric))
        cost = _bytes(html)
        if detail is FULL and used + cost > budget // 2 and used + cost * (len(pairs) - number + 1) > budget:
            detail = BRIEF
            html = render(view(pair, number, detail, labels, metric))
            cost = _bytes(html)
        if used + cost > budget:
            break
        written.append(html)
        used += cost
        n_full += detail is FULL
    return Shown(tuple(written), n_full, len(written) - n_full)


def view(pair: CasePair, number: int, detail: Detail, labels: tuple[str, str], metric: str | None) -> CaseView:
    """The pair in plain texts, uncut: the template cuts by `detail`. A side without a label is left out."""
    names = list(dict.fromkeys((*pair.candidate_scores, *pair.baseline_scores)))
    sides = [(labels[0], pair.baseline), (labels[1], pair.candidate)]
    return CaseView(
        number=number,
        id=pair.case.id,
        states=tuple(_states(pair, compared=all(labels))),
        flip=_flip(pair, metric) if all(labels) else "",
        input=pair.case.input,
        slices=tuple(f"{name.removeprefix('slice.')}={found}" for name, found in pair.case.slices.items()),
        cluster=pair.case.cluster,
        expected=tuple(_expected(pair.case.expect)),
        scores=tuple(
            (name, value(pair.baseline_scores.get(name)), value(pair.candidate_scores.get(name))) for name in names[:40]
        ),
        why=_why(pair, labels),
        sides=_sides(sides, detail),
        detail=detail,
    )


def _why(pair: CasePair, labels: tuple[str, str]) -> dict[str, str]:
    """By metric what its scorer says of the two answers, of one side or of both."""
    found: dict[str, str] = {}
    for name in dict.fromkeys((*pair.candidate_scores, *pair.baseline_scores)):
        said = [
            (label, text.get(name, ""))
            for label, text in zip(labels, (pair.baseline_explanations, pair.explanations), strict=True)
        ]
        told = [(label, text) for label, text in said if label and text]
        if len({text for _, text in told}) == 1:
            found[name] = told[0][1]
        elif told:
            found[name] = "; ".join(f"{label}: {text}" for label, text in told)
    return found


def rest_of(flips: Sequence[Flip], pairs: Sequence[CasePair], written: int) -> list[Flip]:
    """The flips, worst first, that have no pair among those written."""
    seen = {pair.case.id for pair in pairs[:written]}
    return sorted((flip for flip in flips if flip.case_id not in seen), key=lambda flip: flip.change)


def states_of(pairs: Sequence[CasePair]) -> tuple[str, ...]:
    """What can be filtered by: the states that some pair of two runs has."""
    found = {state for pair in pairs for state in _states(pair, compared=True)}
    return tuple(state for state in ("worse", "better", "unchanged", "failed", "baseline failed") if state in found)


def _states(pair: CasePair, *, compared: bool) -> Iterator[str]:
    if compared and pair.change is not None:
        yield "unchanged" if pair.change == 0 else "worse" if pair.change < 0 else "better"
    if pair.candidate is not None and pair.candidate.failure is not None:
        yield "failed"
    elif not compared:
        yield "wrong"
    elif pair.baseline is not None and pair.baseline.failure is not None:
        yield "baseline failed"


def _flip(pair: CasePair, metric: str | None) -> str:
    if metric is None or metric not in pair.baseline_scores or metric not in pair.candidate_scores:
        return signed(pair.change) if pair.change else ""
    return f"{value(pair.baseline_scores[metric])} → {value(pair.candidate_scores[metric])}"


def _expected(expect: Expectation) -> Iterator[tuple[str, str]]:
    if expect.abstain:
        yield "Expected", "to say that it is not known"
    if expect.answers:
        yield "Expected", " · ".join(expect.answers)
    if expect.number is not None:
        within = f" ± {value(expect.tolerance)}" if expect.tolerance else ""
        yield "Expected number", f"{value(expect.number)}{within}"
    if expect.pattern is not None:
        yield "Expected pattern", expect.pattern
    if expect.json_schema is not None:
        yield "Expected JSON", "an answer that matches the case's schema"
    if expect.sources:
        yield "Sources", ", ".join(expect.sources)


def _sides(sides: Sequence[tuple[str, Trial | None]], detail: Detail) -> tuple[SideView, ...]:
    made = [_side(label, trial, detail) for label, trial in sides if label]
    answers = [side.answer for side in made]
    if len(made) == 2 and answers[0] is not None and answers[1] is not None:
        pieces = compared(answers[0], answers[1], detail.text)
        if pieces is not None:
            made = [replace(side, pieces=own) for side, own in zip(made, pieces, strict=True)]
    return tuple(made)


def _side(label: str, trial: Trial | None, detail: Detail) -> SideView:
    if trial is None:
        return SideView(label, None, None, "", (), (), 0, None)
    citations = trial.answer.citations if trial.answer and detail.traces else ()
    return SideView(
        label=label,
        answer=trial.answer.text if trial.answer else None,
        failure_kind=trial.failure.kind if trial.failure else None,
        failure_message=trial.failure.message if trial.failure else "",
        figures=tuple(_figures(trial)),
        citations=tuple((cited.source_id, value(cited.score), cited.text) for cited in citations[:20]),
        n_citations=len(citations),
        trace=rows(trial.trace) if detail.traces else None,
        talk=talk(trial.episode) if detail.traces else None,
    )


def _figures(trial: Trial) -> Iterator[str]:
    waited = _waited(trial)
    yield (
        f"{seconds(trial.latency_s)}, and {seconds(waited)} of waiting for its turn"
        if waited
        else seconds(trial.latency_s)
    )
    yield f"{count(trial.usage.total_tokens)} tokens"
    yield f"cost {money(trial.usage.cost_usd)}"
    if (ended := cut_off(trial)) is not None:
        yield ended
    if trial.usage.retries:
        yield f"{count(trial.usage.retries)} retries"
    if trial.key.trial:
        yield f"trial {trial.key.trial}"


def _waited(trial: Trial) -> float | None:
    """What the trace is longer than the trial's latency, which leaves out the wait for a free slot of the endpoint."""
    if trial.trace is None or not trial.trace.spans:
        return None
    spans = trial.trace.spans
    whole = (max(span.end_unix_nano for span in spans) - min(span.start_unix_nano for span in spans)) / 1e9
    waited = whole - trial.latency_s
    return waited if waited > max(_UNSEEN_S, 0.1 * whole) else None


def _bytes(html: str) -> int:
    return len(html.encode("utf-8", "surrogatepass"))
