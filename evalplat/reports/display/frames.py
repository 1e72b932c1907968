"""Records as pandas data frames: unrounded, one row for each thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evalplat.errors import DependencyMissing
from evalplat.records import (
    Case,
    CasePair,
    Column,
    Dataset,
    Decision,
    MetricComparison,
    MetricDecision,
    Plan,
    Run,
    ScoreTable,
    SuiteHistory,
    Summary,
    Trial,
)
from evalplat.records.selftest import Selftest

from .histories import history_rows

if TYPE_CHECKING:
    import pandas as pd

Rows = list[dict[str, Any]] | dict[str, Any]

_LEFT_OUT = {"pass_interval", "sensitivity", "needed", "range", "n_trials"}


def frame_of(shown: object, part: str | None = None) -> pd.DataFrame:
    """A record as a data frame; `part` says of what, where it has several parts: the first is taken else.

    Decision: metrics, slices, flips, findings, looks. Run: trials, spans. Plan: designs, metrics. Selftest: scenarios,
    metrics, stopping. ScoreTable: scores. Summary: systems. Dataset: cases. Units are those of the records: scores in
    the metric's own, `latency_s` in seconds, `cost_usd` in US dollars; what is unknown is NaN or None.

    Raises TypeError for what is no table, ValueError naming the parts, DependencyMissing without pandas.
    """
    parts = next((_PARTS[kind] for kind in type(shown).__mro__ if kind in _PARTS), None)
    if parts is None:
        raise TypeError(
            f"a {type(shown).__name__} is no table; there are {', '.join(kind.__name__ for kind in _PARTS)}"
        )
    if part is not None and part not in parts:
        raise ValueError(f"part: a {type(shown).__name__} has {', '.join(parts)}, found {part!r}")
    try:
        import pandas as pd
    except ModuleNotFoundError as err:
        raise DependencyMissing("pandas", extra="notebook") from err
    return pd.DataFrame(parts[part or next(iter(parts))](shown))


def _metrics(decision: Decision) -> Rows:
    return [_metric(one) for one in decision.metrics]


def _slices(decision: Decision) -> Rows:
    return [_metric(one) for one in decision.slices] or _none(("slice", "metric", "verdict"))


def _metric(one: MetricDecision) -> dict[str, Any]:
    found = one.comparison
    fields = [name for name in MetricComparison.model_fields if name not in _LEFT_OUT]
    ends = {"baseline_trials": found.n_trials[0], "candidate_trials": found.n_trials[1]}
    return {**{name: getattr(found, name) for name in fields}, **ends, "verdict": one.verdict, "reason": one.reason}


def _flips(decision: Decision) -> Rows:
    worst = sorted(decision.flips, key=lambda flip: flip.change)
    return [one.model_dump() for one in worst] or _none(("case_id", "metric", "baseline", "candidate", "change"))


def _findings(decision: Decision) -> Rows:
    return [one.model_dump() for one in decision.findings] or _none(("code", "message", "metric", "cases"))


def _looks(decision: Decision) -> Rows:
    names = ("look", "cases", "clusters", "calls", "difference", "pass_bound", "fail_bound")
    return [{name: getattr(one, name) for name in names} for one in decision.looks] or _none(names)


def _trials(run: Run) -> Rows:
    return [_trial(one) for one in run.trials]


def _trial(one: Trial) -> dict[str, Any]:
    return {
        "case_id": one.key.case_id,
        "trial": one.key.trial,
        "answer": None if one.answer is None else one.answer.text,
        "failure": None if one.failure is None else one.failure.kind,
        "message": None if one.failure is None else one.failure.message,
        "latency_s": one.latency_s,
        "input_tokens": one.usage.input_tokens,
        "output_tokens": one.usage.output_tokens,
        "cost_usd": one.usage.cost_usd,
        "spans": 0 if one.trace is None else len(one.trace.spans),
        "seed": one.seed,
    }


def _spans(run: Run) -> Rows:
    rows = [
        {
            "case_id": one.key.case_id,
            "trial": one.key.trial,
            "span": span.name,
            "status": span.status,
            "seconds": (span.end_unix_nano - span.start_unix_nano) / 1e9,
            **{name: found for name, found in span.attributes.items() if not isinstance(found, tuple)},
        }
        for one in run.trials
        if one.trace is not None
        for span in one.trace.spans
    ]
    return rows or _none(("case_id", "trial", "span", "status", "seconds"))


def _scores(table: ScoreTable) -> Rows:
    made: dict[str, Any] = {
        "system": _texts(table.system),
        "case_id": _texts(table.case),
        "trial": table.trial,
        "metric": _texts(table.metric),
        "score": table.score,
        "error": _texts(table.error),
    }
    if table.cluster is not None:
        made["cluster"] = _texts(table.cluster)
    if table.weight is not None:
        made["weight"] = table.weight
    made |= {f"slice.{name.removeprefix('slice.')}": _texts(column) for name, column in table.slices.items()}
    return made


def _texts(column: Column) -> Any:
    return np.array([*column.values, None], dtype=object)[column.codes]


def _systems(summary: Summary) -> Rows:
    rows = []
    for one in summary.systems:
        passes = {f"pass^{k}": share for k, share in (one.pass_hat or {}).items()}
        rows.append({**one.model_dump(exclude={"pass_hat"}), **passes})
    return rows


def _cases(dataset: Dataset) -> Rows:
    return [_case(one) for one in dataset.cases]


def _case(one: Case) -> dict[str, Any]:
    expect = one.expect.model_dump(exclude_defaults=True)
    slices = {f"slice.{name}": found for name, found in one.slices.items()}
    fields = {"id": one.id, "input": one.input, "expect": expect, "cluster": one.cluster, "weight": one.weight}
    return {**fields, "tags": one.tags, **slices}


def _designs(plan: Plan) -> Rows:
    named = [("as it is", plan.now), ("cheapest", plan.cheapest), ("best for the spend", plan.best_for_spend)]
    for name, size in (("by clusters", plan.by_clusters), ("by trials", plan.by_trials)):
        if size is not None:
            named += [(f"{name}, {end}", getattr(size, end)) for end in ("low", "estimate", "high")]
    named += [("option", one) for one in plan.options]
    rows = []
    for name, one in named:
        if one is not None:
            spend = one.spend
            costs = {
                "calls": spend.calls,
                "tokens": None if spend.tokens is None else spend.tokens.estimate,
                "cost_usd": None if spend.cost_usd is None else spend.cost_usd.estimate,
                "minutes": None if spend.minutes is None else spend.minutes.estimate,
            }
            power = {"power": one.power.estimate, "power_low": one.power.low, "power_high": one.power.high}
            rows.append({"design": name, **one.model_dump(exclude={"power", "spend"}), **power, **costs})
    return rows


def _plan_metrics(plan: Plan) -> Rows:
    left_out = {"se", "noise", "power", "clusters", "trials"}
    return [
        {**one.model_dump(exclude=left_out), "se": one.se.estimate, "power": one.power.estimate} for one in plan.metrics
    ]


def _scenarios(found: Selftest) -> Rows:
    return [_shares(one, ("setting", "step", "metric")) for one in found.scenarios]


def _stopping(found: Selftest) -> Rows:
    names = ("step", "metric", "calls", "calls_se", "share")
    return [_shares(one, names) for one in found.stopping] or _none(names)


def _shares(one: Any, names: Sequence[str]) -> dict[str, Any]:
    made = {name: getattr(one, name) for name in names}
    for name in ("passes", "inconclusive", "fails"):
        made |= {name: getattr(one, name).share, f"{name}_se": getattr(one, name).se}
    return made


def _selftest_metrics(found: Selftest) -> Rows:
    names = ("metric", "statistic", "rule", "setting", "level", "drop", "se", "confidence")
    rows = []
    for one in found.metrics:
        coverage = one.coverage.get("unchanged")
        rows.append({**{name: getattr(one, name) for name in names}, "coverage": coverage.share if coverage else None})
    return rows


def _pair(pair: CasePair) -> Rows:
    names = dict.fromkeys((*pair.baseline_scores, *pair.candidate_scores))
    rows = [
        {"metric": one, "baseline": pair.baseline_scores.get(one), "candidate": pair.candidate_scores.get(one)}
        for one in names
    ]
    return rows or _none(("metric", "baseline", "candidate"))


def _none(names: Sequence[str]) -> dict[str, Any]:
    """No rows, and the columns that they would have."""
    return {name: [] for name in names}


_PARTS: Mapping[type[Any], Mapping[str, Callable[[Any], Rows]]] = {
    CasePair: {"scores": _pair},
    Dataset: {"cases": _cases},
    Decision: {"metrics": _metrics, "slices": _slices, "flips": _flips, "findings": _findings, "looks": _looks},
    Plan: {"designs": _designs, "metrics": _plan_metrics},
    Run: {"trials": _trials, "spans": _spans},
    ScoreTable: {"scores": _scores},
    Selftest: {"scenarios": _scenarios, "metrics": _selftest_metrics, "stopping": _stopping},
    SuiteHistory: {"runs": history_rows},
    Summary: {"systems": _systems},
}
"""What is a table, and its parts, the first of which is what it is taken for."""
