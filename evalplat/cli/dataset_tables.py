"""Datasets on a terminal. Nothing is computed here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from .console import printable

if TYPE_CHECKING:
    from pathlib import Path

    from evalplat.records import (
        Agreement,
        Card,
        CaseChange,
        DatasetCheck,
        DatasetDiff,
        DatasetFinding,
        DatasetSplit,
        Record,
        Weighing,
    )
    from evalplat.sdk.dataset import Shown

SHOWN_VALUES = 12
"""Values of a slice that are listed."""


def facts_lines(shown: Shown) -> None:
    """Sizes, hash, card, slices, versions."""
    facts = shown.facts
    _say(f"{facts.where}: {facts.n_cases:,} cases in {facts.n_clusters:,} clusters, {facts.n_labelled:,} with labels")
    _say(f"sha256 {facts.digest}")
    if facts.weighted:
        _say("cases are weighted")
    for name, values in facts.slices.items():
        most = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
        more = f", and {len(most) - SHOWN_VALUES} more" if len(most) > SHOWN_VALUES else ""
        _say(f"slice {name}: " + ", ".join(f"{value} {count:,}" for value, count in most[:SHOWN_VALUES]) + more)
    _card(shown.named.card)
    for version in shown.versions:
        here = "  (this)" if version.digest == facts.digest else ""
        note = f"  {version.message}" if version.message else ""
        kept = f"{version.ref}  {version.at:%Y-%m-%d %H:%M} UTC  {version.digest[:12]}  {version.n_cases:,} cases"
        _say(kept + note + here)
    if not shown.same:
        _say("this content is no kept version; `evalplat dataset version` keeps it")


def record_json(record: Record, schema: str) -> str:
    """A record as JSON that names its schema."""
    return json.dumps({"schema": schema, **record.model_dump(mode="json")}, indent=2)


def facts_json(shown: Shown) -> str:
    """All of it as JSON."""
    card = shown.named.card
    body = {
        "schema": "evalplat.dataset/1",
        "name": shown.named.name,
        **shown.facts.model_dump(mode="json"),
        "card": card.model_dump(mode="json") if card is not None else None,
        "versions": [version.model_dump(mode="json", exclude={"card"}) for version in shown.versions],
        "same_as": [version.ref for version in shown.same],
    }
    return json.dumps(body, indent=2)


def diff_lines(diff: DatasetDiff, *, limit: int) -> None:
    """Counts first, then cases."""
    if diff.is_empty:
        _say(f"no difference: {diff.n_before:,} cases, sha256 {diff.before_digest}")
        return
    retired = f" (of them {len(diff.retired):,} retired)" if diff.retired else ""
    _say(
        f"{diff.before} ({diff.n_before:,} cases) -> {diff.after} ({diff.n_after:,} cases): {len(diff.added):,} added, "
        f"{len(diff.removed):,} removed{retired}, {len(diff.changed):,} changed, {len(diff.relabelled):,} relabelled, "
        f"{diff.n_same:,} the same"
    )
    _ids("+", "added", diff.added, limit, typer.colors.GREEN)
    gone = [case_id for case_id in diff.removed if case_id not in diff.retired]
    _ids("-", "removed", gone, limit, typer.colors.RED)
    _ids("- (retired)", "retired", diff.retired, limit, typer.colors.RED)
    _cases("~", "changed", diff.changed, limit)
    _cases("=", "relabelled", diff.relabelled, limit)


def check_lines(check: DatasetCheck) -> None:
    """A line for each finding, by kind."""
    facts = check.facts
    by_code: dict[str, list[DatasetFinding]] = {}
    for finding in check.findings:
        by_code.setdefault(finding.code, []).append(finding)
    for code, findings in by_code.items():
        for finding in findings[:SHOWN_VALUES]:
            against = f" [{finding.against}]" if finding.against is not None else ""
            alike = f" (similarity {finding.similarity:.2f})" if finding.similarity is not None else ""
            some = ", ".join(finding.cases[:3]) + (", …" if len(finding.cases) > 3 else "")
            _say(f"{code}{against}: {some}{': ' if some else ''}{finding.message}{alike}")
        _more(code, len(findings) - SHOWN_VALUES)
    _say(f"{facts.where}: {facts.n_cases:,} cases in {facts.n_clusters:,} clusters, {len(check.findings):,} findings")


def split_lines(split: DatasetSplit) -> None:
    """A line for each part."""
    for part in split.parts:
        asked = f"{part.share:.1%} (asked {part.asked:.1%})"
        _say(f"{part.name}: {part.n_cases:,} cases in {part.n_clusters:,} clusters, {asked} -> {part.path}")
        if part.strata:
            _say("    " + ", ".join(f"{value or '(none)'} {count:,}" for value, count in part.strata.items()))
    if split.kept:
        _say(f"{split.kept:,} cases stayed where they were")


def weight_lines(weighing: Weighing, path: Path) -> None:
    """The weights, what no case stands for, and what the weights cost."""
    for cell, weight in weighing.weights.items():
        _say(f"{cell}: {weight:.4g}")
    for cell, share in weighing.uncovered.items():
        _say(f"warning: {share:.2%} of the traffic is {cell}, for which there is no case")
    _say(f"{weighing.n_cases:,} cases, worth {weighing.effective_cases:,.0f} equally weighted ones -> {path}")


def agreement_lines(found: Sequence[Agreement]) -> None:
    """A paragraph for each label."""
    for one in found:
        people = ", ".join(f"{person} {count:,}" for person, count in one.people.items())
        _say(f"{one.label}: {one.n_cases:,} cases, {one.n_pairable:,} by two people or more ({people})")
        if one.share_agreed is not None:
            _say(f"    all said the same of {one.share_agreed:.1%}; disputed: {len(one.disputed):,}")
        if one.alpha is not None:
            _say(f"    Krippendorff's alpha ({one.level}) {one.alpha:.3f}")
        else:
            _say(f"    no alpha: {one.alpha_reason}")
        if one.kappa is not None:
            ends = f" [{one.kappa_low:.3f}, {one.kappa_high:.3f}]" if one.kappa_low is not None else ""
            _say(f"    Cohen's kappa {one.kappa:.3f}{ends}")
        elif len(one.people) == 2:
            _say(f"    no kappa: {one.kappa_reason}")
        for case_id in one.disputed[:SHOWN_VALUES]:
            _say(f"    ? {case_id}")
        _more("disputed", len(one.disputed) - SHOWN_VALUES)


def agreement_json(found: Sequence[Agreement]) -> str:
    """All of it as JSON."""
    body = {"schema": "evalplat.agreement/1", "labels": [one.model_dump(mode="json") for one in found]}
    return json.dumps(body, indent=2)


def _ids(mark: str, what: str, ids: Sequence[str], limit: int, colour: str) -> None:
    for case_id in ids[:limit]:
        typer.echo(typer.style(f"{mark} {printable(case_id)}", fg=colour))
    _more(what, len(ids) - limit)


def _cases(mark: str, what: str, cases: Sequence[CaseChange], limit: int) -> None:
    for case in cases[:limit]:
        typer.echo(typer.style(f"{mark} {printable(case.id)}", fg=typer.colors.YELLOW))
        for field in case.fields:
            _say(f"    {field.field}: {_value(field.before)} -> {_value(field.after)}")
    _more(what, len(cases) - limit)


def _more(what: str, count: int) -> None:
    if count > 0:
        typer.echo(f"  and {count:,} more {what}; --json has all")


def _value(value: str | None) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)


def _card(card: Card | None) -> None:
    if card is None:
        typer.echo("no card beside it: source, licence, intended use, known gaps and contacts are not known")
        return
    _say(f"source: {card.source}")
    _say(f"licence: {card.licence}")
    _say(f"intended use: {card.intended_use}")
    for gap in card.known_gaps:
        _say(f"known gap: {gap}")
    _say("contacts: " + ", ".join(card.contacts))


def _say(line: str) -> None:
    typer.echo(printable(re.sub(r"[\r\n\t]+", " ", line)))
