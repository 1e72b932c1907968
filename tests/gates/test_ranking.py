"""Several systems against each other: which differences are called real, and how often wrongly."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evalplat.errors import GateUndecidable
from evalplat.gates import compare, rank
from evalplat.gates.letters import letters
from evalplat.records import Column, GatePolicy, MetricRule, Ranking, ScoreTable

POLICY = GatePolicy(metrics=(MetricRule(metric="m", margin=0.02),))


def table_of(
    systems: dict[str, npt.NDArray[np.float64]], *, clusters: object = None, failed: set[tuple[str, int]] | None = None
) -> ScoreTable:
    """Scores (cases,) by system; NaN is a case that it lacks."""
    rows = [(name, i, value) for name, values in systems.items() for i, value in enumerate(values) if value == value]
    groups = None if clusters is None else [f"g{np.asarray(clusters)[i]}" for _, i, _ in rows]
    return ScoreTable(
        system=Column.of([name for name, _, _ in rows]),
        case=Column.of([f"c{i}" for _, i, _ in rows]),
        metric=Column.of(["m"] * len(rows)),
        trial=np.zeros(len(rows), dtype=np.int32),
        score=np.array([value for _, _, value in rows]),
        error=Column.of(["Timeout" if (name, i) in (failed or set()) else None for name, i, _ in rows]),
        cluster=None if groups is None else Column.of(groups),
    )


def draws(rates: dict[str, float], n: int, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    hard = rng.random(n)
    return {name: (0.6 * hard + 0.4 * rng.random(n) < rate).astype(float) for name, rate in rates.items()}


def ranked(table: ScoreTable, policy: GatePolicy = POLICY, **how: object) -> Ranking:
    names = [name for name in table.systems if name != "old"]
    return rank(table, policy, baseline="old", candidates=names, **how)  # type: ignore[arg-type]


def test_what_is_clearly_apart_is_told_apart_and_the_rest_is_not():
    found = ranked(table_of(draws({"old": 0.5, "a": 0.8, "b": 0.79, "c": 0.2, "d": 0.51}, 400, 3)))
    assert found.systems[-1].system == "c"
    assert set(found.best) == {"a", "b"}
    assert found.systems[0].better_than == tuple(one.system for one in found.systems[2:])
    assert (found.systems[0].first, found.systems[0].last) == (1, 2)
    assert (found.systems[-1].first, found.systems[-1].last) == (5, 5)
    assert found.sentences[0].startswith(("a and b cannot", "b and a cannot"))
    assert "are better than" in found.sentences[1]
    assert len(found.pairs) == 10


def test_holm_over_the_pairs_is_statsmodels_holm_over_the_gates_own_p_values():
    table = table_of(draws({"old": 0.5, "a": 0.6, "b": 0.55, "c": 0.45}, 300, 5))
    found = ranked(table)
    rule = MetricRule(metric="m", rule="superiority")
    p = [
        compare(table, GatePolicy(metrics=(rule,)), baseline=one.behind, candidate=one.ahead).metrics[0].p_value
        for one in found.pairs
    ]
    real, adjusted, _, _ = multipletests(p, alpha=0.05, method="holm")
    assert [one.p_adjusted for one in found.pairs] == pytest.approx(list(adjusted))
    assert [one.real for one in found.pairs] == list(real)


def test_intervals_hold_together_so_each_is_at_one_minus_alpha_over_the_pairs():
    found = ranked(table_of(draws({"old": 0.5, "a": 0.6, "b": 0.55, "c": 0.45}, 300, 5)))
    assert [one.comparison.confidence for one in found.pairs] == pytest.approx([1 - 0.05 / 6] * 6)


def test_a_few_cases_that_differ_are_no_real_difference_however_small_the_p_value():
    """Four changed clusters of 40: t says .04, a sign-flip test cannot say less than 1/8."""
    base = np.tile([0.2, 0.4, 0.6, 0.8], 40)
    one = base.copy()
    one[:16] += 0.2
    found = ranked(table_of({"old": base, "a": one}, clusters=np.repeat(np.arange(40), 4)))
    assert found.pairs[0].comparison.p_value < 0.05
    assert found.pairs[0].p_adjusted == 0.125
    assert not found.pairs[0].real


def test_a_failed_trial_is_the_worst_score_whoever_has_it():
    values = {"old": np.ones(60), "a": np.ones(60)}
    for failing, other in (("old", "a"), ("a", "old")):
        found = ranked(table_of(values, failed={(failing, i) for i in range(12)}))
        assert (found.pairs[0].ahead, found.pairs[0].real) == (other, True)
        assert found.pairs[0].comparison.difference == pytest.approx(0.2)
        assert next(one for one in found.systems if one.system == failing).n_failures == 12


def test_a_case_that_a_system_lacks_is_failed_up_to_a_limit_and_can_be_left_out():
    a = np.ones(100)
    a[:2] = np.nan
    found = ranked(table_of({"old": np.ones(100), "a": a}))
    assert found.pairs[0].comparison.difference == pytest.approx(0.02)
    a[:30] = np.nan
    found = ranked(table_of({"old": np.zeros(100), "a": a}))
    assert not found.pairs[0].real and "lacks 30 of the 100 cases" in (found.pairs[0].comparison.unusable or "")
    assert ranked(table_of({"old": np.zeros(100), "a": a}), lacking="intersect").pairs[0].real
    assert ranked(table_of({"old": np.zeros(100), "a": a}), lacking="failed").pairs[0].comparison.n_cases == 100


def test_lower_is_better_and_ratios_are_turned():
    rng = np.random.default_rng(2)
    base = rng.lognormal(0, 0.3, 200)
    table = table_of({"old": base, "dear": base * 1.5, "cheap": base * 0.7})
    for statistic in ("mean", "ratio", "p50"):
        rule = MetricRule(metric="m", statistic=statistic, direction="lower", margin=0.05)
        found = ranked(table, GatePolicy(metrics=(rule,)))
        assert [one.system for one in found.systems] == ["cheap", "old", "dear"]
        assert found.systems[0].better_than == ("old", "dear")
        assert found.sentences == ("cheap is better than both others.", "old is better than dear.")


def test_another_metric_of_the_policy_may_rank_and_one_that_is_not_there_is_refused():
    other = MetricRule(metric="n", margin=0.1)
    policy = GatePolicy(metrics=(other, *POLICY.metrics))
    table = table_of(draws({"old": 0.5, "a": 0.9}, 100, 1))
    assert ranked(table, policy, by="m").metric == "m"
    with pytest.raises(GateUndecidable, match="rank by is not in the policy; there are: n, m"):
        ranked(table, policy, by="x")
    with pytest.raises(GateUndecidable):
        ranked(table, policy)
    with pytest.raises(ValueError, match="each but once"):
        rank(table, POLICY, baseline="a", candidates=["a"])


@given(st.integers(2, 7), st.sets(st.integers(0, 20), max_size=21))
def test_two_names_share_a_letter_exactly_where_they_are_not_told_apart(n: int, chosen: set[int]):
    names = [f"s{i}" for i in range(n)]
    pairs = list(combinations(names, 2))
    different = {frozenset(pairs[i]) for i in chosen if i < len(pairs)}
    found = letters(names, different)
    for one, other in pairs:
        assert bool(set(found[one]) & set(found[other])) == (frozenset((one, other)) not in different)


def test_letters_of_piepho_2004():
    """Example of the paper's method: eight treatments in a chain of overlaps begin with the best."""
    names = ["t1", "t2", "t3", "t4"]
    assert letters(names, {frozenset(("t1", "t4")), frozenset(("t1", "t3"))}) == {
        "t1": "a",
        "t2": "ab",
        "t3": "b",
        "t4": "b",
    }


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.permutations(["a", "b", "c", "d"]))
def test_places_follow_from_the_pairs_and_the_order_of_names_changes_nothing(seed: int, names: list[str]):
    rates = dict(zip(["a", "b", "c", "d"], np.random.default_rng(seed).uniform(0.3, 0.8, 4), strict=True))
    table = table_of(draws({"old": 0.5, **rates}, 80, seed))
    found = rank(table, POLICY, baseline="old", candidates=names)
    same = rank(table, POLICY, baseline="old", candidates=sorted(names))
    assert {(one.system, one.first, one.last) for one in found.systems} == {
        (one.system, one.first, one.last) for one in same.systems
    }
    for one in found.systems:
        assert one.first == 1 + len(one.worse_than) and one.last == 5 - len(one.better_than)
        assert one.first <= one.last
    for pair in found.pairs:
        assert found.pair(pair.behind, pair.ahead) is pair
        ahead = next(one for one in found.systems if one.system == pair.ahead)
        assert (pair.behind in ahead.better_than) == pair.real


