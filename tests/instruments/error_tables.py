"""The results of the error study, and the tables that evalplat/stats/README.md shows of them."""

from __future__ import annotations

import json
import textwrap
from itertools import product
from pathlib import Path
from typing import Any

from .error_study import NULLS, OUTCOMES, SIZES, TRIALS, Cell

STATS = Path(__file__).parents[2] / "evalplat" / "stats"
RESULTS = STATS / "error_rates.json"
README = STATS / "README.md"
HEADING = "## Error rates\n"


def load() -> dict[str, Any]:
    """The kept results; empty ones where there are none."""
    if not RESULTS.is_file():
        return {"cells": {}, "others": None}
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def write_section() -> None:
    """Put the section into the page: it is the last but for what follows under another heading."""
    page = README.read_text(encoding="utf-8")
    before, _, rest = page.partition(HEADING)
    following = rest.partition("\n## ")[2]
    page = before.rstrip("\n") + "\n\n" + section(load()) + (f"\n## {following}" if following else "")
    README.write_text(page, encoding="utf-8")


def section(found: dict[str, Any]) -> str:
    """The section as Markdown."""
    done = found["cells"].values()
    fewest = min((entry["gates"] for entry in done), default=0)
    minutes = sum(entry["seconds"] for entry in done) / 60
    lines = [
        HEADING,
        _wrapped(
            f"{len(found['cells'])} cells, {fewest:,} gates each of an unchanged candidate and of one that is worse "
            "by exactly the margin, by the gate's own `measure` and `decide` at alpha .05 (`python "
            f"tests/bench/error_rates.py`, {minutes:.0f} minutes on one core; counts in `error_rates.json`). The "
            "margin of each cell is what the textbook plans for 80 % power: 2.486 true standard errors. Binary rates "
            "have Beta-distributed clusters and cases (.1 and .3 of the largest variance); lognormal scores are costs "
            "(standard deviation of the logarithm .87), and the worse candidate's are multiplied. Sharp: both arms "
            "have one rate case by case. Weak: each arm's clusters move by themselves, on average not. A share of .05 "
            "has a Monte Carlo standard error of .002."
        ),
        "",
        _wrapped(
            "**Errors, in 100: unchanged that fail / worse by the margin that pass.** Nominal is 5; no cell's 99 % "
            "lower Monte Carlo bound is above 6.5."
        ),
        "",
        *_table(found, lambda entry: (entry["unchanged"]["fail"], entry["worse"]["pass"]), "{:.1f}"),
        "",
        _wrapped(
            "**Power, in 100: unchanged that pass / worse by the margin that fail.** The textbook promises 80 / 80; it "
            "knows the standard error, the gate estimates it. What a pass costs more: near the end of a range and on "
            "costs with a long tail it takes alpha / 2, and where fewer than 5 clusters differ it asks for the "
            "Clopper-Pearson bound."
        ),
        "",
        *_table(found, lambda entry: (entry["unchanged"]["pass"], entry["worse"]["fail"]), "{:.0f}"),
        "",
        *_others(found["others"]),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _table(found: dict[str, Any], counts: Any, form: str) -> list[str]:
    lines = [
        "| cases | trials | null | " + " | ".join(OUTCOMES) + " |",
        "| --- | --- | --- |" + " --- |" * len(OUTCOMES),
    ]
    for size, trials, null in product(SIZES, TRIALS, NULLS):
        shown = []
        for outcome in OUTCOMES:
            entry = found["cells"].get(Cell(size, trials, outcome, null).name)
            shares = [100 * count / entry["gates"] for count in counts(entry)] if entry else []
            shown.append(" / ".join(form.format(share) for share in shares) or "-")
        lines.append(f"| {size} | {trials} | {null} | " + " | ".join(shown) + " |")
    return lines


def _others(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return []
    tests = list(next(iter(found["cells"].values())))
    lines = [
        _wrapped(
            f"**Unchanged agents of the weak kind called changed, in 100** (two-sided .05, {found['gates']} gates a "
            f"cell; {found['mlflow']}, paired t, exact McNemar where there is one binary trial a case). The other "
            "tests take cases for independent."
        ),
        "",
        "| cases, trials, outcome | " + " | ".join(tests) + " |",
        "| --- |" + " --- |" * len(tests),
    ]
    for name, shares in found["cells"].items():
        label = ", ".join(name.split(" | ")[:3])
        shown = ["-" if shares[test] is None else f"{100 * shares[test]:.0f}" for test in tests]
        lines.append(f"| {label} | " + " | ".join(shown) + " |")
    return lines
