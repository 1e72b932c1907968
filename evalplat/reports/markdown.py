"""Markdown for a pull request: the verdict, the table, what to do next. At most 60,000 characters, GitHub's limit less
some room. Names are shown as code, prose is escaped, and nobody is mentioned and nothing linked by hostile text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evalplat.records import Decision, MetricDecision

from .interval import scale
from .numbers import change, count, level, p_value, signed, value
from .text import one_line
from .words import DECISIONS, VERDICTS, attempted, course, not_by_more_cases, rule_in_words, sentence, settling

LIMIT = 60_000
_SHOWN = {"slices": 40, "flips": 20, "findings": 20, "metrics": 60}


def render_markdown(decision: Decision) -> str:
    """The decision as a pull-request comment in GitHub's Markdown."""
    blocks = [
        f"## evalplat: {VERDICTS[decision.verdict].label}, {DECISIONS[decision.decision].lower()}",
        prose(sentence(decision.reason), 2000),
        f"{code(decision.baseline.ref)} (baseline) against {code(decision.candidate.ref)} (candidate), "
        f"{count(decision.candidate.n_cases)} cases, {count(decision.candidate.n_trials)} trials.",
        *_attempt(decision),
        *_course(decision),
        *_metrics(decision),
        *_needed(decision),
        *_findings(decision),
        *_slices(decision),
        *_flips(decision),
        f"<sub>Policy {code(decision.policy_sha256[:12])}, evalplat {code(decision.version)}. Intervals are at "
        f"{'each look’s level' if decision.stopped else '1 − 2α'}; unrounded numbers are in decision.json.</sub>",
    ]
    kept, size = [], 0
    for block in blocks:
        size += len(block) + 2
        if size > LIMIT:
            kept.append("_The rest does not fit into a comment; it is in the report._")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def code(text: str, limit: int = 120) -> str:
    """Hostile text as a code span, safe in a table cell."""
    line = one_line(text, limit) or " "
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def prose(text: str, limit: int = 500) -> str:
    """Hostile text as plain words: no markup, no HTML, no mention, no issue number, no link."""
    line = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", line)
    line = re.sub(r"^([-+#=])", r"\\\1", line)
    line = re.sub(r"@(?=\w)", "@\u200b", line)
    line = re.sub(r"#(?=\d)", "#\u200b", line)
    line = re.sub(r"^(\d+)([.)])", r"\1\\\2", line)
    return re.sub(r"(?i)(?<=\w)://|\bwww\.", lambda found: found.group()[:-1] + "\u200b" + found.group()[-1], line)


def _attempt(decision: Decision) -> Iterable[str]:
    told = attempted(decision)
    if told is not None:
        yield f"**{told}**"


def _course(decision: Decision) -> Iterable[str]:
    cost = course(decision)
    if cost is not None:
        yield cost
    if decision.anchor is not None:
        against = f"{code(decision.anchor.anchor.ref)}: {VERDICTS[decision.anchor.verdict].label.lower()}"
        yield f"All changes since the anchor {against}. {prose(sentence(decision.anchor.reason))}"


def _metrics(decision: Decision) -> Iterable[str]:
    for gating, title in ((True, "Gating metrics"), (False, "Informative metrics, which do not decide")):
        group = [metric for metric in decision.metrics if metric.comparison.gating == gating]
        if group:
            yield f"**{title}**\n\n" + _table(group, _SHOWN["metrics"], slices=False)


def _table(metrics: Sequence[MetricDecision], limit: int, *, slices: bool) -> str:
    rows = [
        "| Metric | Baseline | Candidate | Difference | Interval | p, adjusted | Verdict |",
        "|---|--:|--:|--:|:-:|--:|---|",
    ]
    for metric in metrics[:limit]:
        found = metric.comparison
        name = f"{code(found.metric)} {code(found.slice)}" if slices and found.slice else code(found.metric)
        cells = [
            name if slices else f"{name}<br>{rule_in_words(found)}",
            level(found.baseline, found),
            level(found.candidate, found),
            change(found.difference, found),
            scale(found).text,
            p_value(found.p_adjusted),
            f"**{VERDICTS[metric.verdict].label}**",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    if len(metrics) > limit:
        rows.append(f"\n{len(metrics) - limit:,} more are in the report.")
    return "\n".join(rows)


def _needed(decision: Decision) -> Iterable[str]:
    lines = [_settle(metric) for metric in decision.metrics if metric.comparison.needed]
    alone = not_by_more_cases(decision)
    if lines and alone:
        lines.append(f"\n{prose(alone)}")
    if lines:
        yield "**What would settle it** (80 % power, were the truth no change)\n\n" + "\n".join(lines)


def _settle(metric: MetricDecision) -> str:
    return f"- {code(metric.comparison.metric)}: {settling(metric.comparison)}"


def _findings(decision: Decision) -> Iterable[str]:
    lines = [
        f"- {code(finding.code)}"
        + (f" {code(finding.metric)}" if finding.metric else "")
        + f": {prose(sentence(finding.message))}"
        for finding in decision.findings[: _SHOWN["findings"]]
    ]
    if len(decision.findings) > len(lines):
        lines.append(f"- {len(decision.findings) - len(lines):,} more are in the report.")
    if lines:
        yield "**Warnings**\n\n" + "\n".join(lines)


def _slices(decision: Decision) -> Iterable[str]:
    if decision.slices:
        table = _table(decision.slices, _SHOWN["slices"], slices=True)
        yield f"<details><summary>Slices ({len(decision.slices):,})</summary>\n\n{table}\n\n</details>"


def _flips(decision: Decision) -> Iterable[str]:
    if not decision.flips:
        return
    worse = sum(1 for flip in decision.flips if flip.change < 0)
    shown = sorted(decision.flips, key=lambda flip: flip.change)[: _SHOWN["flips"]]
    rows = ["| Case | Metric | Baseline | Candidate | Change |", "|---|---|--:|--:|--:|"]
    rows += [
        f"| {code(f.case_id)} | {code(f.metric)} | {value(f.baseline)} | {value(f.candidate)} | {signed(f.change)} |"
        for f in shown
    ]
    if len(decision.flips) > len(shown):
        rows.append(f"\n{len(decision.flips) - len(shown):,} more are in the report.")
    title = f"Flipped cases: {worse:,} worse, {len(decision.flips) - worse:,} better"
    yield f"<details><summary>{title}</summary>\n\n" + "\n".join(rows) + "\n\n</details>"
