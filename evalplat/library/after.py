"""`ep.summarize`, `ep.report`, `ep.history`: what is known of a run, its page, a suite over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .verb import Files, files, names, put, verb

if TYPE_CHECKING:
    from evalplat.records import Summary
    from evalplat.sdk.history import SuiteOverTime


@verb
def summarize(
    run: str | None = None, *, scores: Files | None = None, cluster: str | None = None, json: Path | str | None = None
) -> Summary:
    """One system at a time: `evalplat summarize`.

    Parameters
    ----------
    run : id or alias of a kept run; or
    scores : score tables (JSON Lines, CSV or Parquet), one path or several.
    cluster : column of groups that are not independent; `none`: cases are.
    json : a file to write.

    Returns
    -------
    Summary: by system and metric the mean over cases of the mean over trials, its standard error and 95 % interval
    (clusters by CR2, Bell & McCaffrey 2002), failed trials, and pass^k (Yao et al. 2024).

    Raises
    ------
    InputError, ScoreTableError or ReferenceUnknown.

    Example
    -------
    >>> import json, pathlib
    >>> import evalplat as ep
    >>> rows = [{"system": "v1", "case_id": f"c{i}", "metric": "correct", "score": float(i % 4 != 0)}
    ...         for i in range(40)]
    >>> _ = pathlib.Path("scores.jsonl").write_text("\\n".join(map(json.dumps, rows)))
    >>> ep.summarize(scores="scores.jsonl").systems[0].mean
    0.75
    """
    from evalplat.sdk.summarize import summarize as summed

    found = summed(run=run, scores=files(scores), cluster=cluster)
    from evalplat.reports import summary_json

    put(json, lambda: summary_json(found))
    return found


@verb
def report(ref: Path | str, out: Path | str | None = None) -> str:
    """The page of a run or of a decision.json, as HTML: `evalplat report`.

    `ref` is a run id, an alias, or the path of a decision that `gate` wrote; `out` a file to write.
    Raises ReferenceUnknown or SpecError.

    >>> import json, pathlib
    >>> import evalplat as ep
    >>> rows = [{"system": s, "case_id": f"c{i}", "metric": "correct", "score": 1.0}
    ...         for s in ("v1", "v2") for i in range(60)]
    >>> _ = pathlib.Path("scores.jsonl").write_text("\\n".join(map(json.dumps, rows)))
    >>> _ = ep.gate("v1", "v2", scores="scores.jsonl", metric="correct", margin=0.2, json="decision.json")
    >>> "v2" in ep.report("decision.json", out="report.html")
    True
    """
    from evalplat.sdk.report import report as page_of

    page = page_of(str(ref))
    put(out, lambda: page)
    return page


@verb
def history(
    suite: Path | str,
    *,
    metric: str | Sequence[str] = (),
    limit: int = 50,
    html: Path | str | None = None,
    json: Path | str | None = None,
) -> SuiteOverTime:
    """The kept runs of a suite over time, the gates between them, how far from its anchor: `evalplat history`.

    `suite` is a suite.yaml or its name in the store, `metric` the only ones to show, `limit` the newest so many runs;
    `html` and `json` are files to write. `ep.plot` draws it. Raises InputError or ReferenceUnknown.
    """
    from evalplat.sdk.history import history as past

    found = past(suite, metrics=names(metric), limit=limit)
    put(json, found.json)
    put(html, found.html)
    return found
