"""`ep.show`, `ep.text`, `ep.html`, `ep.to_frame`, `ep.plot`: what verbs return, as a person wants to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .progress import in_notebook
from .verb import verb

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def record_of(shown: object) -> object:
    """The record in what a verb returned: what it shows of itself."""
    from evalplat.sdk.shown import shown_of

    return shown_of(shown)


@verb
def text(shown: object) -> str:
    """Anything that a verb returned, as plain text. Raises TypeError for what nothing is known of.

    >>> import evalplat as ep
    >>> from evalplat.records import Case
    >>> print(ep.text(Case(id="c1", input="How much is shipping?")))
    case c1
    input:
        How much is shipping?
    """
    from evalplat.reports.display import text_of

    return text_of(record_of(shown))


@verb
def html(shown: object) -> str:
    """Anything that a verb returned, as HTML without script, everything escaped: what a notebook shows."""
    from evalplat.reports.display import html_of

    return html_of(record_of(shown))


def show(*shown: object) -> None:
    """Display in a notebook; print as text elsewhere. Raises TypeError for what nothing is known of."""
    for one in shown:
        if in_notebook():
            from IPython.display import display

            show_it: Any = display  # untyped
            show_it({"text/plain": text(one), "text/html": html(one)}, raw=True)
        else:
            print(text(one))  # noqa: T201 - it is what is asked for


@verb
def to_frame(shown: object, part: str | None = None) -> pd.DataFrame:
    """Anything that is a table, as a pandas data frame, unrounded.

    `part` says of what: of a gate or Decision `metrics` (default), `slices`, `flips`, `findings`, `looks`; of a run
    `trials` (default), `spans`, `scores`, `systems`; of a Plan `designs`, `metrics`; of a Selftest `scenarios`,
    `metrics`, `stopping`; of a ScoreTable `scores`; of a Summary `systems`; of a Dataset `cases`. Scores are in the
    metric's own unit, `latency_s` in seconds, `cost_usd` in US dollars.

    Raises TypeError for what is no table, ValueError for a part that it has not, DependencyMissing without pandas.

    >>> import json, pathlib
    >>> import evalplat as ep
    >>> rows = [{"system": "v1", "case_id": f"c{i}", "metric": "correct", "score": float(i % 4 != 0)}
    ...         for i in range(40)]
    >>> _ = pathlib.Path("scores.jsonl").write_text("\\n".join(map(json.dumps, rows)))
    >>> ep.to_frame(ep.summarize(scores="scores.jsonl"))[["system", "metric", "mean", "n_cases"]]
      system   metric  mean  n_cases
    0     v1  correct  0.75       40
    """
    from evalplat.reports.display import frame_of
    from evalplat.sdk.shown import table_of

    return frame_of(table_of(shown, part), part)


@verb
def plot(shown: object) -> go.Figure:
    """A plotly figure: of a gate each interval against no change and the margin; of a Plan power against size; of a
    Selftest the verdicts by what is true; of a Summary or run means with intervals.

    Raises TypeError for what has no figure.

    >>> import evalplat as ep
    >>> found = ep.plan(discordance=0.1, cases=200, metric="correct", margin=0.02, range="binary")
    >>> len(ep.plot(found).data) > 2
    True
    """
    from evalplat.reports.display import figure_of
    from evalplat.sdk.shown import table_of

    return figure_of(table_of(shown, None, figure=True))
