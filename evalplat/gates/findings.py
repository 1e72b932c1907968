"""Findings: what a reader must know beside a verdict. Each warning code of the contract is raised in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evalplat.records import Finding, MetricComparison, MetricRule, ScoreTable
from evalplat.records.decision import WarningCode

from .effects import skewed
from .limits import FEWEST_CASES, FEWEST_CLUSTERS, FEWEST_DIFFERING
from .pairing import Pairs

NAMED_CASES = 20
ENOUGH_WHEN_SKEWED = 300
UNPRICED = "Unpriced"
"""Kind of the failure of a cost score whose model has no known price."""


def metric_findings(pairs: Pairs, rule: MetricRule, found: MetricComparison) -> Iterator[Finding]:
    """What the pairing and the measuring of one metric showed."""
    yield from _pairing_findings(pairs, rule)
    yield from _thin_findings(pairs, rule, found)


def _pairing_findings(pairs: Pairs, rule: MetricRule) -> Iterator[Finding]:
    name = rule.metric
    if pairs.lacking or pairs.extra:
        treated = "left out" if pairs.left_out else "counted as failed trials"
        parts = []
        if pairs.lacking:
            parts.append(f"{len(pairs.lacking)} of {pairs.n_expected} baseline cases lack in the candidate ({treated})")
        if pairs.extra:
            parts.append(f"{len(pairs.extra)} cases are only in the candidate (left out)")
        yield _finding("case_sets_differ", f"{name}: {'; '.join(parts)}", name, pairs.lacking or pairs.extra)
    uneven = np.flatnonzero(pairs.baseline_trials != pairs.candidate_trials)
    if len(uneven) and not rule.alone:
        ids = [pairs.case_ids[i] for i in uneven]
        yield _finding(
            "trial_counts_differ", f"{name}: {len(ids)} cases have different numbers of usable trials", name, ids
        )
    failed = pairs.cand_failed or pairs.base_failed
    if failed:
        yield _finding(
            "missing_scores",
            f"{name}: {len(pairs.cand_failed)} candidate trials failed ({_counted_as(pairs)}), "
            f"{len(pairs.base_failed)} baseline trials failed (left out)",
            name,
            _commonest((*pairs.cand_failed, *pairs.base_failed)),
        )


def _counted_as(pairs: Pairs) -> str:
    if pairs.cand_unknown:
        return f"{len(pairs.cand_unknown)} have no value"
    return "counted as the worst" if pairs.value_range is not None else "at their recorded value, or the policy's worst"


def _thin_findings(pairs: Pairs, rule: MetricRule, found: MetricComparison) -> Iterator[Finding]:
    name = rule.metric
    if pairs.n_cases < FEWEST_CASES:
        yield _finding("few_cases", f"{name}: {pairs.n_cases} paired cases, {FEWEST_CASES} are needed", name)
    if found.clustered and found.n_clusters < FEWEST_CLUSTERS:
        yield _finding("few_clusters", f"{name}: {found.n_clusters} clusters, {FEWEST_CLUSTERS} are needed", name)
    if rule.rule == "zero" or not pairs.n_cases:
        return
    if found.differing_clusters == 0 and not rule.alone:
        yield _finding("no_variation", f"{name}: candidate and baseline score the same on every case", name)
    elif found.worse_share_upper is not None and found.differing_clusters is not None:
        unit = "clusters" if found.clustered else "cases"
        what = "miss the best score" if rule.alone else "show a difference"
        message = f"{name}: only {found.differing_clusters} of {found.n_clusters} {unit} {what}"
        if found.differing_clusters < FEWEST_DIFFERING:
            yield _finding("few_differences", message, name)
    if found.pass_interval is not None and not _skewed(pairs, rule):
        yield _finding("near_bound", f"{name}: a mean is near the end of its range; a pass takes alpha / 2", name)
    if _skewed(pairs, rule) and found.n_clusters < ENOUGH_WHEN_SKEWED:
        message = f"{name}: skewed, and {found.n_clusters} units are fewer than {ENOUGH_WHEN_SKEWED}; a rough interval"
        yield _finding("skewed", message, name)


def _skewed(pairs: Pairs, rule: MetricRule) -> bool:
    """An unbounded metric of which either side, or the paired differences, are skewed by the moment coefficient."""
    if pairs.value_range is not None or rule.statistic.startswith("pass^") or not pairs.n_cases:
        return False
    sides = (pairs.candidate,) if rule.alone else (pairs.baseline, pairs.candidate, pairs.candidate - pairs.baseline)
    return any(skewed(side) for side in sides)


def comparison_findings(
    table: ScoreTable, found: Sequence[MetricComparison], baseline: str, candidate: str
) -> Iterator[Finding]:
    """What outputs and prices say: scorer drift, identical runs, unpriced models."""
    if table.output_sha256 is not None:
        # Only metrics with a range: cost and latency differ on equal outputs, and rightly so.
        for metric in dict.fromkeys(one.metric for one in found if one.range is not None):
            yield from _output_findings(table, metric, baseline, candidate)
    unpriced = np.array([value.startswith(UNPRICED) for value in table.error.values], dtype=bool)
    hit = np.zeros(len(table), dtype=bool)
    seen = table.error.codes >= 0
    hit[seen] = unpriced[table.error.codes[seen]] if unpriced.size else False
    for system in (baseline, candidate):
        rows = hit & (table.system.codes == table.system.code_of(system))
        if rows.any():
            metric = table.metric.values[table.metric.codes[rows][0]]
            message = f"{metric}: {int(rows.sum())} trials of {system} used a model without a known price"
            yield _finding("unpriced_model", message, metric)


def _output_findings(table: ScoreTable, metric: str, baseline: str, candidate: str) -> Iterator[Finding]:
    base, cand = (_scored(table, metric, system) for system in (baseline, candidate))
    _, at_base, at_cand = np.intersect1d(base.key, cand.key, assume_unique=True, return_indices=True)
    same_output = (base.output[at_base] == cand.output[at_cand]) & (base.output[at_base] >= 0)
    changed = base.score[at_base] != cand.score[at_cand]
    drifted = same_output & changed
    if drifted.any():
        cases = sorted({table.case.values[code] for code in base.case[at_base][drifted]})
        message = (
            f"{metric}: {int(drifted.sum())} trials have byte-identical outputs and different scores; "
            "the scorer changed, not the agent"
        )
        yield _finding("scorer_drift", message, metric, cases)
    complete = len(at_base) == len(base.key) == len(cand.key) and len(at_base) > 0
    if complete and bool(same_output.all()) and not changed.any():
        message = f"{metric}: all {len(at_base)} outputs and scores are identical; is it the same run twice?"
        yield _finding("identical_runs", message, metric)


class _Scored(NamedTuple):
    """Rows of a system and metric that have a score."""

    case: npt.NDArray[np.int32]
    key: npt.NDArray[np.int64]
    """Case and trial in one number."""
    output: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]


def _scored(table: ScoreTable, metric: str, system: str) -> _Scored:
    rows = np.flatnonzero(
        (table.system.codes == table.system.code_of(system))
        & (table.metric.codes == table.metric.code_of(metric))
        & (table.error.codes < 0)
    )
    case = table.case.codes[rows]
    key = case.astype(np.int64) * (int(table.trial.max()) + 1) + table.trial[rows]
    output = table.output_sha256.codes[rows] if table.output_sha256 is not None else np.full(len(rows), -1, np.int32)
    return _Scored(case, key, output, table.score[rows])


def _finding(code: WarningCode, message: str, metric: str, cases: Sequence[str] = ()) -> Finding:
    return Finding(code=code, message=message, metric=metric, cases=tuple(cases[:NAMED_CASES]))


def _commonest(cases: Sequence[str]) -> list[str]:
    return [case for case, _ in Counter(cases).most_common()]
