"""Cases that no system distinguishes: on which all passed always, or all failed always, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalplat.errors import InputError
from evalplat.records import Case, Retirement, ScoreTable, Undistinguished, counted
from evalplat.stats import clopper_pearson
from evalplat.suites.dataset.split import group_of

from .failed import MEASURED

MIN_CASES, MIN_CLUSTERS = 20, 8
"""A gate on fewer is inconclusive."""

_SAFETY = frozenset(
    {"safety", "security", "privacy", "red_team", "redteam", "injection", "attack", "jailbreak", "exfiltration", "harm"}
    | {"abuse", "compliance", "guardrail", "pii", "leak", "escalation", "resists"}
)


@dataclass(slots=True)
class _Seen:
    """What is known of one case: by metric whether it was good, its systems and trials."""

    values: dict[str, set[bool]] = field(default_factory=dict)
    systems: set[str] = field(default_factory=set)
    trials: set[tuple[str, str, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Scores of several systems. `origin` tells apart runs of one system; `asked_of` are the cases that were asked."""

    system: str
    origin: str
    table: ScoreTable
    asked: Mapping[str, Case] | None = None


def retirement(
    where: str,
    cases: Sequence[Case],
    evidence: Sequence[Evidence],
    *,
    metrics: Sequence[str] = (),
    lower: Collection[str] = (),
    at_most: float,
    confidence: float,
    min_systems: int,
    keep: Collection[str] = (),
) -> Retirement:
    """Cases on which every metric had one value, the best or the worst, in all trials of all systems.

    Proposed are those where the one-sided Clopper-Pearson bound (1934) of the chance that a trial differs is at most
    `at_most` at `confidence`, on `min_systems` systems or more; never those about safety, nor with a tag, slice or
    `slice=value` of `keep`. A trial without a score is one of the worst. Without `metrics`: all with scores of 0 and 1
    only that measure no time, tokens or money; of those in `lower` 0 is the best. Raises
    InputError where nothing can be judged.
    """
    _check(at_most, confidence, min_systems)
    chosen = _metrics(evidence, metrics)
    known = {case.id: case for case in cases}
    seen, stale = _seen(evidence, chosen, known, set(lower))
    systems = sorted({one.system for one in evidence})
    if len(systems) < min_systems:
        raise InputError(
            f"{counted(len(systems), 'system')}: to say that none distinguishes a case takes {min_systems} or more"
        )
    calls = {case_id: len(one.trials) / len({(s, o) for s, o, _ in one.trials}) for case_id, one in seen.items()}
    total = sum(calls.get(case.id, 1.0) for case in cases)
    proposed, guarded, like_these = [], [], 0
    for case in cases:
        found = _always(case.id, seen.get(case.id), chosen, calls.get(case.id, 1.0) / total, 1 - confidence)
        if found is None:
            continue
        if found.upper > at_most or found.n_systems < min_systems:
            like_these += 1
        elif is_guarded(case, keep):
            guarded.append(case.id)
        else:
            proposed.append(found)
    gone = {one.case_id for one in proposed}
    left = [case for case in cases if case.id not in gone]
    result = Retirement(
        dataset=where,
        metrics=chosen,
        systems=tuple(systems),
        confidence=confidence,
        at_most=at_most,
        method="Clopper-Pearson",
        n_cases=len(cases),
        n_judged=len(seen),
        proposed=tuple(sorted(proposed, key=lambda one: (one.always, -one.share_of_calls, one.case_id))),
        like_these=like_these,
        trials_needed=trials_needed(at_most, confidence),
        guarded=tuple(guarded),
        stale=stale,
        share_saved=min(1.0, sum(one.share_of_calls for one in proposed)),
        n_clusters=len({group_of(case) for case in cases}),
        n_clusters_left=len({group_of(case) for case in left}),
    )
    return result.model_copy(update={"warnings": tuple(_warnings(result))})


