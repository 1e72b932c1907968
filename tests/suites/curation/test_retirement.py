"""Retirement: figures against scipy, what is never proposed, and how often a case that does tell is proposed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from evalplat.errors import InputError
from evalplat.records import Case, Column, Expectation, ScoreTable
from evalplat.suites.curation import Evidence, is_guarded, retirement, trials_needed

Rows = Sequence[tuple[str, int, str, float | None]]


def table(system: str, rows: Rows) -> ScoreTable:
    """Case, trial, metric, score; None is a failed trial."""
    return ScoreTable(
        system=Column.of([system] * len(rows)),
        case=Column.of([row[0] for row in rows]),
        metric=Column.of([row[2] for row in rows]),
        trial=np.array([row[1] for row in rows], dtype=np.int32),
        score=np.array([np.nan if row[3] is None else row[3] for row in rows]),
        error=Column.of(["ToolFailed: x" if row[3] is None else None for row in rows]),
    )


def evidence(system: str, rows: Rows, **options) -> Evidence:
    return Evidence(system=system, origin=system, table=table(system, rows), **options)


def trials(case: str, n: int, score: float | None, metric: str = "ok") -> list[tuple[str, int, str, float | None]]:
    return [(case, trial, metric, score) for trial in range(n)]


CASES = [Case(id=name, input=f"question {name}", cluster=name[0]) for name in ("a1", "a2", "b1", "b2", "c1")]
V1 = [*trials("a1", 15, 1), *trials("a2", 15, 0), *trials("b1", 15, 1), *trials("b2", 2, 1), *trials("c1", 14, 1)]
V2 = [*trials("a1", 15, 1), *trials("a2", 15, None), *trials("b1", 15, 0), *trials("b2", 2, 1), *trials("c1", 14, 1)]


def retire(cases=CASES, given=None, **options):
    given = given or [evidence("v1", V1), evidence("v2", [*V2, ("c1", 14, "ok", 0.0)])]
    return retirement("d", cases, given, **{"at_most": 0.1, "confidence": 0.95, "min_systems": 2, **options})


def test_always_passed_and_always_failed_with_the_exact_bound():
    found = retire()
    assert [(one.case_id, one.always, one.n_systems, one.n_trials) for one in found.proposed] == [
        ("a2", "fail", 2, 30),
        ("a1", "pass", 2, 30),
    ]
    exact = stats.binomtest(0, 30).proportion_ci(confidence_level=0.9, method="exact").high
    assert found.proposed[0].upper == pytest.approx(exact)
    assert found.proposed[0].upper_systems == pytest.approx(1 - 0.05**0.5)
    # b1 differs between systems, c1 in one of 29 trials, b2 has 4 trials
    assert found.like_these == 1
    assert found.trials_needed == 29
    assert found.share_saved == pytest.approx(30 / (15 + 15 + 15 + 2 + 14.5))
    assert (found.n_clusters, found.n_clusters_left) == (3, 2)
    assert found.margin_factor == pytest.approx(5 / 3)
    assert [warning.split(":")[0][:30] for warning in found.warnings] == [
        "a case that always passes stil",
        "a case that always fails may h",
        "without them a drop of the mea",
        "3 cases in 2 clusters would be",
    ]


@pytest.mark.parametrize(("at_most", "confidence"), [(0.1, 0.95), (0.05, 0.95), (0.2, 0.9), (0.5, 0.5)])
def test_the_trials_that_a_bound_takes(at_most: float, confidence: float):
    n = trials_needed(at_most, confidence)
    bound = [stats.beta.ppf(confidence, 1, count) for count in (n, n - 1) if count]
    assert bound[0] <= at_most + 1e-12
    assert all(value > at_most for value in bound[1:])


@pytest.mark.parametrize(
    ("fields", "guarded"),
    [
        ({"tags": ("safety",)}, True),
        ({"slices": {"risk": "prompt injection"}}, True),
        ({"slices": {"red-team": "x"}}, True),
        ({"tags": ("PII",)}, True),
        ({"tags": ("unsafe-driving",)}, False),
        ({"slices": {"topic": "shipping"}}, False),
        ({"slices": {"topic": "refunds"}}, True),
        ({"tags": ("vip",)}, True),
    ],
)
def test_safety_and_what_is_to_be_kept_are_never_proposed(fields, guarded):
    keep = ("topic=refunds", "vip")
    case = Case(id="a1", input="x", **fields)
    assert is_guarded(case, keep) is guarded
    found = retire([case, *CASES[1:]], keep=keep)
    assert ("a1" in found.guarded) is guarded
    assert ("a1" in {one.case_id for one in found.proposed}) is not guarded


def test_every_metric_counts_and_lower_may_be_better():
    rows = [*trials("a1", 15, 1), *trials("a1", 15, 0, "leaked"), *trials("a2", 15, 1), *trials("a2", 15, 1, "leaked")]
    given = [evidence("v1", rows), evidence("v2", rows)]
    found = retire(given=given)
    assert {one.case_id: one.always for one in found.proposed} == {"a1": "fail", "a2": "pass"}
    found = retire(given=given, lower=["leaked"])
    assert {one.case_id: one.always for one in found.proposed} == {"a1": "pass", "a2": "fail"}
    assert [one.case_id for one in retire(given=given, metrics=["ok"]).proposed] == ["a1", "a2"]
    differs = [*rows[:-1], ("a2", 14, "leaked", 0.0)]
    found = retire(given=[evidence("v1", rows), evidence("v2", differs)])
    assert [one.case_id for one in found.proposed] == ["a1"]


def test_scores_of_another_question_are_none():
    then = {case.id: case for case in CASES}
    then["a1"] = then["a1"].model_copy(update={"expect": Expectation(answers=("old",))})
    then["a2"] = then["a2"].model_copy(update={"weight": 2.0, "tags": ("new",)})
    given = [evidence("v1", V1, asked=then), evidence("v2", V2, asked=then)]
    found = retire(given=given)
    assert [one.case_id for one in found.proposed] == ["a2"]
    assert found.stale == 2


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(InputError, match="1 system: to say that none distinguishes"):
        retire(given=[evidence("v1", V1)])
    with pytest.raises(InputError, match="no metric has scores of 0 and 1 only"):
        retire(given=[evidence("v1", trials("a1", 2, 0.5)), evidence("v2", trials("a1", 2, 1))])
    with pytest.raises(InputError, match="--metric: 'ok' has other scores"):
        retire(given=[evidence("v1", trials("a1", 2, 0.5))], metrics=["ok"])
    with pytest.raises(InputError, match="none of these scores is of a case of the dataset"):
        retire(given=[evidence("v1", trials("z", 2, 1)), evidence("v2", trials("z", 2, 1))])
    for option in ({"at_most": 1.0}, {"confidence": 1.0}, {"min_systems": 1}):
        with pytest.raises(InputError, match="--"):
            retire(**option)


def test_a_case_that_fails_once_in_ten_trials_is_proposed_at_most_once_in_twenty():
    # The bound's own promise: with a true rate of 0.1, the chance of a proposal is at most 1 - 0.95.
    rng = np.random.default_rng(11)
    many = [Case(id=f"k{at}", input=f"q {at}") for at in range(2000)]
    score = (rng.random((2000, 30)) >= 0.1).astype(float)
    given = [
        evidence(name, [(case.id, t, "ok", score[at, t + start]) for at, case in enumerate(many) for t in range(15)])
        for name, start in (("v1", 0), ("v2", 15))
    ]
    proposed = len(retire(many, given).proposed)
    assert proposed / 2000 == pytest.approx(0.9**30, abs=4 * (0.042 * 0.958 / 2000) ** 0.5)
    assert proposed / 2000 < 0.065
