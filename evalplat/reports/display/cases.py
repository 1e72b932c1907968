"""Cards of cases, trials and runs: what was asked, what was answered, what happened on the way."""

from __future__ import annotations

from collections import Counter

from evalplat.records import Case, CasePair, Dataset, Run, RunReportData, Summary, Trace, Trial, Usage
from evalplat.reports.cases import BRIEF, view
from evalplat.reports.numbers import ABSENT, count, money, seconds, value
from evalplat.reports.traces import rows

from .card import Card, Fold, Quote, Table


def case_card(case: Case) -> Card:
    """What is asked, and what is right."""
    shown = view(CasePair(case=case), 1, BRIEF, ("", ""), None)
    facts = [*(f"{name}: {text}" for name, text in shown.expected)]
    if case.slices:
        facts.append("slices: " + ", ".join(f"{name}={one}" for name, one in case.slices.items()))
    if case.cluster is not None:
        facts.append(f"cluster: {case.cluster}")
    if case.scenario is not None:
        facts.append(f"a scenario: {case.scenario.goal}")
    return Card(f"case {case.id}", tuple(facts), (Quote("input", case.input),))


def pair_card(pair: CasePair) -> Card:
    """One case as both runs answered it, with scores and both traces."""
    case = case_card(pair.case)
    names = dict.fromkeys((*pair.baseline_scores, *pair.candidate_scores))
    scores = [(one, value(pair.baseline_scores.get(one)), value(pair.candidate_scores.get(one))) for one in names]
    parts: list[Table | Quote | Fold] = [*_quotes(case)]
    if scores:
        parts.append(Table.of(("score", "baseline", "candidate"), scores))
    for name, trial in (("baseline", pair.baseline), ("candidate", pair.candidate)):
        if trial is not None:
            parts += _answer(name, trial)
            if trial.trace is not None and trial.trace.spans:
                parts.append(Fold(f"{name}: {len(trial.trace.spans)} steps", trace_card(trial.trace)))
    return Card(case.title, case.lines, tuple(parts))


def trial_card(trial: Trial) -> Card:
    """One trial: its answer or failure, what it took, the conversation and every step of its trace."""
    title = f"trial {trial.key.trial} of case {trial.key.case_id}"
    parts: list[Table | Quote | Fold] = [*_answer("", trial)]
    if trial.episode is not None:
        said = [Quote(one.role, one.text) for one in trial.episode.messages]
        parts.append(Fold(f"conversation: {len(said)} messages", Card("", parts=tuple(said))))
    if trial.trace is not None and trial.trace.spans:
        parts.append(Fold(f"{len(trial.trace.spans)} steps", trace_card(trial.trace), open=True))
    return Card(title, (_took(trial),), tuple(parts), "" if trial.failure is None else "fail")


def trace_card(trace: Trace) -> Card:
    """The steps of a trial in their order, each with what went in and out."""
    found = rows(trace)
    if found is None:
        return Card("no steps were recorded")
    parts = []
    for row in found.spans:
        name = f"{'· ' * row.depth}{row.name}, {row.duration}" + (f", {row.status}" if row.status == "error" else "")
        details = tuple(Quote(key, text) for key, text in row.details)
        parts.append(Fold(name, Card("", (row.message,) if row.message else (), details)))
    return Card(f"{found.total} steps in {found.duration}", (), tuple(parts))


def run_card(run: Run) -> Card:
    """A run: what was examined, how many trials, what failed and why, what it took."""
    info = run.info
    lines = [f"suite {info.suite}, {count(info.n_cases)} cases, target {info.target.name}", *_totals(run)]
    return Card(f"run {info.id}: {count(len(run.trials))} trials", tuple(lines), tuple(_failures(run)))


def run_report_card(data: RunReportData) -> Card:
    """A scored run: its figures and means."""
    info, card = data.run.info, data.run
    lines = (
        f"suite {info.suite}, {count(info.n_cases)} cases, target {info.target.name}; "
        f"{count(card.n_failures)} of {count(card.n_trials)} trials failed",
    )
    folds = [Fold(f"{pair.case.id}: {pair.case.input}", pair_card(pair)) for pair in data.failed[:10] if pair.candidate]
    failed = [Fold(f"failed or wrong trials ({len(folds)} of {data.n_failed_total})", Card("", parts=tuple(folds)))]
    return Card(f"run {info.id}", lines, (summary_table(data.summary), *(failed if folds else [])))


def summary_card(summary: Summary) -> Card:
    """Means with their intervals."""
    systems = list(dict.fromkeys(row.system for row in summary.systems))
    return Card(", ".join(systems[:10]), (), (summary_table(summary),))


def summary_table(summary: Summary) -> Table:
    """A row for each system and metric."""
    heads = ("system", "metric", "mean", "se", "low", "high", "cases", "clusters", "trials", "failed")
    made = [
        (
            row.system,
            row.metric,
            *(value(one) for one in (row.mean, row.se, row.ci_low, row.ci_high)),
            *(count(one) for one in (row.n_cases, row.n_clusters, row.n_trials, row.failures)),
        )
        for row in summary.systems
    ]
    return Table.of(heads, made, numbers=2)


def dataset_card(dataset: Dataset) -> Card:
    """A dataset: how many cases and clusters, its slices, its first cases."""
    clusters = {case.cluster or f"\0{case.id}" for case in dataset.cases}
    slices: dict[str, Counter[str]] = {}
    for case in dataset.cases:
        for name, one in case.slices.items():
            slices.setdefault(name, Counter())[one] += 1
    lines = [
        f"{count(len(dataset.cases))} cases in {count(len(clusters))} clusters, sha256 {dataset.content_hash[:12]}"
    ]
    lines += [f"{name}: {', '.join(f'{k} {n}' for k, n in found.most_common(8))}" for name, found in slices.items()]
    cases = [(case.id, case.input, case.cluster or ABSENT) for case in dataset.cases]
    return Card(
        f"dataset {dataset.name}", tuple(lines), (Table.of(("case", "input", "cluster"), cases[:5], numbers=3),)
    )


def _quotes(card: Card) -> list[Quote]:
    return [part for part in card.parts if isinstance(part, Quote)]


def _answer(name: str, trial: Trial) -> list[Quote]:
    label = f"{name} answered" if name else "answered"
    if trial.answer is not None:
        return [Quote(label, trial.answer.text)]
    assert trial.failure is not None
    return [Quote(f"{name} failed" if name else "failed", f"{trial.failure.kind}: {trial.failure.message}")]


def _took(trial: Trial) -> str:
    usage = trial.usage
    return f"{seconds(trial.latency_s)}, {count(usage.total_tokens)} tokens, cost {money(usage.cost_usd)}"


def _totals(run: Run) -> list[str]:
    used = sum((trial.usage for trial in run.trials), start=Usage())
    return [f"{count(used.total_tokens)} tokens in {count(used.calls)} calls, cost {money(used.cost_usd)}"]


def _failures(run: Run) -> list[Table]:
    causes = Counter(f"{one.failure.kind}: {one.failure.message}" for one in run.failures if one.failure is not None)
    rows = [(cause, count(number)) for cause, number in causes.most_common()]
    return [Table.of(("failure", "trials"), rows)] if rows else []
