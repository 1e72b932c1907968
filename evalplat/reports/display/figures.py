"""Records as plotly figures. Numbers are the records' own; nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from evalplat.records import Decision, MetricDecision, Plan, PlanDesign, SuiteHistory, Summary
from evalplat.records.selftest import Selftest
from evalplat.reports.interval import scale
from evalplat.reports.numbers import is_share
from evalplat.reports.selftest_page import truth_of
from evalplat.reports.text import one_line

from .histories import history_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLOUR = {"pass": "#1a7f4b", "fail": "#c0362c", "inconclusive": "#b07d00"}
_MOST = 60


def figure_of(shown: object) -> go.Figure:
    """Decision: each interval against no change and the margin. Plan: power against cases. Selftest: verdicts by truth.
    Summary and SuiteHistory: means with intervals. Raises TypeError for what has no figure."""
    draw = next((_DRAWN[kind] for kind in type(shown).__mro__ if kind in _DRAWN), None)
    if draw is None:
        kinds = ", ".join(kind.__name__ for kind in _DRAWN)
        raise TypeError(f"there is no figure of a {type(shown).__name__}; there are those of {kinds}")
    return draw(shown)


def _decision(decision: Decision) -> go.Figure:
    from plotly.subplots import make_subplots

    panels = [(one, [part for part in decision.slices if _same(part, one)][:_MOST]) for one in decision.metrics[:12]]
    sizes = [1 + len(parts) for _, parts in panels]
    figure = make_subplots(
        rows=len(panels), cols=1, row_heights=[size + 1.0 for size in sizes], vertical_spacing=0.4 / (len(panels) + 3),
        subplot_titles=[_text(f"{one.comparison.metric}: {scale(one.comparison).what}") for one, _ in panels],
    )  # fmt: skip
    for row, (one, parts) in enumerate(panels, 1):
        _panel(figure, row, one, parts)
    height = 90 + 60 * len(panels) + 30 * sum(sizes)
    figure.update_layout(showlegend=False, height=height, margin={"t": 60, "l": 120}, title=_text(decision.reason, 120))
    return figure


def _panel(figure: Any, row: int, one: MetricDecision, parts: list[MetricDecision]) -> None:
    """One metric's interval and those of its slices, on one axis."""
    import plotly.graph_objects as go

    for part in (*reversed(parts), one):
        held = scale(part.comparison)
        ends = [end for end in (held.low, held.high) if end is not None]
        middle = held.point if held.point is not None else (ends[-1] if ends else None)
        if middle is None:
            continue
        low, high = held.low if held.low is not None else middle, held.high if held.high is not None else middle
        spread = {"type": "data", "symmetric": False, "array": [high - middle], "arrayminus": [middle - low]}
        name = _text(part.comparison.slice or "all cases")
        figure.add_trace(
            go.Scatter(
                x=[middle], y=[name], error_x=spread, mode="markers", name=name, hovertext=_text(part.reason, 200),
                marker={"color": _COLOUR[part.verdict], "size": 9},
            ),
            row=row, col=1,
        )  # fmt: skip
    held = scale(one.comparison)
    for mark, dash in ((held.null, "solid"), (held.threshold, "dash")):
        if mark is not None:
            figure.add_vline(x=mark, line={"dash": dash, "width": 1, "color": "#888"}, row=row, col=1)
    share = is_share(one.comparison)
    figure.update_xaxes(
        tickformat="+.1%" if share and held.null is not None else ".1%" if share else "", row=row, col=1
    )


