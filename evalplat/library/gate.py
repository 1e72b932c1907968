"""`ep.gate` and `ep.gate_several`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evalplat.errors import InputError

from .interrupt import interruptible
from .progress import progress_of
from .verb import Direction, Files, Range, files, put, rule_of, target_of, verb

if TYPE_CHECKING:
    from evalplat.harness import Progress
    from evalplat.records import GatePolicy
    from evalplat.sdk.gated import Gated
    from evalplat.sdk.several import GatedSeveral

Target = str | Path | Callable[..., object]


@verb
def gate(
    baseline: Target,
    candidate: Target,
    *,
    suite: Path | str | None = None,
    scores: Files | None = None,
    policy: GatePolicy | Path | str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    direction: Direction | None = None,
    alpha: float | None = None,
    range: Range | None = None,  # noqa: A002 - the option's name
    cluster: str | None = None,
    cases: Literal["all", "intersect"] = "all",
    trials: int | None = None,
    baseline_trials: int | None = None,
    looks: int | None = None,
    anchor: str | None = None,
    model: str | None = None,
    concurrency: int = 4,
    kept: Path | str | None = None,
    keep: int = 20,
    rules: Path | str | None = None,
    progress: Progress | bool = True,
    json: Path | str | None = None,
    html: Path | str | None = None,
    junit: Path | str | None = None,
    markdown: Path | str | None = None,
) -> Gated:
    """Decide whether `candidate` may replace `baseline`: `evalplat gate`.

    Parameters
    ----------
    baseline, candidate : run id or alias; with `scores` systems of the table; with `suite` also targets (AGENT.yaml,
        `module:function`, endpoint, function), of which the candidate is run look by look and ends as soon as it may.
    suite : path of a suite.yaml.
    scores : score tables (JSON Lines, CSV or Parquet), one path or several.
    policy : a gate.yaml or a GatePolicy; or, of one metric:
    metric, margin, direction, alpha : its name, the largest drop that is tolerated (in the metric's own unit), which
        way is better, the error rate of a pass and of a fail.
    range : `binary`, (low, high), or None: unbounded.
    cluster : column of groups that are not independent; `none`: cases are.
    cases : `intersect` leaves out cases that one side lacks.
    trials, baseline_trials, looks, model, concurrency : of targets that are run; see `ep.run`.
    anchor : an earlier release, against which all changes since are gated too; `none`.
    kept, keep : a file that remembers where the machine forgets: restored before, written after, with so many of the
        last decisions at least.
    rules : a suite.yaml or gate.yaml as it stands where the change goes to; a pass under looser ones, or on fewer or
        other cases, waits for a person.
    progress : as of `ep.run`.
    json, html, junit, markdown : files to write.

    Returns
    -------
    Gated: `verdict`, `decision` (all numbers, unrounded), `flips`, `case(id)`, `html()`, `markdown()`. A drop is
    `candidate - baseline`; intervals are at 1 - 2 alpha, paired by case, on means over trials; clusters by CR2 with
    Satterthwaite degrees of freedom (Bell & McCaffrey 2002), single binary trials by Tango (1998); a pass of
    non-inferiority is lower end > -margin. Several gating metrics: a fail after Holm (1979).

    Raises
    ------
    InputError, ReferenceUnknown or GateUndecidable where no decision can be made. KeyboardInterrupt: the same call
    goes on with what is kept. Works inside a running event loop.

    Example
    -------
    >>> import json, pathlib
    >>> import evalplat as ep
    >>> rows = [{"system": s, "case_id": f"c{i}", "metric": "correct",
    ...          "score": float(i % 10 != 0 and (s, i % 3) != ("v2", 0))}
    ...         for s in ("v1", "v2") for i in range(200)]
    >>> _ = pathlib.Path("scores.jsonl").write_text("\\n".join(map(json.dumps, rows)))
    >>> gated = ep.gate("v1", "v2", scores="scores.jsonl", metric="correct", margin=0.05, range="binary")
    >>> gated.verdict, len(gated.flips)
    ('fail', 60)
    """
    _check(scores, suite, {"looks": looks, "trials": trials, "baseline_trials": baseline_trials, "model": model})
    rule = rule_of(
        policy, suite=suite, metric=metric, margin=margin, direction=direction, alpha=alpha, value_range=range,
        cluster=cluster, anchor=anchor, looks=looks,
    )  # fmt: skip
    from evalplat.sdk.gate import gate as decide

    with interruptible(lambda: "interrupted; finished trials are kept, and the same call goes on with them"):
        gated = decide(
            target_of(baseline),
            target_of(candidate),
            policy=rule,
            suite=suite,
            scores=files(scores),
            intersect=cases == "intersect",
            trials=trials,
            baseline_trials=baseline_trials,
            model=model,
            concurrency=concurrency,
            progress=progress_of(progress) if suite is not None else None,
            kept=kept,
            keep=keep,
            rules=rules,
        )
    for target, render in ((json, gated.json), (html, gated.html), (junit, gated.junit), (markdown, gated.markdown)):
        put(target, render)
    return gated


@verb
def gate_several(
    baseline: str,
    candidates: Sequence[str],
    *,
    suite: Path | str | None = None,
    scores: Files | None = None,
    policy: GatePolicy | Path | str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    direction: Direction | None = None,
    alpha: float | None = None,
    range: Range | None = None,  # noqa: A002 - the option's name
    cluster: str | None = None,
    cases: Literal["all", "intersect"] = "all",
    anchor: str | None = None,
    rank_by: str | None = None,
    json: Path | str | None = None,
    html: Path | str | None = None,
    junit: Path | str | None = None,
    markdown: Path | str | None = None,
) -> GatedSeveral:
    """Decide which of several candidates may replace `baseline`, adjusted for their number.

    `evalplat gate` with several `--candidate`. Baseline and candidates are runs, by id or alias, or systems of
    `scores`; the other arguments are those of `ep.gate`. The chance that any candidate that is worse by the margin
    passes is at most alpha, and so is the chance that any unchanged one fails (Holm 1979). They are ranked by the first
    gating metric, or by `rank_by`, another one of the policy.

    Returns GatedSeveral: `decisions`, in the order of `candidates`; `ranking`: which differences are real.
    Raises InputError, ReferenceUnknown or GateUndecidable.

    >>> import json, pathlib
    >>> import evalplat as ep
    >>> rows = [{"system": s, "case_id": f"c{i}", "metric": "correct",
    ...          "score": float(i % 10 != 0 and (s, i % 3) != ("v3", 0))}
    ...         for s in ("v1", "v2", "v3") for i in range(200)]
    >>> _ = pathlib.Path("scores.jsonl").write_text("\\n".join(map(json.dumps, rows)))
    >>> found = ep.gate_several("v1", ["v2", "v3"], scores="scores.jsonl", metric="correct", margin=0.05)
    >>> [decision.verdict for decision in found.decisions]
    ['pass', 'fail']
    """
    rule = rule_of(
        policy, suite=suite, metric=metric, margin=margin, direction=direction, alpha=alpha, value_range=range,
        cluster=cluster, anchor=anchor,
    )  # fmt: skip
    from evalplat.sdk.several import gate_several as decide
    from evalplat.suites import load_suite

    found = decide(
        baseline,
        candidates,
        policy=rule,
        suite=None if suite is None else load_suite(suite).name,
        scores=files(scores),
        intersect=cases == "intersect",
        rank_by=rank_by,
    )
    for target, render in ((json, found.json), (html, found.html), (junit, found.junit), (markdown, found.markdown)):
        put(target, render)
    return found


def _check(scores: Files | None, suite: Path | str | None, options: dict[str, object]) -> None:
    """What would be ignored is refused."""
    stated = [name for name, value in options.items() if value is not None]
    if stated and (scores or suite is None):
        what = "score tables are gated as they are" if scores else "kept runs are gated as they are"
        raise InputError(f"{', '.join(f'{name}=' for name in stated)} needs suite= and a target: {what}")
