"""Several candidates as a pull-request comment."""

from __future__ import annotations

from collections.abc import Iterable

from evalplat.records import SeveralReportData

from .interval import scale
from .markdown import LIMIT, code, prose
from .numbers import change, p_value
from .several_words import headline, held_by, level_of, of_all, places, verdict_of
from .words import VERDICTS, sentence

_SHOWN = {"systems": 40, "pairs": 60, "reasons": 20}


def render_several_markdown(data: SeveralReportData) -> str:
    """Which may ship, the ranking, and every pair, in GitHub's Markdown; at most 60,000 characters."""
    ranking = data.ranking
    told = (*held_by(data), *ranking.sentences)
    blocks = [
        f"## evalplat: {VERDICTS[verdict_of(data.decisions)].label}, {len(data.decisions)} candidates at once",
        f"**{prose(headline(data), 1000)}** {' '.join(prose(one, 1000) for one in told[:12])}",
        f"**Ranking** by {code(ranking.metric)}, against the baseline {code(ranking.reference)}\n\n" + _systems(data),
        of_all(ranking),
        "**Why**\n\n" + "\n".join(_reasons(data)),
        f"<details><summary>Every pair ({len(ranking.pairs)})</summary>\n\n{_pairs(data)}\n\n</details>",
        f"<sub>Policy {code(data.decisions[0].policy_sha256[:12])}, evalplat {code(data.decisions[0].version)}. "
        "Verdicts are adjusted for the number of candidates, real differences for the number of pairs.</sub>",
    ]
    kept, size = [], 0
    for block in blocks:
        size += len(block) + 2
        if size > LIMIT:
            kept.append("_The rest does not fit into a comment; it is in the page._")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _systems(data: SeveralReportData) -> str:
    verdicts = {one.candidate.ref: VERDICTS[one.verdict].label for one in data.decisions}
    rows = ["| System | Value | Letters | Place | Better than | Gate |", "|---|--:|---|---|---|---|"]
    for one in data.ranking.systems[: _SHOWN["systems"]]:
        beaten = ", ".join(code(name, 60) for name in one.better_than[:8])
        more = f" and {len(one.better_than) - 8} more" if len(one.better_than) > 8 else ""
        gate = f"**{verdicts[one.system]}**" if one.system in verdicts else "baseline"
        cells = (
            code(one.system),
            level_of(data.ranking, one.value),
            prose(one.letters, 40),
            places(one),
            f"{beaten}{more}" or "–",
            gate,
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _reasons(data: SeveralReportData) -> Iterable[str]:
    for one in data.decisions[: _SHOWN["reasons"]]:
        yield f"- {code(one.candidate.ref)}: {VERDICTS[one.verdict].label.lower()}. {prose(sentence(one.reason))}"


def _pairs(data: SeveralReportData) -> str:
    rows = ["| Ahead | Behind | Difference | Interval | p, adjusted | Real |", "|---|---|--:|:-:|--:|---|"]
    for one in data.ranking.pairs[: _SHOWN["pairs"]]:
        found = one.comparison
        real = "**yes**" if one.real else "cannot be told"
        cells = (code(one.ahead), code(one.behind), change(found.difference, found), scale(found).text)
        rows.append(f"| {' | '.join(cells)} | {p_value(one.p_adjusted)} | {real} |")
    left = len(data.ranking.pairs) - _SHOWN["pairs"]
    if left > 0:
        rows.append(f"\n{left:,} more are in the page.")
    return "\n".join(rows)