def trials_needed(at_most: float, confidence: float) -> int:
    """Trials, all the same, from which on the bound is at most `at_most`: the rule of three, exactly."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-at_most) - 1e-9)


def is_guarded(case: Case, keep: Collection[str] = ()) -> bool:
    """Whether a case is about safety, by its tags and slices, or is to be kept by name."""
    words = {*case.tags, *case.slices, *case.slices.values()}
    pairs = {f"{name}={value}" for name, value in case.slices.items()}
    plain = {word.casefold().replace("-", "_").replace(" ", "_") for word in words}
    plain |= {part for word in plain for part in word.split("_")}
    resists = case.scenario is not None and bool(case.scenario.resists)
    return resists or bool(plain & _SAFETY) or bool((words | pairs) & set(keep))


def _check(at_most: float, confidence: float, min_systems: int) -> None:
    if not 0 < at_most < 1:
        raise InputError(f"--at-most: expected a rate between 0 and 1, found {at_most:g}")
    if not 0.5 <= confidence < 1:
        raise InputError(f"--confidence: expected 0.5 to 1, found {confidence:g}")
    if min_systems < 2:
        raise InputError(
            f"--systems: one system cannot tell whether systems differ; expected 2 or more, found {min_systems}"
        )


def _metrics(evidence: Sequence[Evidence], asked: Sequence[str]) -> tuple[str, ...]:
    values: dict[str, set[float]] = {}
    for one in evidence:
        table = one.table
        for code, name in enumerate(table.metrics):
            rows = table.score[(table.metric.codes == code) & np.isfinite(table.score)]
            values.setdefault(name, set()).update(np.unique(rows).tolist())
    for metric in asked:
        if metric not in values:
            raise InputError(f"--metric: no scores of {metric!r}; there are {', '.join(sorted(values)) or 'none'}")
        if not values[metric] <= {0.0, 1.0}:
            raise InputError(
                f"--metric: {metric!r} has other scores than 0 and 1: whether a case tells systems apart "
                "by them depends on the noise, which always-the-same does not measure"
            )
    chosen = tuple(asked) or tuple(sorted(m for m, v in values.items() if v <= {0.0, 1.0} and m not in MEASURED))
    if not chosen:
        raise InputError("no metric has scores of 0 and 1 only: nothing says whether a trial passed")
    return chosen


def _seen(
    evidence: Sequence[Evidence], metrics: Sequence[str], known: Mapping[str, Case], lower: Collection[str]
) -> tuple[dict[str, _Seen], int]:
    seen: dict[str, _Seen] = {}
    stale: set[tuple[str, str]] = set()
    for one in evidence:
        table = one.table
        cases, names = table.case.decode(), table.metric.decode()
        for row in range(len(table)):
            case_id, metric = cases[row] or "", names[row] or ""
            if case_id not in known or metric not in metrics:
                continue
            if one.asked is not None and not _same_question(known[case_id], one.asked.get(case_id)):
                stale.add((one.origin, case_id))
                continue
            entry = seen.setdefault(case_id, _Seen())
            score = float(table.score[row])
            failed = table.error.codes[row] >= 0 or not math.isfinite(score)
            good = not failed and score == (0.0 if metric in lower else 1.0)
            entry.values.setdefault(metric, set()).add(good)
            entry.systems.add(one.system)
            entry.trials.add((one.system, one.origin, int(table.trial[row])))
    if not seen:
        raise InputError("none of these scores is of a case of the dataset as it is now")
    return seen, len(stale)


def _same_question(now: Case, then: Case | None) -> bool:
    return then is not None and (now.input, now.expect, now.scenario) == (then.input, then.expect, then.scenario)


def _always(
    case_id: str, seen: _Seen | None, metrics: Sequence[str], share: float, alpha: float
) -> Undistinguished | None:
    """None where the case tells systems apart, or was not seen on every metric."""
    if seen is None or set(seen.values) != set(metrics) or any(len(values) > 1 for values in seen.values.values()):
        return None
    passed = all(values == {True} for values in seen.values.values())
    return Undistinguished(
        case_id=case_id,
        always="pass" if passed else "fail",
        n_systems=len(seen.systems),
        n_trials=len(seen.trials),
        upper=clopper_pearson(0, len(seen.trials)).upper(alpha),
        upper_systems=clopper_pearson(0, len(seen.systems)).upper(alpha),
        share_of_calls=share,
    )


def _warnings(found: Retirement) -> list[str]:
    if not found.proposed:
        return []
    warnings = []
    if any(one.always == "pass" for one in found.proposed):
        warnings.append(
            "a case that always passes still guards against regressions: keep those whose failure would be costly, or "
            "run the retired ones now and then"
        )
    if any(one.always == "fail" for one in found.proposed):
        warnings.append("a case that always fails may have a wrong expectation: look at it before it goes")
    warnings.append(
        f"without them a drop of the mean looks {found.margin_factor:.2f} times as large: a margin of 0.02 on the rest "
        f"is one of {0.02 / found.margin_factor:.4f} on all; set the policy's margins anew"
    )
    left = found.n_cases - len(found.proposed)
    if left < MIN_CASES or found.n_clusters_left < MIN_CLUSTERS:
        warnings.append(
            f"{left} cases in {found.n_clusters_left} clusters would be left: a gate on fewer than {MIN_CASES} cases "
            f"or {MIN_CLUSTERS} clusters is inconclusive"
        )
    return warnings