def wrongly(n_draws: int, seed: int, n: int, clusters: int | None, equal: int, worse: int, level: float) -> float:
    """How often a difference is called real among systems that are equally good, some others being worse."""
    rng = np.random.default_rng(seed)
    groups = None if clusters is None else np.repeat(np.arange(clusters), n // clusters)
    wrong = 0
    for _ in range(n_draws):
        hard = rng.normal(0, 0.5, n)
        values = {}
        for k in range(equal + worse):
            skill = hard if groups is None else hard + rng.normal(0, 0.4, clusters)[groups]
            at = np.quantile(hard, level) - (0.45 if k >= equal else 0.0)
            values["old" if k == 0 else f"s{k}"] = (skill + rng.normal(0, 0.7, n) < at).astype(float)
        found = ranked(table_of(values, clusters=groups))
        same = {"old", *(f"s{k}" for k in range(1, equal))}
        wrong += any(one.real and {one.ahead, one.behind} <= same for one in found.pairs)
    return wrong / n_draws


def test_among_equally_good_systems_a_difference_is_rarely_called_real():
    # 10 expected of 200 at most, 21 has a chance below .001.
    assert wrongly(200, 1, 100, None, 5, 0, 0.7) <= 20 / 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "clusters", "equal", "worse", "level"),
    [
        (100, None, 6, 0, 0.7),
        (300, None, 6, 0, 0.9),
        (300, 30, 6, 0, 0.7),
        (300, 15, 6, 0, 0.7),
        (200, None, 4, 2, 0.7),
    ],
)
def test_familywise_error_over_two_thousand_draws(
    n: int, clusters: int | None, equal: int, worse: int, level: float, capsys: pytest.CaptureFixture[str]
):
    share = wrongly(2000, n + (clusters or 0) + equal, n, clusters, equal, worse, level)
    with capsys.disabled():
        print(f"\n{n} cases, {clusters or 'no'} clusters, {equal} equal, {worse} worse, at {level}: {share:.4f} wrong")
    # .05 and three Monte Carlo standard errors.
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