def _plan(plan: Plan) -> go.Figure:
    """The power at the sizes that were worked out, with the ranges that the inputs leave."""
    import plotly.graph_objects as go

    size = plan.by_clusters
    by_trials = size is None or size.estimate is None
    size = plan.by_trials if by_trials else size
    named = [("as it is", plan.now)]
    if size is not None:
        ends = (("at best", size.low), ("for the power", size.estimate), ("at worst", size.high))
        named += [(name, one) for name, one in ends if one is not None]
    if not by_trials:
        named += [(f"{one.trials:g} trials a case", one) for one in plan.options]
    figure = go.Figure()
    for name, one in named:
        figure.add_trace(_power(name, one, by_trials=by_trials))
    figure.add_hline(y=plan.power, line={"dash": "dash", "color": "#888"}, annotation_text="the power that is asked")
    what = "trials a case" if by_trials else "cases"
    figure.update_layout(title="Chance that the policy passes an unchanged candidate", xaxis_title=what)
    figure.update_yaxes(title="power", tickformat=".0%", range=[0, 1.05])
    figure.update_xaxes(type="log")
    return figure


def _power(name: str, one: PlanDesign, *, by_trials: bool) -> Any:
    import plotly.graph_objects as go

    power = one.power.estimate or 0.0
    low = power if one.power.low is None else one.power.low
    high = power if one.power.high is None else one.power.high
    spread = {
        "type": "data",
        "symmetric": False,
        "array": [max(high - power, 0.0)],
        "arrayminus": [max(power - low, 0.0)],
    }
    hover = _text(f"{name}: {one.cases:,} cases x {one.trials:g}, {one.spend.calls:,} calls", 200)
    return go.Scatter(
        x=[one.trials if by_trials else one.cases], y=[power], error_y=spread, mode="markers", name=_text(name),
        hovertext=hover, marker={"size": 9},
    )  # fmt: skip


def _selftest(found: Selftest) -> go.Figure:
    import plotly.graph_objects as go

    truths = [_text(truth_of(one)) for one in found.scenarios]
    figure = go.Figure()
    for name, field in (("pass", "passes"), ("inconclusive", "inconclusive"), ("fail", "fails")):
        shares = [getattr(one, field) for one in found.scenarios]
        figure.add_trace(
            go.Bar(
                x=[share.share for share in shares], y=truths, name=name, orientation="h",
                marker={"color": _COLOUR[name]}, hovertext=[f"± {100 * share.se:.1f} points" for share in shares],
            )
        )  # fmt: skip
    figure.update_layout(barmode="stack", title=f"Verdicts of {found.draws:,} simulated gates by what is true")
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(autorange="reversed")
    return figure


def _summary(summary: Summary) -> go.Figure:
    from plotly.subplots import make_subplots

    metrics = list(dict.fromkeys(one.metric for one in summary.systems))[:12]
    figure = make_subplots(rows=len(metrics), cols=1, subplot_titles=[_text(metric) for metric in metrics])
    for row, metric in enumerate(metrics, 1):
        _means(figure, row, [one for one in summary.systems if one.metric == metric and one.mean is not None][:_MOST])
    figure.update_layout(showlegend=False, height=120 + 140 * len(metrics))
    return figure


def _means(figure: Any, row: int, found: list[Any]) -> None:
    import plotly.graph_objects as go

    spread = {
        "type": "data", "symmetric": False,
        "array": [0.0 if one.ci_high is None else one.ci_high - one.mean for one in found],
        "arrayminus": [0.0 if one.ci_low is None else one.mean - one.ci_low for one in found],
    }  # fmt: skip
    names = [_text(one.system) for one in found]
    figure.add_trace(go.Scatter(x=[one.mean for one in found], y=names, error_x=spread, mode="markers"), row=row, col=1)


def _same(part: MetricDecision, whole: MetricDecision) -> bool:
    one, other = part.comparison, whole.comparison
    return (one.metric, one.statistic, one.rule) == (other.metric, other.statistic, other.rule)


def _text(text: str, limit: int = 60) -> str:
    # plotly reads tags and entities in its labels: what it is handed is text.
    return str(escape(one_line(text, limit)))


_DRAWN: Mapping[type[Any], Callable[[Any], Any]] = {
    Decision: _decision,
    Plan: _plan,
    Selftest: _selftest,
    SuiteHistory: history_figure,
    Summary: _summary,
}
