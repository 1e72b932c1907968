"""Cards of what a run is made of: agents and what differs, policies, suites, score tables, changes of datasets."""

from __future__ import annotations

from evalplat.records import (
    AgentDiff,
    AgentSpec,
    CaseChange,
    Curated,
    DatasetDiff,
    DatasetFacts,
    GatePolicy,
    PendingCase,
    ScoreTable,
    Suite,
)
from evalplat.records.agent_diff import part_text
from evalplat.reports.numbers import ABSENT, count, value

from .card import Card, Changed, Fold, Quote, Table


def agent_card(spec: AgentSpec) -> Card:
    """An agent, part by part."""
    data = spec.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    parts = tuple(Quote(part, part_text(found)) for part, found in data.items())
    return Card(f"agent {spec.name}", (f"fingerprint {spec.fingerprint[:12]}",), parts)


def agent_diff_card(diff: AgentDiff) -> Card:
    """What differs between two agents, line by line."""
    parts = tuple(Changed(one.part, one.before, one.after) for one in diff.changes)
    title = f"{diff.before} to {diff.after}: " + (", ".join(diff) or "the same agent")
    return Card(title, (), parts)


def policy_card(policy: GatePolicy) -> Card:
    """The rules of a gate."""
    rows = []
    for one in policy.metrics:
        limits = (one.margin, one.bound, one.max_rate, one.effect)
        limit = next((number for number in limits if number is not None), None)
        role = "gating" if one.gating else "informative"
        rows.append((one.metric, one.rule, one.statistic, one.direction, value(limit), f"{one.alpha:g}", role))
    heads = ("metric", "rule", "statistic", "better", "limit", "alpha", "")
    lines = [f"estimand: {policy.estimand}", f"cluster: {policy.cluster or 'the column cluster, where there is one'}"]
    lines += [f"slices: {', '.join(policy.slices)}"] if policy.slices else []
    return Card("gate policy", tuple(lines), (Table.of(heads, rows, numbers=4),))


def suite_card(suite: Suite) -> Card:
    """What a target is examined on."""
    sets = Table.of(("dataset", "cases"), [(one.name, count(len(one.cases))) for one in suite.datasets])
    scorers = Table.of(("metric", "scorer"), [(one.metric, one.kind) for one in suite.scorers], numbers=2)
    line = f"{count(len(suite.cases))} cases x {suite.trials}, seed {suite.seed}"
    policy = () if suite.policy is None else (Fold("policy", policy_card(suite.policy)),)
    return Card(f"suite {suite.name}", (line,), (sets, scorers, *policy))


def scores_card(table: ScoreTable) -> Card:
    """How many rows of what, and the first of them."""
    line = (
        f"systems: {', '.join(table.systems[:10])}; metrics: {', '.join(table.metrics[:20])}; "
        f"{count(len(table.case.values))} cases"
    )
    rows = []
    for row in range(min(5, len(table))):
        code = table.error.codes[row]
        score = ABSENT if table.score[row] != table.score[row] else value(float(table.score[row]))
        rows.append(
            (
                table.system.values[table.system.codes[row]],
                table.case.values[table.case.codes[row]],
                str(table.trial[row]),
                table.metric.values[table.metric.codes[row]],
                score,
                "" if code < 0 else table.error.values[code],
            )
        )
    heads = ("system", "case", "trial", "metric", "score", "error")
    return Card(f"score table of {count(len(table))} rows", (line,), (Table.of(heads, rows, numbers=2),))


def dataset_diff_card(diff: DatasetDiff) -> Card:
    """What became of a dataset."""
    if diff.is_empty:
        return Card(f"{diff.before} to {diff.after}: the same {count(diff.n_same)} cases")
    kinds = {"added": diff.added, "removed": diff.removed, "retired": diff.retired}
    told = [f"{count(len(found))} {name}" for name, found in kinds.items() if found]
    told += [f"{count(len(found))} {name}" for name, found in _both(diff) if found]
    lines = tuple(f"{name}: {', '.join(found[:20])}" for name, found in kinds.items() if found)
    parts = [Fold(f"{name}: {one.id}", _fields(one), open=True) for name, found in _both(diff) for one in found[:20]]
    title = f"{diff.before} to {diff.after}: {', '.join(told)}; {count(diff.n_same)} the same"
    return Card(title, lines, tuple(parts))


def facts_card(facts: DatasetFacts) -> Card:
    """A dataset in figures."""
    rows = [(name, one, count(n)) for name, found in facts.slices.items() for one, n in found.items()]
    line = f"{count(facts.n_cases)} cases in {count(facts.n_clusters)} clusters, {count(facts.n_labelled)} labelled"
    parts = (Table.of(("slice", "value", "cases"), rows, numbers=2),) if rows else ()
    return Card(facts.where, (line, f"sha256 {facts.digest[:12]}"), parts)


def curated_card(found: Curated) -> Card:
    """What waits beside a dataset now, and what was there already."""
    title = (
        f"{count(len(found.pending))} cases of {found.source} wait beside {found.dataset}; {count(found.n_found)} found"
    )
    rows = [(one.case.id, one.case.input, ", ".join(one.lacks) or "nothing") for one in found.pending]
    there = [(one.case_id, one.of, one.place, f"{one.similarity:.2f}") for one in found.duplicates]
    parts = [Table.of(("pending", "input", "lacks"), rows, numbers=3)] if rows else []
    parts += [Table.of(("there already", "as", "in", "similarity"), there, numbers=3)] if there else []
    return Card(title, found.notes, tuple(parts))


def pending_card(one: PendingCase) -> Card:
    """A case that waits: what it asks, what was answered, what it lacks."""
    lines = [f"from {one.provenance.source}", f"lacks: {', '.join(one.lacks) or 'nothing'}", *one.notes]
    parts = [Quote("input", one.case.input)]
    parts += [Quote("the system said", one.provenance.said)] if one.provenance.said else []
    return Card(f"pending case {one.case.id}", tuple(lines), tuple(parts))


def _both(diff: DatasetDiff) -> tuple[tuple[str, tuple[CaseChange, ...]], ...]:
    return ("changed", diff.changed), ("relabelled", diff.relabelled)


def _fields(one: CaseChange) -> Card:
    return Card("", (), tuple(Changed(field.field, field.before or "", field.after or "") for field in one.fields))
