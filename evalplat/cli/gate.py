"""`evalplat gate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evalplat.errors import EvalplatError, InputError

from .baseline_lines import restored_line, terminate_as_interrupt
from .console import printable, write
from .grouped import grouped
from .groups import StatedPolicy
from .options import Concurrency, HtmlOut, JsonOut, Model, Scores, Trials
from .progress import progress
from .several import several
from .tables import decision_lines

if TYPE_CHECKING:
    from evalplat.sdk.gated import Gated

EXIT = {"pass": 0, "fail": 1, "inconclusive": 3}

Baseline = Annotated[
    str, typer.Option("--baseline", metavar="REF", help="Run id, alias, target (with --suite) or system.")
]
Candidates = Annotated[
    list[str],
    typer.Option(
        "--candidate",
        metavar="REF",
        help="Run id, alias, target (with --suite) or system. Several, all run before: adjusted for their number.",
    ),
]
SuiteOfTargets = Annotated[Path | None, typer.Option("--suite", help="suite.yaml: a REF may then be a target.")]
Cases = Annotated[
    Literal["all", "intersect"], typer.Option("--cases", help="intersect: leave out cases that one side lacks.")
]
BaselineTrials = Annotated[
    int | None, typer.Option("--baseline-trials", min=1, help="Trials per case of a baseline that is to be run.")
]
Looks = Annotated[
    int | None,
    typer.Option("--looks", min=1, max=20, help="Looks at most while a candidate target runs; 1: no early end."),
]
Anchor = Annotated[
    str | None,
    typer.Option("--anchor", metavar="REF|none", help="An earlier release: all changes since are gated too."),
]
Kept = Annotated[
    Path | None,
    typer.Option(
        "--kept", metavar="FILE", help="Remembers for machines that forget: restored if it exists, written when done."
    ),
]
Rules = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        metavar="FILE",
        help="suite.yaml or gate.yaml as it stands where the change goes to: a pass under looser rules, or on fewer or "
        "other cases, exits with 4.",
    ),
]
Keep = Annotated[int, typer.Option("--keep", min=1, help="Decisions at least that --kept holds.")]
RankBy = Annotated[
    str | None,
    typer.Option("--rank-by", metavar="METRIC", help="Several candidates: this metric of the policy, not the first."),
]
JunitOut = Annotated[str | None, typer.Option("--junit", metavar="OUT", help="Write JUnit XML here.")]
MarkdownOut = Annotated[str | None, typer.Option("--markdown", metavar="OUT", help="Write Markdown here.")]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the decision goes."""

    json: JsonOut = None
    html: HtmlOut = None
    junit: JunitOut = None
    markdown: MarkdownOut = None

    def check(self) -> None:
        """Raises InputError where one would overwrite another."""
        named = [output for output in (self.json, self.html, self.junit, self.markdown) if output is not None]
        if len(set(named)) < len(named):
            raise InputError("two outputs have the same name: one would overwrite the other")

    @contextmanager
    def or_none(self) -> Iterator[None]:
        """Where it ends without a decision, pages of an earlier gate under these names are taken away: nobody is to
        take them for this one's."""
        try:
            yield
        except (EvalplatError, KeyboardInterrupt):
            for output in (self.json, self.html, self.junit, self.markdown):
                if output not in (None, "-") and _ours(Path(str(output))):
                    Path(str(output)).unlink()
                    typer.echo(f"taken away: {printable(str(output))}, of an earlier gate", err=True)
            raise

    def write(self, gated: Gated) -> None:
        """All that were asked for; where none is standard output, that gets lines for people."""
        asked = (
            (self.json, gated.json),
            (self.html, gated.html),
            (self.junit, gated.junit),
            (self.markdown, gated.markdown),
        )
        for target, render in asked:
            if target is not None:
                write(target, render())
        if "-" not in (target for target, _ in asked):
            decision_lines(gated.decision)


@grouped
def gate(
    *,
    baseline: Baseline,
    candidate: Candidates,
    suite: SuiteOfTargets = None,
    scores: Scores = None,
    stated: StatedPolicy,
    cases: Cases = "all",
    trials: Trials = None,
    baseline_trials: BaselineTrials = None,
    looks: Looks = None,
    anchor: Anchor = None,
    model: Model = None,
    concurrency: Concurrency = 4,
    rank_by: RankBy = None,
    kept: Kept = None,
    keep: Keep = 20,
    rules: Rules = None,
    outputs: Outputs,
) -> None:
    """Compare a candidate with a baseline and decide: 0 pass, 1 fail, 3 inconclusive, 2 no decision could be made.

    Of several candidates: 0 where one may ship, 1 where all fail, else 3; and which differences between them are real.
    """
    from evalplat.sdk.gate import gate as verb

    _check(
        scores, suite, {"--looks": looks, "--trials": trials, "--baseline-trials": baseline_trials, "--model": model}
    )
    outputs.check()
    with outputs.or_none():
        rule = stated.read(suite, anchor=anchor, looks=looks)
        if rules is not None and len(candidate) > 1:
            raise InputError("--rules is for one candidate: gate the one that is to ship by itself")
        if kept is not None:
            if len(candidate) > 1:
                raise InputError("--kept is for one candidate: each is a change of its own")
            terminate_as_interrupt()
        if len(candidate) > 1:
            several(
                baseline,
                candidate,
                policy=rule,
                suite=suite,
                scores=scores or (),
                intersect=cases == "intersect",
                rank_by=rank_by,
                outputs=outputs,
            )
        if rank_by is not None:
            raise InputError("--rank-by needs several --candidate")
        with progress() as bar:
            gated = verb(
                baseline,
                candidate[0],
                policy=rule,
                suite=suite,
                scores=scores or (),
                intersect=cases == "intersect",
                trials=trials,
                baseline_trials=baseline_trials,
                model=model,
                concurrency=concurrency,
                progress=bar,
                kept=kept,
                keep=keep,
                restored=restored_line,
                rules=rules,
            )
        outputs.write(gated)
    needs_approval = gated.decision.decision == "needs-approval" and gated.decision.verdict == "pass"
    raise typer.Exit(4 if needs_approval else EXIT[gated.decision.verdict])


def _ours(path: Path) -> bool:
    """Whether a file is there that a gate has written: a slip of the pen takes nothing else away."""
    return path.is_file() and "evalplat" in path.read_text(encoding="utf-8", errors="replace")


def _check(scores: Sequence[Path] | None, suite: Path | None, options: dict[str, object]) -> None:
    """What would be ignored is refused."""
    stated = [name for name, value in options.items() if value is not None]
    if stated and (scores or suite is None):
        what = "score tables are gated as they are" if scores else "kept runs are gated as they are"
        raise InputError(f"{', '.join(stated)} needs --suite and a target: {what}")
